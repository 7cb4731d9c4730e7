"""Trending against its definition, worked out with a beta distribution, and against chance."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import beta

from regulars.core import DAY, Dataset
from regulars.models import Trending

COUNTS = {"steady": (10, 40), "rising": (30, 10), "falling": (1, 60), "rare": (2, 0), "new": (9, 0)}


def log(counts, window_days=7):
    """Each item with so many customers in the newest window and, one window earlier, so many in the four before."""
    rows = []
    for item, (new, old) in counts.items():
        rows += [(user, item, 35 * DAY - user) for user in range(new)]
        rows += [(user, item, (35 - window_days) * DAY - 1 - user) for user in range(old)]
    return Dataset.of(pl.DataFrame(rows, schema=["user_id", "item_id", "time"], orient="row"))


def scores(data, **settings):
    row = Trending(**settings).fit(data).scores[0]
    return dict(zip(data.items.ids, row.tolist(), strict=True))


@pytest.mark.parametrize("item", ["steady", "rising", "falling", "new"])
def test_the_score_is_the_lower_limit_of_the_log_ratio_of_rates(item):
    new, old = COUNTS[item]
    p0 = (52 + 1) / (52 + 110 + 2)
    low = beta.ppf(0.1, new + 2 * p0, old + 2 * (1 - p0))
    expected = np.log(low / (1 - low)) - np.log(p0 / (1 - p0))
    assert scores(log(COUNTS))[item] == pytest.approx(expected, rel=1e-5)


def test_what_rises_is_above_zero_and_what_falls_below():
    found = scores(log(COUNTS))
    assert min(found["rising"], found["new"]) > 0 > found["steady"] > found["falling"]
    assert np.isnan(found["rare"])


def test_a_customer_counts_once_in_a_window():
    once = log(COUNTS)
    rows = pl.DataFrame({"user_id": once.user, "item_id": once.items.names(once.item), "time": once.time})
    again = rows.filter(pl.col("item_id") == "falling").with_columns(pl.col("time") - 60)
    assert scores(Dataset.of(pl.concat([rows, again]))) == pytest.approx(scores(once), nan_ok=True)


def test_a_busier_shop_makes_no_item_trend():
    """Twice the customers for every item, in the newest window as in the four windows ahead of it taken together."""
    found = scores(log(dict.fromkeys("abcdef", (40, 20))))
    assert max(found.values()) < 0


def test_by_chance_an_item_is_above_zero_as_often_as_doubt_says():
    """2,000 items of unchanged demand: the lower limit is above zero in about 10 % of them, in fewer by shrinkage."""
    random = np.random.default_rng(3)
    new, old = random.poisson(8, 2_000), random.poisson(32, 2_000)
    model = Trending(shrinkage=0.1, min_events=1)
    share = (model._rise(new, old) > 0).mean()
    assert 0.07 < share < 0.13
    assert (Trending(shrinkage=10.0)._rise(new, old) > 0).mean() < share
