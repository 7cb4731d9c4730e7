"""The global LSTM as a forecaster: what it reads of a panel, and that it forecasts every series of one."""

from datetime import date

import numpy as np
import polars as pl

from regulars.core import Run
from regulars.forecasting import Calendar, Panel
from regulars.forecasting.lstm import LSTM, told

ONE = Run(threads=1)
QUICK = LSTM(width=8, epochs=1, batch=8)


def panel_of(stores=3, products=2, steps=30, ahead=3, seed=1):
    random = np.random.default_rng(seed)
    n = stores * products
    keys = pl.DataFrame({"store": np.repeat(np.arange(stores), products), "product": list("ab") * stores})
    price = np.exp(random.normal(size=(n, steps + ahead))).astype(np.float32)
    units = (10 / price[:, :steps] ** 2).astype(np.float32)
    return Panel(keys, Calendar(date(2026, 1, 5), "week"), units, {"price": price})


def test_a_price_is_told_as_a_logarithm_and_against_the_same_store():
    panel = panel_of()
    read = told(panel, 3)
    logs = np.log(panel.known["price"])
    np.testing.assert_allclose(read.known[:, :, 0], logs, rtol=1e-6)
    np.testing.assert_allclose(read.known[2, :, 1], logs[2] - logs[2:4].mean(0), atol=1e-5)
    np.testing.assert_allclose(read.known[2, :, 2], logs[2] - logs[2:4].min(0), atol=1e-5)


def test_keys_that_several_series_share_are_attributes_and_a_series_own_name_is_none():
    panel = panel_of()
    assert told(panel, 3).static.columns == ["store", "product"]
    single = Panel(pl.DataFrame({"shop": range(6)}), panel.calendar, panel.units, panel.known)
    assert told(single, 3).static.columns == []


def test_it_forecasts_the_steps_after_the_panel_with_quantiles_that_rise():
    panel = panel_of()
    forecast = QUICK.fit(panel, 3, ONE).forecast(panel)
    assert forecast.dates.tolist() == [date(2026, 8, 3), date(2026, 8, 10), date(2026, 8, 17)]
    assert forecast.point.shape == (6, 3)
    assert (np.diff(forecast.quantiles, axis=2) >= 0).all()


def test_a_price_that_is_not_known_ahead_counts_as_usual():
    panel = panel_of(ahead=1)
    assert np.isfinite(QUICK.fit(panel, 3, ONE).forecast(panel, ()).point).all()


def test_what_comes_after_an_origin_changes_nothing_that_was_forecast_at_it():
    panel = panel_of(steps=30)
    later = Panel(panel.keys, panel.calendar, panel.units.copy(), panel.known)
    later.units[:, 20:] = 1e5
    one, other = (QUICK.fit(each.until(20), 3, ONE).forecast(each.until(20)) for each in (panel, later))
    np.testing.assert_array_equal(one.point, other.point)


def test_what_prices_do_is_told_as_it_was_known_a_horizon_before():
    panel = panel_of(steps=260)  # so many that effects are looked at every other step
    before = told(panel, 3)
    panel.units[:, 200:] *= 50
    after = told(panel, 3)
    same = (before.known == after.known).all(axis=(0, 2))
    # step 202 is forecast as the third one by what was known after step 199, and 203 by no newer look
    assert same[:204].all()
    assert not same[204:].any()


def test_what_a_price_does_is_found():
    panel = panel_of(steps=60)
    column = np.moveaxis(told(panel, 3).known, 2, 0)[3]  # after the price and its neighbors
    moved = np.diff(column[:, 50:], axis=1) / np.diff(np.log(panel.known["price"])[:, 50:], axis=1)
    assert -2.2 < np.median(moved) < -1.4  # log(1 + units) moves a little less than the log of units, by -2
