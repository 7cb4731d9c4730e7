"""Rates that drift, worked by hand; medians of the counts that come of them."""

import numpy as np
import polars as pl
import pytest

from forecasting.panels import MONDAY, bare
from regulars.forecasting import Calendar, Counts, Panel
from regulars.forecasting.counts import median

NONE = np.nan


def asked(panel, horizon=2, **settings):
    return Counts(**settings).fit(panel, horizon).forecast(panel, ()).point


def test_a_sale_counts_half_after_one_half_life():
    # units 2, 0, 4 count 1/4, 1/2 and 1: 4.5 sold in 1.75 steps; leaning on itself changes nothing
    assert asked(bare([[2, 0, 4]]), aim="mean", half_life=1.0)[0] == pytest.approx([4.5 / 1.75] * 2)


def test_a_step_that_was_not_observed_changes_nothing():
    with_hole = asked(bare([[3, None, 1, 5]]), aim="mean")
    assert with_hole == pytest.approx(asked(bare([[3, 1, 5]]), aim="mean"))


def test_the_median_is_that_of_poisson_counts_with_a_gamma_rate():
    random = np.random.default_rng(0)
    for shape, steps in ((0.5, 2.0), (3.0, 8.0), (40.0, 7.0)):
        drawn = random.poisson(random.gamma(shape, 1 / steps, size=200_001))
        assert median(np.array([shape]), np.array([steps]))[0] == np.median(drawn)


def test_what_sells_every_third_week_is_forecast_as_nothing_by_the_median_and_as_a_third_by_the_mean():
    panel = bare([[1, 0, 0] * 30])
    assert asked(panel)[0].tolist() == [0, 0]
    assert asked(panel, aim="mean", half_life=1000.0)[0] == pytest.approx([1 / 3] * 2, rel=0.1)


def test_a_product_new_to_a_store_starts_from_what_it_sells_elsewhere():
    keys = pl.DataFrame({"store": [1, 2, 1, 2], "product": ["a", "a", "b", "b"]})
    units = np.array([[8.0] * 6, [NONE] * 6, [1.0] * 6, [1.0] * 6], dtype=np.float32)
    assert asked(Panel(keys, Calendar(MONDAY), units), aim="mean")[1] == pytest.approx([8, 8])


def test_a_series_never_observed_alone_cannot_be_told():
    assert np.isnan(asked(bare([[None, None, None]]))).all()
    assert asked(bare([[None, 0, 0]]))[0].tolist() == [0, 0]


def test_each_weekday_has_its_own_share_on_daily_calendars():
    week = [10, 10, 10, 10, 20, 40, 0]
    told = asked(bare([week * 12], "day"), horizon=7, aim="mean", half_life=1000.0)[0]
    assert told == pytest.approx(week, abs=1.5)
