"""BPR, WARP and logistic matrix factorization: what they share, and what each promises."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import shops
from regulars.core import Allowed, Dataset, Progress, Queries, Run
from regulars.core.errors import EmptyData, Interrupted, MissingColumn
from regulars.models.bpr import BPR
from regulars.models.logistic_mf import LogisticMF
from regulars.models.warp import WARP

SHOP = shops.communities()
METHODS = (BPR, WARP, LogisticMF)
COLORS = ("red", "green", "blue", "white")


def described() -> Dataset:
    """The planted shop; items have the color of their community, item 40 (that nobody met) is green, item 3 unknown.

    Customers have a card of the community that they bought most of.
    """
    colors = [COLORS[item // 10] for item in range(40)] + ["green"]
    colors[3] = None
    most = [np.bincount(SHOP.data.item[SHOP.data.user == user] // 10).argmax() for user in range(SHOP.data.n_users)]
    return replace(
        SHOP.data,
        item_features=pl.DataFrame({"color": colors, "size": [1.0, 2.0] * 20 + [1.0]}),
        user_features=pl.DataFrame({"card": [f"card of {COLORS[at]}" for at in most]}),
    )


@pytest.mark.parametrize("method", METHODS)
def test_the_number_of_threads_does_not_change_a_bit(method):
    settings = method(factors=8, epochs=5, item_features=("color",), user_features=("all",))
    alone, together = (settings.fit(described(), Run(threads=threads)) for threads in (1, 3))
    np.testing.assert_array_equal(alone.item_vectors, together.item_vectors)
    np.testing.assert_array_equal(alone.encode(described().everyone()), together.encode(described().everyone()))


@pytest.mark.parametrize("method", METHODS)
def test_a_stranger_gets_what_a_customer_with_the_same_history_gets(method):
    model = method(factors=8, epochs=3).fit(SHOP.data)
    strangers = Queries.of(SHOP.queries.history, times=SHOP.queries.times)
    np.testing.assert_array_equal(model.encode(strangers), model.encode(SHOP.queries))


@pytest.mark.parametrize("method", METHODS)
def test_an_item_without_events_is_answered_by_its_features_and_by_nothing_else(method):
    plain, featured = method(factors=8).fit(described()), method(factors=8, item_features=("color",)).fit(described())
    assert np.isnan(plain.item_vectors[40]).all()
    assert not np.isnan(featured.item_vectors).any()
    cold = featured.score(Queries.of([[10, 11, 12], [0, 1, 2], [30, 31, 32]]), np.array([40], dtype=np.int32))[:, 0]
    assert cold.argmax() == 0
    alike = featured.similar_items(np.array([40], dtype=np.int32), 5).items[0]
    assert (alike // 10 == 1).mean() >= 0.8


def test_an_item_without_features_keeps_its_own_vector():
    model = BPR(factors=8, item_features=("color",)).fit(described())
    alike = model.similar_items(np.array([3], dtype=np.int32), 5).items[0]
    assert (alike // 10 == 0).mean() >= 0.6


@pytest.mark.parametrize("method", METHODS)
def test_a_stranger_with_attributes_is_answered_when_they_were_learned(method):
    asked = Queries.of([[], []], times=shops.START, attributes=pl.DataFrame({"card": ["card of blue", None]}))
    plain, knowing = method(factors=8).fit(described()), method(factors=8, user_features=("card",)).fit(described())
    assert np.isnan(plain.score(asked)).all()
    scores = knowing.score(asked)
    assert np.isnan(scores[1]).all()
    assert scores[0, :40].reshape(4, 10).mean(axis=1).argmax() == 2


def test_features_that_the_shop_lacks_are_named():
    with pytest.raises(
        MissingColumn, match=r"item_features names \['brand'\]; the table of items has \['color', 'size'\]"
    ):
        BPR(item_features=("brand",)).fit(described())
    with pytest.raises(MissingColumn, match="the table of users has none"):
        WARP(user_features=("all",)).fit(SHOP.data)


@pytest.mark.parametrize("method", METHODS)
def test_without_positive_events_there_is_nothing_to_learn(method):
    returned = replace(SHOP.data, weight=-np.ones_like(SHOP.data.weight))
    with pytest.raises(EmptyData, match="no event weighs more than 0"):
        method().fit(returned)


def test_customers_of_one_item_teach_what_is_popular():
    bought = pl.DataFrame({"user_id": range(30), "item_id": [0] * 20 + [1] * 7 + [2] * 3})
    model = BPR(factors=4, hardness=0.0).fit(Dataset.of(bought))
    assert model.score(Queries.of([[2]]))[0].argmax() == 0


@pytest.mark.parametrize(
    "settings", [WARP(factors=8), WARP(factors=8, epochs=100, kos=5), BPR(factors=8, hardness=0.0)]
)
def test_the_withheld_item_is_found(settings):
    answer = settings.fit(SHOP.data).recommend(SHOP.queries, 3, Allowed.all_but(SHOP.queries.history))
    assert (answer.items == SHOP.wanted[:, np.newaxis]).any(axis=1).mean() > 0.85


def test_what_weighs_more_is_learned_more():
    """Two items of the same customers; the louder one comes first."""
    bought = pl.DataFrame(
        {"user_id": [*range(20)] * 2, "item_id": [0] * 20 + [1] * 20, "weight": [1.0] * 20 + [9.0] * 20}
    )
    other = pl.DataFrame({"user_id": range(20, 40), "item_id": [2] * 20, "weight": [1.0] * 20})
    model = BPR(factors=4, hardness=0.0, rule="count").fit(Dataset.of(pl.concat([bought, other])))
    scores = model.score(Queries.of([[2]]))[0]
    assert scores[1] > scores[0]


def test_every_epoch_is_told_and_can_be_the_last():
    told = []

    def watch(progress: Progress) -> None:
        told.append((progress.task, progress.done, progress.total))
        if progress.done == 2:
            raise Interrupted("enough")

    with pytest.raises(Interrupted):
        LogisticMF(factors=8, epochs=5).fit(SHOP.data, Run(on_epoch=watch))
    assert told == [("logistic_mf", 1, 5), ("logistic_mf", 2, 5)]
