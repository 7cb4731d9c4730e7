"""Boosted trees over the pairs: they learn from what was before, and find more than one number can say."""

import numpy as np
import polars as pl
import pytest

from marketing.repurchase.renewals import MONDAY, renewals
from regulars.core import DAY, Dataset
from regulars.marketing.repurchase import Frequency, Hazard, RepurchaseTrees, bought_within, pairs_of
from regulars.marketing.repurchase.columns import PairReader

pytest.importorskip("lightgbm")
SMALL = {"trees": 40, "leaves": 7, "least": 20, "moments": 2}


@pytest.fixture(scope="module")
def shop():
    return renewals(customers=200, days=420)[0]


def loss(said, happened):
    chances = np.clip(said, 1e-6, 1 - 1e-6)
    return float(-np.where(happened, np.log(chances), np.log1p(-chances)).mean())


def test_trees_say_more_than_frequency(shop):
    moment = MONDAY + 364 * DAY
    before, pairs = shop.before(moment), pairs_of(shop, moment)
    happened = bought_within(shop, pairs, (1, 2, 4))
    trees = RepurchaseTrees(of=(Frequency(),), **SMALL).fit(before).probabilities(pairs)
    assert loss(trees, happened) < loss(Frequency().fit(before).probabilities(pairs), happened) - 0.03
    assert (np.diff(trees, axis=1) >= 0).all()
    assert trees.mean(axis=0) == pytest.approx(happened.mean(axis=0), abs=0.05)


def test_what_the_trees_read_was_fitted_before_what_they_learn(shop):
    seen = []

    class Spy:
        def fit(self, data, run=None):
            seen.append(int(data.time.max()))
            return Frequency().fit(data)

    RepurchaseTrees(of=(Spy(),), **SMALL).fit(shop)
    end = int(shop.time.max()) + 1
    assert seen[0] < end - 28 * DAY
    assert seen[1] < end - 56 * DAY
    assert seen[2] == end - 1


def test_trees_begin_where_the_last_model_ends(shop):
    pairs, end = pairs_of(shop), Hazard().fit(shop)
    small = RepurchaseTrees(of=(Frequency(), Hazard()), trees=1, rate=1e-3, least=20).fit(shop)
    assert np.allclose(small.probabilities(pairs), end.probabilities(pairs), atol=2e-3)


def test_trees_alone_begin_at_what_is_usual(shop):
    moment = MONDAY + 392 * DAY
    pairs = pairs_of(shop, moment)
    said = RepurchaseTrees(of=(), **SMALL).fit(shop.before(moment)).probabilities(pairs, (2,))[:, 0]
    assert said.mean() == pytest.approx(bought_within(shop, pairs, (2,)).mean(), abs=0.05)


def test_the_columns_of_a_pair_do_not_depend_on_who_else_is_asked(shop):
    reader, model = PairReader.of(shop), Hazard().fit(shop)
    whole = pairs_of(shop)
    names, table = reader.read(whole, (model,))
    _, part = reader.read(whole.of_rows(20, 50), (model,))
    own = (whole.row >= 20) & (whole.row < 50)
    assert len(names) == table.shape[1]
    assert len(set(names)) == len(names)
    assert np.allclose(part, table[own], atol=1e-5)
    assert np.isfinite(table).all()


def test_visits_since_are_counted(shop):
    events = pl.DataFrame(
        {
            "user_id": ["a"] * 6,
            "item_id": ["tea", "soap", "tea", "rice", "rice", "rice"],
            "time": [MONDAY + day * DAY for day in (0, 2, 5, 7, 7, 9)],
        }
    )
    data = Dataset.of(events)
    names, table = PairReader.of(data).read(pairs_of(data, MONDAY + 10 * DAY), ())
    told = dict(
        zip(
            data.items.names(pairs_of(data, MONDAY + 10 * DAY).items),
            table[:, names.index("visits since")],
            strict=True,
        )
    )
    assert told == {"tea": 2, "soap": 3, "rice": 0}


def test_the_same_seed_gives_the_same_trees(shop):
    pairs = pairs_of(shop)
    first, second = (RepurchaseTrees(of=(Frequency(),), **SMALL).fit(shop).probabilities(pairs) for _ in range(2))
    assert np.array_equal(first, second)
