"""buy_again of a version with a model of repurchases: probability, date and rhythm, from the events of this moment."""

from dataclasses import replace

import numpy as np
import pytest

from regulars.marketing.repurchase import Hazard, Repeats, buy_again
from regulars.serving.live import BUY_AGAIN
from regulars.serving.questions import Done
from serving.shopping import NOW, Small, dataset, small


class Broken:
    """A model that fails."""

    def probabilities(self, pairs, horizons=()):
        raise ValueError("out of order")


@pytest.fixture(scope="module")
def repeats():
    return Repeats.fit(Hazard(rounds=4), dataset(), weeks=3)


@pytest.fixture
def shop(tmp_path, repeats):
    made = small(tmp_path)
    return with_source(made, repeats)


def with_source(made: Small, repeats: Repeats) -> Small:
    deployment = made.shop.deployment
    made.shop = replace(
        made.shop, deployment=replace(deployment, recommenders={**deployment.recommenders, BUY_AGAIN: repeats})
    )
    return made


def test_each_line_has_the_number_of_the_tables(shop, repeats):
    table = buy_again(repeats.model, shop.data, horizon_weeks=3, k=4, at=NOW + 1)
    customer = table["user_id"][0]
    own = table.filter(user_id=customer)
    lines = shop.ask(BUY_AGAIN, customer=customer, at=NOW, k=4).lines
    assert [line.item_id for line in lines] == own["item_id"].to_list()
    assert [line.reason for line in lines] == own["reason"].to_list()
    assert [line.expected.weeks for line in lines] == [3] * len(lines)
    np.testing.assert_allclose([line.expected.probability for line in lines], own["probability"], rtol=1e-5)
    days = [None if day is None else np.datetime64(day, "D").astype(int) for day in own["expected_date"]]
    for line, day in zip(lines, days, strict=True):
        assert (line.expected.day is None) == (day is None)
        assert day is None or abs(line.expected.day - day) <= 1


def test_the_event_of_this_second_counts(shop):
    customer = next(f"c{n}" for n in range(60) if len(shop.ask(BUY_AGAIN, customer=f"c{n}").lines) >= 2)
    item = shop.ask(BUY_AGAIN, customer=customer, at=NOW).lines[-1].item_id
    session = (Done(item, "purchase", NOW),)
    lines = shop.ask(BUY_AGAIN, customer=customer, at=NOW, session=session, k=40).lines
    told = next(line for line in lines if line.item_id == item)
    assert told.reason.endswith("last bought today")


def test_other_sources_foretell_nothing(shop):
    assert all(line.expected is None for line in shop.ask("home", customer="c1").lines)
    strangers = shop.ask(BUY_AGAIN, customer="nobody")
    assert strangers.lines == ()


def test_without_explanations_the_number_is_there_and_the_words_are_not(shop):
    lines = shop.ask(BUY_AGAIN, customer="c1", explain=False).lines
    assert lines
    assert all(line.reason == "" and line.expected.probability > 0 for line in lines)


def test_a_model_that_fails_leaves_the_list_to_the_counts(tmp_path, repeats):
    counted = small(tmp_path).ask(BUY_AGAIN, customer="c1", at=NOW).lines
    broken = with_source(small(tmp_path / "other"), replace(repeats, model=Broken()))
    lines = broken.ask(BUY_AGAIN, customer="c1", at=NOW).lines
    assert [line.item_id for line in lines] == [line.item_id for line in counted]
    assert all(line.expected is None for line in lines)
    assert broken.engine.failures.count
