"""The same history says the same through the tables and through the store: kinds, weights, returns, quantities."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from regulars.cli.answering import Answers, answered
from regulars.core import QUIET, Dataset
from regulars.data import Sources, Table, prepare
from regulars.data.kinds import weights
from regulars.models import ALS, ItemKNN, Personal
from regulars.ranking import Fallback, RankFusion
from regulars.ranking.rules import Catalog
from regulars.serving.counting import Live
from regulars.serving.deployment import Deployment
from regulars.serving.engine import Engine
from regulars.serving.filling import fill
from regulars.serving.questions import Done, Question
from regulars.serving.scenarios import scenarios_of
from regulars.serving.shop import Shop
from regulars.store import open_store

DAY = 86_400
WORDS = ("View", "add-to-cart", "remove_from_cart", "Order", "refund", "rating")


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Carts that are emptied again, orders of several pieces of which some come back, ratings."""
    return logged((0.3, 0.2, 0.1, 0.25, 0.1, 0.05))


def logged(chances: tuple[float, ...]) -> Dataset:
    """chances: of each of WORDS."""
    random, rows = np.random.default_rng(5), []
    for customer in range(40):
        time = 1_700_000_000 + customer
        for _ in range(25):
            time += int(random.integers(60, 4 * DAY))
            word = str(random.choice(WORDS, p=chances))
            item, pieces = int(10 * (customer % 3) + random.integers(12)), int(random.integers(1, 5))
            rating = float(random.integers(1, 6)) if word == "rating" else None
            rows.append((f"c{customer}", f"i{item}", word, time, pieces, rating))
    table = pl.DataFrame(rows, schema=["user_id", "item_id", "event", "time", "quantity", "rating"], orient="row")
    return prepare(Sources(Table(frame=table), time_format="s")).dataset


def test_the_engine_answers_from_the_store_as_the_command_does_from_the_tables(tmp_path: Path, data: Dataset):
    assert {"return", "remove_from_cart", "rating"} <= set(data.kinds)
    store = open_store(f"sqlite:///{tmp_path / 'shop.db'}")
    fill(store, data, weights({}))
    knn, als, personal = ItemKNN().fit(data), ALS(factors=8).fit(data), Personal(half_life_days=30).fit(data)
    blend = RankFusion((personal, als, knn))
    catalog = Catalog.of(pl.DataFrame(), data.items)
    live = Live.of(data, {}).recommenders(catalog, int(data.time.max()))
    made = {"personal": personal, "als": als, "knn": knn, "blend": blend}
    shop = Shop(catalog, Deployment("v1", data.items, made, data.kinds, weights({})), live=live)
    tables = {name: {"sources": (name,)} for name in made}
    engine = Engine(store, lambda: shop, scenarios_of(tables, known=tuple(made)))
    at = int(data.time.max()) + 1
    for name, recommender in made.items():
        ladder = Fallback((recommender, live["popular"]))
        wanted = answered(Answers(ladder, data, (), data.items.ids), np.arange(data.n_users, dtype=np.int32), 10, QUIET)
        questions = [Question(scenario=name, customer=user, at=at) for user in data.users.ids]
        for answer in engine.answer(questions):
            mine = wanted.filter(wanted["user_id"] == answer.question.customer)
            assert [line.item_id for line in answer.lines] == mine["item_id"].to_list()
            np.testing.assert_allclose([line.score for line in answer.lines], mine["score"], rtol=1e-4)
            own = [line.reason for line in answer.lines if line.source == name]
            assert own == mine["reason"].to_list()[: len(own)]
    store.close()


@pytest.mark.parametrize("newest", [1, 7, 20])
def test_the_command_looks_at_as_many_events_as_the_service_where_it_is_told_so(tmp_path: Path, newest: int):
    data = logged((0.4, 0.2, 0.0, 0.35, 0.0, 0.05))  # a return that is cut off from its purchase takes nothing back
    store = open_store(f"sqlite:///{tmp_path / 'shop.db'}")
    fill(store, data, weights({}))
    als = ALS(factors=8).fit(data)
    catalog, at = Catalog.of(pl.DataFrame(), data.items), int(data.time.max()) + 1
    shop = Shop(catalog, Deployment("v1", data.items, {"als": als}, data.kinds, weights({})))
    scenarios = scenarios_of({"als": {"sources": ("als",)}}, known=("als",))
    engine = Engine(store, lambda: shop, scenarios, history=newest)
    wanted = answered(
        Answers(Fallback((als,)), data, (), data.items.ids, newest), np.arange(data.n_users, dtype=np.int32), 5, QUIET
    )
    for answer in engine.answer([Question(scenario="als", customer=user, k=5, at=at) for user in data.users.ids]):
        mine = wanted.filter(wanted["user_id"] == answer.question.customer)
        assert [line.item_id for line in answer.lines] == mine["item_id"].to_list()
        np.testing.assert_allclose([line.score for line in answer.lines], mine["score"], rtol=1e-4)
    whole = answered(
        Answers(Fallback((als,)), data, (), data.items.ids), np.arange(data.n_users, dtype=np.int32), 5, QUIET
    )
    assert not whole["item_id"].equals(wanted["item_id"])
    store.close()


def test_the_words_of_callers_are_read_as_those_of_tables(tmp_path: Path, data: Dataset):
    store = open_store(f"sqlite:///{tmp_path / 'shop.db'}")
    catalog = Catalog.of(pl.DataFrame(), data.items)
    deployment = Deployment("v1", data.items, {"knn": ItemKNN().fit(data)}, data.kinds, weights({}))
    shop = Shop(catalog, deployment, live=Live.of(data, {}).recommenders(catalog, 0))
    engine = Engine(store, lambda: shop, scenarios_of({"knn": {"sources": ("knn",)}}, known=("knn",)))
    told = [(("i3", "purchase"), ("i5", "cart")), (("i3", "Order"), ("i5", "add-to-cart"))]
    left, right = (
        engine.answer([Question(scenario="knn", history=tuple(Done(*one) for one in done))])[0] for done in told
    )
    assert [line.item_id for line in left.lines] == [line.item_id for line in right.lines]
    odd = tuple(Done("i3", f"kind {n}") for n in range(300))
    assert engine.answer([Question(scenario="knn", history=odd)])[0].known
    store.close()
