"""Items that are still sold are told from those that are not, met or not."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from regulars.core import DAY, Dataset, Run, ints
from regulars.models.content_to_cf import ContentToCF, before
from regulars.models.freshness import ENOUGH, log_rates
from regulars.models.kinds.bridge import SMALL
from regulars.models.lives import Lives, Period

SOLD = 40  # days that an item is on sale


def shop(seed=0, days=400, a_day=4, customers=400):
    """Each day so many items are listed, for SOLD days; customers draw from what is on sale, some of it likelier. Their
    product numbers rise, two variants of each are listed together; the last items are never listed."""
    random = np.random.default_rng(seed)
    n = a_day * (days + SOLD)
    listed, liked = np.arange(n) // a_day, random.gamma(1.0, size=n)
    rows = []
    for day in range(days):
        on_sale = np.flatnonzero((listed <= day) & (listed > day - SOLD))
        chance = liked[on_sale] / liked[on_sale].sum()
        users, items = random.choice(customers, 12, replace=False), random.choice(on_sale, 12, p=chance)
        rows += [(f"u{user}", f"i{item}", day * DAY) for user, item in zip(users, items, strict=True)]
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "time"], orient="row")
    items = pl.DataFrame(
        {"item_id": [f"i{i}" for i in range(n)], "product_no": np.arange(n) // 2, "color": random.integers(9, size=n)}
    )
    data = Dataset.of(events, items=items)
    listing = np.array([int(item[1:]) // a_day for item in data.items.ids])
    return data, listing


def truth(data, days, listing):
    """Whether items are on sale in the middle of the period to come."""
    return (listing <= days + 5) & (listing > days + 5 - SOLD)


def test_items_that_are_off_sale_are_not_fresh():
    data, listing = shop()
    rates, met = log_rates(data), Lives.until(data, Period.newest(data)).met
    on_sale = truth(data, 400, listing)
    fresh, gone = rates[met & on_sale], rates[met & ~on_sale]
    assert np.median(fresh) > np.quantile(gone, 0.95)
    assert np.median(fresh) - np.median(gone) > np.log(20)


def test_expected_discoveries_are_those_that_come():
    """A rate is relative to that of an item met once, just now; so shares are what can be checked."""
    data, _ = shop()
    early, later = data.before(360 * DAY), data.where(data.time >= 360 * DAY)
    rates, met = log_rates(early), Lives.until(early, Period.newest(early)).met
    come = np.bincount(later.item, minlength=data.n_items)
    rates = np.where(met, np.exp(rates), 0)
    order = np.argsort(-rates)[: met.sum()]
    tenths = np.array_split(order, 10)
    expected = np.array([rates[tenth].sum() for tenth in tenths]) / rates.sum()
    found = np.array([come[tenth].sum() for tenth in tenths]) / come[met].sum()
    np.testing.assert_allclose(found, expected, atol=0.06)


def test_of_what_nobody_met_the_next_numbers_are_expected_and_the_unlisted_far_ones_are_not():
    data, listing = shop()
    early = data.before(360 * DAY)
    rates, met = log_rates(early), Lives.until(early, Period.newest(early)).met
    soon, far = ~met & (listing >= 350) & (listing < 375), ~met & (listing > 420)
    gone = ~met & (listing < 300)
    assert rates[soon].mean() > max(rates[far].mean(), rates[gone].mean()) + np.log(3)


def test_without_times_nothing_is_told():
    data, _ = shop(days=60)
    still = replace(data, time=np.zeros_like(data.time))
    few = data.where(np.arange(len(data)) < ENOUGH // 2)
    for told in (still, few):
        assert not np.any(log_rates(told.sorted()))


def test_nothing_known_of_items_makes_all_that_nobody_met_alike():
    data, _ = shop(days=200)
    bare = replace(data, item_features=pl.DataFrame())
    rates, met = log_rates(bare), Lives.until(bare, Period.newest(bare)).met
    assert np.isfinite(rates).all()
    assert np.ptp(rates[~met]) < 1e-5
    assert np.ptp(rates[met]) > 1


def test_columns_that_are_not_named_are_not_looked_at():
    data, _ = shop(days=200)
    named, bare = (
        log_rates(data, ("color",)),
        log_rates(replace(data, item_features=data.item_features.select("color"))),
    )
    assert (named == bare).all()
    assert (named != log_rates(data)).any()


@pytest.fixture(scope="module")
def sold():
    data, listing = shop(customers=200)
    return (
        data,
        listing,
        ContentToCF(epochs=2, folds=2, likeness=64, base_settings=("factors = 8",)).fit(data, Run(threads=1)),
    )


def test_lists_hold_what_is_still_sold(sold):
    data, listing, model = sold
    assert model.encoder.decision.pace > 0
    queries, on_sale = data.queries(ints(range(50)), 400 * DAY), truth(data, 400, listing)
    by_all, by_behavior = (one.recommend(queries, 10).items for one in (model, before(model)))
    assert on_sale[by_all].mean() > 0.6
    assert on_sale[by_behavior].mean() < 0.2


def test_an_item_that_is_added_is_as_fresh_as_one_met_just_now(sold):
    data, _, model = sold
    bridge = model.encoder
    table = data.item_features[:5]
    _, stored = bridge.placed(table)
    worth = bridge.decision.scale * bridge.content.vectors(table)[:, -1]
    np.testing.assert_allclose(stored[:, -1] / SMALL, worth, rtol=1e-5)
