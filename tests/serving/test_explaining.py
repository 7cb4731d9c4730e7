"""Explanations: what is named as the reason is one, and is told in words."""

import pytest

from regulars.core import DAY
from regulars.serving.questions import Done, Line
from serving.shopping import NOW, Small

CUSTOMERS = ("c1", "c2", "c3", "c4", "c5", "c6")


def past(shop: Small, customer: str) -> tuple[Done, ...]:
    found = shop.store.events.pasts([customer], before=NOW)[0]
    return tuple(Done(did.item_id, did.kind, did.time) for did in found)


def without(history: tuple[Done, ...], *items: str) -> tuple[Done, ...]:
    return tuple(done for done in history if done.item_id not in items)


def scored(shop: Small, scenario: str, history: tuple[Done, ...], item: str) -> Line:
    return shop.ask(scenario, history=history, items=(item,), at=NOW).lines[0]


@pytest.mark.parametrize("scenario", ["knn", "als", "ease"])
def test_without_its_reason_an_item_scores_less(shop: Small, scenario: str):
    told = 0
    for history in map(past, [shop] * 6, CUSTOMERS):
        for line in shop.ask(scenario, history=history, k=10, at=NOW).lines:
            if line.because:
                after = scored(shop, scenario, without(history, line.because[0].item_id), line.item_id)
                assert after.source != line.source or after.score < line.score
                told += 1
    assert told > 40


def test_an_item_of_a_blend_scores_less_with_the_source_that_explains_it(shop: Small):
    told = 0
    for history in map(past, [shop] * 6, CUSTOMERS):
        for line in shop.ask("blend", history=history, k=10, at=NOW).lines:
            before = [scored(shop, name, history, line.item_id) for name in ("knn", "als")]
            explains = [one for one in before if one.because == line.because]
            assert explains
            scenario = {"item_knn": "knn", "als": "als"}[explains[0].source]
            after = scored(shop, scenario, without(history, line.because[0].item_id), line.item_id)
            assert after.source != explains[0].source or after.score < explains[0].score
            told += 1
    assert told == 60


def test_without_the_items_that_have_an_attribute_it_is_no_reason_any_more(shop: Small):
    """The taste of a content model is a mean: one item less may make it purer, so all that show the taste go."""
    told = 0
    brands = dict(zip(shop.data.items.ids, shop.data.item_features["brand"], strict=True))
    for history in map(past, [shop] * 6, CUSTOMERS):
        for line in shop.ask("content", history=history, k=10, at=NOW).lines:
            if line.because and line.because[0].feature.startswith("brand"):
                assert brands[line.item_id] == brands[line.because[0].item_id]
                those = [item for item, brand in brands.items() if brand == brands[line.item_id]]
                after = scored(shop, "content", without(history, *those), line.item_id)
                assert after.source != line.source or after.score < line.score
                assert not any(one.feature == line.because[0].feature for one in after.because)
                told += 1
    assert told > 5


def test_shares_fall_and_reasons_carry_their_names_and_days(shop: Small):
    history = (Done("i12", "purchase", NOW - 30 * DAY), Done("i13", "view", NOW - 2 * DAY))
    for line in shop.ask("knn", history=history, k=3, at=NOW).lines:
        shares = [one.share for one in line.because]
        assert shares == sorted(shares, reverse=True)
        for one in line.because:
            assert one.name == f"Item {one.item_id}"
            assert one.time == {"i12": NOW - 30 * DAY, "i13": NOW - 2 * DAY}[one.item_id]


def test_what_was_only_looked_at_is_no_habit(shop: Small):
    history = tuple(Done("i12", "view", NOW - days * DAY) for days in (30, 20, 10, 1))
    line = shop.ask("recently_viewed", history=history, at=NOW).lines[0]
    assert line.reason == "you looked at it on 13 November 2023"


def test_reasons_of_the_product_page_name_the_product(shop: Small):
    assert shop.ask("similar", basket=("i12",)).lines[0].reason == "similar to Item i12"
    together = [line for line in shop.ask("cart", basket=("i12",), k=5).lines if line.source == "bought_together"]
    assert all(line.reason == "often bought together with Item i12" for line in together)


def test_a_scenario_or_a_question_that_wants_no_reasons_gets_none(shop: Small):
    line = shop.ask("als", customer="c1", explain=False).lines[0]
    assert (line.reason, line.because) == ("", ())
