"""Sums over customers: what stores sell again, foreseen by what was known."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from marketing.repurchase.renewals import MONDAY, bought, renewals
from regulars.core import DAY
from regulars.core.errors import MissingColumn
from regulars.marketing.repurchase import Frequency, Hazard, expected_units, foreseen, pairs_of

MOMENT = MONDAY + 280 * DAY


@pytest.fixture(scope="module")
def shop():
    """Every customer goes to two stores, to the first three times as often."""
    data = renewals(customers=80)[0]
    random = np.random.default_rng(3)
    stores = np.where(random.random(len(data)) < 0.75, data.user % 4, (data.user + 1) % 4)
    context = pl.DataFrame({"store": [f"s{store}" for store in stores], "quantity": np.full(len(data), 2.0)})
    return replace(data, context=context)


@pytest.fixture(scope="module")
def model(shop):
    return Hazard(rounds=6).fit(shop.before(MOMENT))


def test_the_sum_over_stores_is_the_sum_over_customers(shop, model):
    table = expected_units(model, shop, MOMENT, weeks=3, store="store")
    assert table.columns == ["store", "item_id", "week", "buyers", "units"]
    pairs = pairs_of(shop, MOMENT)
    said = np.diff(model.probabilities(pairs, (1, 2, 3)), axis=1, prepend=0)
    for week in (1, 2, 3):
        told = table.filter(week=week).group_by("item_id").agg(pl.col("buyers", "units").sum()).sort("item_id")
        truth = np.bincount(pairs.items, said[:, week - 1])[shop.items.index(told["item_id"])]
        np.testing.assert_allclose(told["buyers"], truth, rtol=1e-4)
        assert (told["units"] > 2 * truth).all()  # two are taken at a time, and by some more than once


def test_without_stores_the_shop_is_one(shop, model):
    whole = expected_units(model, shop, MOMENT)
    parts = expected_units(model, shop, MOMENT, store="store").group_by("item_id").agg(pl.col("buyers").sum())
    assert "store" not in whole.columns
    joined = whole.join(parts, on="item_id", suffix=" of stores")
    assert joined.height == whole.height == 12
    np.testing.assert_allclose(joined["buyers"], joined["buyers of stores"], rtol=1e-4)


def test_a_customer_counts_where_the_visits_are():
    rows = [("a", "milk", day) for day in range(0, 98, 7)]
    data = bought(rows, store=["north"] * 12 + ["south"] * 2)
    told = expected_units(Frequency().fit(data), data, MONDAY + 98 * DAY, store="store")
    shares = dict(zip(told["store"], told["buyers"] / told["buyers"].sum(), strict=True))
    assert shares == pytest.approx({"north": 6 / 7, "south": 1 / 7}, rel=1e-5)


def test_what_is_foreseen_comes_about_as_often(shop):
    """A truth test: over stores and products, units of a week are as many as foreseen, and where they are foreseen."""
    table = foreseen(Hazard(), shop, [MOMENT], weeks=2, store="store")
    sums = []
    for week in (1, 2):
        begin = MOMENT + (week - 1) * 7 * DAY
        later = (shop.time >= begin) & (shop.time < begin + 7 * DAY)
        names = {"store": shop.context["store"].filter(later), "item_id": shop.items.names(shop.item[later])}
        sold = pl.DataFrame(names).group_by("store", "item_id").agg(sold=2.0 * pl.len())
        both = table.filter(week=week).join(sold, on=["store", "item_id"], how="full", coalesce=True).fill_null(0)
        sums.append((both["units"].sum(), both["sold"].sum()))
        assert np.corrcoef(both["units"], both["sold"])[0, 1] > 0.85
    foretold, sold = np.sum(sums, axis=0)
    assert foretold == pytest.approx(sold, rel=0.12)


def test_nothing_foreseen_knows_what_came_after():
    """The leak test: whatever happens after a moment, what is foreseen then stays the same."""
    data = renewals(customers=40)[0]
    moments = [MOMENT, MOMENT + 14 * DAY, MOMENT + 28 * DAY]
    random = np.random.default_rng(0)
    for cut in (0, 1, 2):
        later = data.time >= moments[cut]
        changed = replace(data, item=np.where(later, random.permutation(data.item), data.item))
        kept = data.where(~later | (random.random(len(data)) < 0.3))
        known = foreseen(Hazard(rounds=2), data, moments[: cut + 1], weeks=2, refit_weeks=2)
        for other in (changed, kept):
            assert foreseen(Hazard(rounds=2), other, moments[: cut + 1], weeks=2, refit_weeks=2).equals(known)


def test_models_serve_until_the_next_fit_and_moments_too_early_are_left_out(shop):
    moments = [MONDAY + week * 7 * DAY for week in (2, 9, 10, 13)]
    table = foreseen(Hazard(rounds=2), shop, moments, refit_weeks=4)
    assert table["at"].unique().sort().to_list() == moments[1:]
    old = Hazard(rounds=2).fit(shop.before(moments[1]))
    new = Hazard(rounds=2).fit(shop.before(moments[3]))
    for moment, one in zip(moments[1:], (old, old, new), strict=True):
        assert table.filter(at=moment).drop("at").equals(expected_units(one, shop, moment))


def test_a_log_without_stores_is_told(shop, model):
    with pytest.raises(MissingColumn, match="there are store, quantity"):
        expected_units(model, shop, MOMENT, store="branch")
