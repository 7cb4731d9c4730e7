"""Demand by a network: what it is told never comes from later steps, and it finds season, price and spread."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest
import torch

from regulars.core import Run
from regulars.core.errors import EmptyData, Interrupted
from regulars.models.arranged import Demanded
from regulars.models.kinds.tree import from_tree, to_tree
from regulars.models.networks.demand import LEVELS, DemandTask, fit_demand
from regulars.models.networks.series import Series, SeriesReader

ONE = Run(threads=1)


@dataclass(frozen=True)
class Toy(Demanded):
    """The shared settings, as a forecaster declares them."""


SMALL = Toy(width=16, epochs=2, batch=16, dropout=0.0, forks=0)


def shop(n=40, steps=80, ahead=4, seed=1, noise=0.1):
    """Demand that is known: a level of each series, a season of four steps, and a price with an elasticity of -2."""
    random = np.random.default_rng(seed)
    price = np.where(random.random((n, steps + ahead)) < 0.25, -0.5, 0.0)
    season = 0.6 * np.array([1, 0, -1, 0])[np.arange(steps + ahead) % 4]
    level = random.uniform(2, 6, (n, 1))
    logs = level + season - 2 * price
    units = np.exp(logs + noise * random.normal(size=logs.shape))
    known = price[:, :, None].astype(np.float32)
    return Series(units[:, :steps].astype(np.float32), known), units[:, steps:], np.exp(logs[:, steps:])


def test_no_step_is_told_of_a_later_one():
    series, _, _ = shop()
    reader = SeriesReader.learn(series, half_life=8.0, season=4)
    rows, at = np.arange(5), np.array([0, 3, 20, 40, 70])
    before = reader.read(series)
    later = series.units.copy()
    for row, step in zip(rows, at, strict=True):
        later[row, step + 1 :] = 1e6
    after = reader.read(replace(series, units=later))
    np.testing.assert_array_equal(after.past(rows, at), before.past(rows, at))
    np.testing.assert_array_equal(after.ahead(rows, at, 4), before.ahead(rows, at, 4))


def test_the_same_season_is_the_last_one_before_the_fork():
    series = Series(np.expm1(np.arange(12, dtype=np.float32))[None], np.zeros((1, 18, 1), np.float32))
    reader = SeriesReader.learn(series, half_life=1e9, season=4)
    told = reader.read(series).ahead(np.array([0]), np.array([9]), 6)[0, :, -2]
    level = np.mean(np.arange(10))
    # step 10 was seen at 6 and 2; step 11 at 7 and 3; 12 at 8, 4, 0; 13 at 9, 5, 1; 14 and 15 as 10 and 11
    np.testing.assert_allclose(told + level, [4, 5, 4, 5, 4, 5], atol=1e-4)


def test_every_observed_step_is_a_target_of_every_fork_before_it():
    series, _, _ = shop(n=3, steps=30)
    series.units[1, :20] = np.nan
    for length in (64, 7):
        task = task_of(series, replace(SMALL, length=length))
        steps = [task.loss(step, None)[1] for step in task.steps(np.random.default_rng(0))]
        # a series of s steps: forks at 0 .. s - 2 see 4 steps each, but for the last three with 3, 2 and 1
        assert sum(steps) == 2 * (26 * 4 + 3 + 2 + 1) + (6 * 4 + 3 + 2 + 1)


def task_of(series, settings):
    made = {}

    def keep(self, *args):
        made["task"] = self
        original(self, *args)

    original = DemandTask.__init__
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DemandTask, "__init__", keep)
        fit_demand(series, 4, replace(settings, epochs=1), run=ONE)
    return made["task"]


def test_it_learns_season_and_price_and_how_sure_it_is():
    series, sold, expected = shop(n=60, noise=0.3)
    settings = Toy(
        width=16, epochs=15, batch=4, length=40, rate=1e-2, dropout=0.0, loss="log", half_life=100.0, forks=0
    )
    net = fit_demand(series, 4, settings, season=4, run=ONE)
    point, quantiles = net.forecast(series)
    assert np.abs(np.log(point) - np.log(expected)).mean() < 0.12  # the season alone is .3, the price .25
    within = (quantiles[:, :, 0] <= sold) & (sold <= quantiles[:, :, -1])
    assert 0.8 < within.mean() < 0.98  # of 90 %, with 240 cases
    cheaper = replace(series, known=series.known - 0.4 * (np.arange(84) >= 80)[None, :, None].astype(np.float32))
    moved = np.log(net.forecast(cheaper)[0]) - np.log(point)
    assert 0.5 < np.median(moved) < 1.1  # the elasticity makes .8 of it


@pytest.mark.slow
def test_a_percentage_error_is_smallest_below_the_median():
    series, _, expected = shop(n=60, noise=0.8)
    settings = Toy(width=16, epochs=12, batch=8, rate=5e-3, dropout=0.0, forks=0)
    ratios = [
        np.median(fit_demand(series, 4, replace(settings, loss=loss), season=4, run=ONE).forecast(series)[0] / expected)
        for loss in ("percentage", "log")
    ]
    # the least expected percentage error of a lognormal of spread s is at exp(-s^2) of the median: .53
    assert ratios[0] < 0.75
    assert 0.85 < ratios[1] < 1.15


@pytest.mark.parametrize("arrangement", ["many_to_one", "one_to_many", "many_to_many"])
def test_every_arrangement_forecasts_series_of_any_length(arrangement):
    series, _, _ = shop(n=6, steps=20)
    series.units[0, :19] = np.nan
    series.units[1] = np.nan
    table = pl.DataFrame({"brand": ["a", "a", "b", "b", "a", "b"], "size": [1.0, 2.0, 1.0, 2.0, 1.0, None]})
    net = fit_demand(replace(series, static=table), 4, replace(SMALL, arrangement=arrangement), run=ONE)
    point, quantiles = net.forecast(replace(series, static=table), (0.1, 0.5, 0.95))
    assert np.isfinite(point).all()
    assert quantiles.shape == (6, 4, 3)
    assert (np.diff(quantiles, axis=2) >= 0).all()


def test_a_series_is_forecast_alone_as_among_others():
    series, _, _ = shop(n=9)
    net = fit_demand(series, 4, SMALL, season=4, run=ONE)
    alone = Series(series.units[4:5], series.known[4:5])
    np.testing.assert_allclose(net.forecast(alone)[0], net.forecast(series)[0][4:5], rtol=1e-4)


def test_levels_between_the_learned_ones_lie_between_their_quantiles():
    series, _, _ = shop(n=5)
    net = fit_demand(series, 4, SMALL, run=ONE)
    _, learned = net.forecast(series)
    _, asked = net.forecast(series, (0.15, 0.5))
    np.testing.assert_allclose(asked[:, :, 0], learned[:, :, :2].mean(2), rtol=1e-5)
    np.testing.assert_allclose(asked[:, :, 1], learned[:, :, LEVELS.index(0.5)], rtol=1e-5)


def test_the_same_seed_gives_the_same_network_and_it_survives_the_disk():
    series, _, _ = shop(n=8)
    one, same, other = (fit_demand(series, 4, SMALL, run=Run(threads=1, seed=seed)) for seed in (1, 1, 2))
    arrays = {}
    back = from_tree(to_tree(one, "net", arrays), arrays)
    np.testing.assert_array_equal(same.forecast(series)[0], one.forecast(series)[0])
    np.testing.assert_array_equal(back.forecast(series)[1], one.forecast(series)[1])
    assert not np.array_equal(other.forecast(series)[0], one.forecast(series)[0])


def test_a_fit_that_was_stopped_goes_on_where_it_was(tmp_path):
    series, _, _ = shop(n=8)
    settings = replace(SMALL, epochs=4, forks=6, length=30)

    def stop(progress):
        if progress.task == "lstm" and progress.done == 2:
            raise Interrupted("enough")

    with pytest.raises(Interrupted):
        fit_demand(series, 4, settings, run=Run(threads=1, checkpoints=tmp_path, on_epoch=stop))
    went_on = fit_demand(series, 4, settings, run=Run(threads=1, checkpoints=tmp_path))
    straight = fit_demand(series, 4, settings, run=ONE)
    np.testing.assert_array_equal(went_on.forecast(series)[0], straight.forecast(series)[0])


def test_members_are_averaged_and_patience_withholds_the_last_steps():
    series, _, _ = shop(n=8)
    task = task_of(series, replace(SMALL, patience=1))
    assert task.end == series.n_steps - 4
    with torch.no_grad():
        assert task.judge() < 0
    two = fit_demand(series, 4, replace(SMALL, members=2), run=ONE)
    each = [replace(two, weights=(weights,)).forecast(series)[0] for weights in two.weights]
    np.testing.assert_allclose(np.log1p(two.forecast(series)[0]), np.log1p(each).mean(0), rtol=1e-4)


def test_series_that_show_nothing_are_refused():
    nothing = Series(np.full((2, 5), np.nan, np.float32), np.zeros((2, 9, 1), np.float32))
    with pytest.raises(EmptyData, match="no series has two observed steps"):
        fit_demand(nothing, 4, SMALL, run=ONE)
