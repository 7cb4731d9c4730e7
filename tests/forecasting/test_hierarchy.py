import numpy as np
import pytest

from forecasting.panels import planted
from regulars.core.errors import SettingError
from regulars.forecasting import Coherent, MovingAverage, added
from regulars.forecasting.hierarchy import Tree, coherent, covariance


def test_sums_of_the_series_are_the_forecasts_of_the_nodes_whatever_the_level():
    panel, _ = planted()
    way = Coherent(MovingAverage(window=4), levels=((), ("store",), ("product",)), upper=MovingAverage(window=12))
    forecast = way.fit(panel, 4).forecast(panel)
    stores, whole = added(forecast, panel, ["store"]), added(forecast, panel, [])
    assert np.allclose(stores.point.sum(axis=0), whole.point[0], rtol=1e-5)
    assert stores.keys["store"].to_list() == list(range(6))
    alone = Coherent(MovingAverage(window=4), how="bottom_up").fit(panel, 4).forecast(panel)
    assert not np.allclose(alone.point, forecast.point)


def test_it_is_the_generalized_least_squares_of_the_paper():
    panel, _ = planted()
    tree = Tree.of(panel, [(), ("store",)])
    random = np.random.default_rng(0)
    bottom, upper = random.random((24, 3)) * 9 + 50, random.random((7, 3)) * 9 + 200
    errors = random.normal(size=(60, 31))
    s = np.concatenate([tree.matrix(), np.eye(24)])
    w = np.linalg.inv(covariance(errors))
    wanted = np.linalg.solve(s.T @ w @ s, s.T @ w @ np.concatenate([upper, bottom]))
    assert np.allclose(coherent(bottom, upper, tree, errors), np.maximum(wanted, 0), rtol=1e-4)


def test_a_node_whose_errors_are_small_is_believed():
    panel, _ = planted()
    tree = Tree.of(panel, [()])
    errors = np.random.default_rng(0).normal(size=(50, 25)) * np.array([1e-3, *[1] * 24])
    told = coherent(np.full((24, 1), 10.0), np.array([[480.0]]), tree, errors, "variance")
    assert told.sum() == pytest.approx(480, rel=1e-3)


def test_correlations_of_few_errors_are_shrunk():
    errors = np.random.default_rng(0).normal(size=(8, 20))
    raw = errors.T @ errors / 8
    shrunk = covariance(errors)
    apart = ~np.eye(20, dtype=bool)
    assert np.abs(shrunk[apart]).mean() < 0.3 * np.abs(raw[apart]).mean()
    assert np.allclose(np.diag(shrunk), np.diag(raw))


def test_other_ways_are_refused():
    with pytest.raises(SettingError, match="'top_down'"):
        Coherent(MovingAverage(), how="top_down")
