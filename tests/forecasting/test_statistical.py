import numpy as np
import pytest

from forecasting.panels import bare
from regulars.forecasting import Statistical
from regulars.forecasting.statistical import whole


def test_holes_are_last_seasons_value_or_the_latest():
    nan = np.nan
    assert whole(np.array([nan, 1, 2, 3, nan, 5, nan], dtype=np.float32), 3).tolist() == [1, 2, 3, 1, 5, 3]
    assert whole(np.array([4, nan, nan], dtype=np.float32), 7).tolist() == [4, 4, 4]
    assert not len(whole(np.array([nan, nan]), 3))


def test_croston_is_size_over_interval_less_its_bias():
    panel = bare([[0, 6] * 20])  # 6 units each second week; Syntetos and Boylan's factor is 1 - .1 / 2
    assert Statistical("croston").fit(panel, 2).forecast(panel).point[0].tolist() == pytest.approx([2.85, 2.85])


@pytest.mark.parametrize("method", ["ets", "theta", "croston", "tsb", "adida", "imapa"])
def test_every_method_answers_every_kind_of_series(method):
    random = np.random.default_rng(0)
    panel = bare([random.poisson(4, 30).tolist(), [None] * 28 + [3, 4], [2] * 30, [0] * 30, [None] * 30])
    point = Statistical(method).fit(panel, 3).forecast(panel).point
    assert np.isfinite(point[:4]).all()
    assert (point[:4] >= 0).all()
    assert point[2].tolist() == [2, 2, 2]
    assert np.isnan(point[4]).all()


@pytest.mark.parametrize("step", ["week", "day"])
@pytest.mark.parametrize("method", ["ets", "theta", "croston", "tsb", "adida", "imapa"])
def test_a_product_that_is_new_is_told_from_whatever_it_has(method, step):
    random = np.random.default_rng(3)
    series = [[None] * (40 - n) + random.poisson(3, n).tolist() for n in range(1, 15)]
    point = Statistical(method).fit(panel := bare(series, step), 3).forecast(panel).point
    assert np.isfinite(point).all()
    assert point.max() < 30


def test_a_weekly_pattern_of_days_is_followed():
    week = [10, 11, 12, 13, 30, 40, 2]
    random = np.random.default_rng(0)
    panel = bare([(np.tile(week, 12) + random.normal(0, 0.5, 84)).tolist()], step="day")
    for method in ("ets", "theta"):
        assert np.allclose(Statistical(method).fit(panel, 7).forecast(panel).point[0], week, atol=2)
