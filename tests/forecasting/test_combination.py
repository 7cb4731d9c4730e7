from dataclasses import replace

import numpy as np
import pytest

from forecasting.panels import bare, planted
from regulars.core.errors import SettingError
from regulars.forecasting import FORECASTERS, Calibrated, Combination, MovingAverage, Naive, SeasonalNaive
from regulars.forecasting.combination import blended, weighed


def test_weights_go_where_the_error_is_least():
    actual = np.full((1, 50, 1), 10.0)
    points = np.stack([actual - 2, actual + 6, actual + 9])  # 3/4 and 1/4 of the first two are right
    assert weighed(points, actual, np.ones_like(actual), "median").tolist() == [0.75, 0.25, 0]


def test_a_member_that_cannot_tell_leaves_its_weight_to_the_others():
    points = np.array([[4.0, np.nan, np.nan], [8.0, 6.0, np.nan]])
    assert np.array_equal(blended(points, np.array([0.75, 0.25])), [5, 6, np.nan], equal_nan=True)


def test_members_without_weight_are_left_out():
    random = np.random.default_rng(0)
    panel = bare((20 + random.normal(0, 4, size=(40, 40))).round().clip(0).tolist())
    model = Combination((Naive(), MovingAverage(window=20), SeasonalNaive(season=5))).fit(panel, 4)
    assert sum(model.weights) == pytest.approx(1)
    assert max(model.weights) > 0.6  # the mean of twenty weeks is what noise leaves to know
    forecast = model.forecast(panel)
    assert forecast.quantiles.shape == (40, 4, 5)
    assert ((forecast.at(0.05) < 20) & (forecast.at(0.95) > 20)).mean() > 0.95


def test_the_median_of_counts_is_a_whole_number_and_that_of_weights_is_not():
    random = np.random.default_rng(0)
    counts = random.poisson(1.4, size=(40, 40))
    members = (MovingAverage(window=20), MovingAverage(window=30))
    panel = bare(counts.tolist())
    assert np.isin(Combination(members).fit(panel, 2).forecast(panel).point, (1, 2)).mean() == 1
    weighed_goods = bare((counts + 0.25).tolist())
    told = Combination(members).fit(weighed_goods, 2).forecast(weighed_goods).point
    assert (told % 1 != 0).mean() > 0.9
    means = Combination(members, aim="mean").fit(panel, 2).forecast(panel).point
    assert means.mean() == pytest.approx(1.4, abs=0.1)


@pytest.mark.parametrize("most", [0, 1, 5])  # nothing but zeros; zeros and ones, at the top of the classes; with fives
def test_quantiles_are_told_where_most_forecasts_are_the_same_number(most):
    random = np.random.default_rng(1)
    units = np.where(random.random((300, 30)) < 0.7, 0, most)
    panel = bare(np.where(random.random((300, 30)) < 0.1, np.minimum(most, 1), units).tolist())
    forecast = Calibrated(Naive()).fit(panel, 4).forecast(panel)
    assert np.isfinite(forecast.quantiles).all()
    assert (np.diff(forecast.quantiles, axis=2) >= 0).all()


@pytest.mark.parametrize("name", [name for name in FORECASTERS if name not in ("lstm", "statistical", "trees")])
def test_nothing_is_forecast_where_it_will_be_closed(name):
    panel, _ = planted(weeks=30)
    closed = np.zeros((24, 34), dtype=bool)
    closed[:, [10, 31]], closed[3] = True, True
    panel = replace(panel, units=np.where(closed[:, :30], np.nan, panel.units).astype(np.float32), closed=closed)
    way = FORECASTERS[name]()
    for forecaster in (way, Calibrated(way), Combination((way,))):
        told = forecaster.fit(panel, 4).forecast(panel)
        assert (told.point[:, 1] == 0).all()
        assert (told.point[[0, 1, 2, 4]][:, [0, 2, 3]] > 0).all()
        assert np.isin(told.point[3], (0, np.nan)).all()
        assert told.quantiles is None or (told.quantiles[:, 1] == 0).all()


def test_a_horizon_longer_than_the_history_is_answered():
    panel, _ = planted(weeks=6, ahead=30)
    assert Combination((Naive(), MovingAverage())).fit(panel, 30).forecast(panel).frame()["units"].is_finite().all()


def test_an_unknown_aim_is_refused():
    with pytest.raises(SettingError, match="'mode'"):
        Combination((Naive(),), aim="mode")
