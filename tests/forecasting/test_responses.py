import numpy as np

from forecasting.panels import planted
from regulars.forecasting import Regression, what_if
from regulars.forecasting.drivers import drivers
from regulars.forecasting.lags import Lags
from regulars.forecasting.responses import Memory, responses


def test_the_planted_elasticity_is_found():
    panel, _ = planted()
    names, told = drivers(panel, 4)
    ((_, found),) = responses(np.log1p(panel.units), told, panel.groups(["product"]), Memory(1e6, 8, 4), np.array([80]))
    spread = np.log(panel.known["price"]).std()
    assert np.allclose(found.effects[:, names.index("price")] / spread, -2, atol=0.25)


def test_it_is_weighted_ridge_regression_around_the_response_of_the_group():
    random = np.random.default_rng(0)
    z, x = random.normal(size=(1, 30)).astype(np.float32), random.normal(size=(1, 32, 2)).astype(np.float32)
    z[0, [3, 17]] = np.nan
    ((_, found),) = responses(z, x, np.zeros(1, dtype=np.int32), Memory(10, 5, 3.0), np.array([30]))
    told = ~np.isnan(z[0])
    weight, xs, zs = 0.5 ** (np.arange(29, -1, -1) / 10)[told], x[0, :30][told].astype(float), z[0][told].astype(float)
    xc, zc = xs - np.average(xs, axis=0, weights=weight), zs - np.average(zs, weights=weight)
    gram, cross = xc.T * weight @ xc, xc.T * weight @ zc
    common = np.linalg.solve(gram + 3 * np.eye(2), cross)
    effects = np.linalg.solve(gram + 3 * np.eye(2), cross + 3 * common)
    late = 0.5 ** (np.arange(29, -1, -1) / 5)[told]
    level = np.average(zs - xs @ effects, weights=late)
    assert np.allclose(found.effects[0], effects, atol=1e-5)
    assert np.allclose(found.expected(x[:, 30:]), level + x[:, 30:] @ effects, atol=1e-5)


def test_no_column_of_an_origin_knows_what_was_sold_after_it():
    panel, _ = planted()
    later = panel.units.copy()
    later[:, 50:] = np.random.default_rng(1).random(later[:, 50:].shape) * 1_000
    other = type(panel)(panel.keys, panel.calendar, later, panel.known)
    ((_, one),), ((_, two),) = Lags(panel, 4).at(np.array([50])), Lags(other, 4).at(np.array([50]))
    assert np.array_equal(one.columns, two.columns, equal_nan=True)


def test_the_columns_at_an_origin_are_those_of_the_panel_cut_there():
    panel, _ = planted()
    ((_, one),), ((_, two),) = Lags(panel, 4).at(np.array([50])), Lags(panel.until(50), 4).at(np.array([50]))
    assert np.allclose(one.columns, two.columns, equal_nan=True, atol=1e-5)


def test_the_regression_forecasts_what_the_price_makes_of_demand():
    panel, later = planted()
    point = Regression().fit(panel, 4).forecast(panel).point
    assert np.abs(point - later).sum() / later.sum() < 0.12


def test_it_knows_what_a_lower_price_would_sell():
    panel, _ = planted()
    as_is, cheaper = what_if(Regression().fit(panel, 4), panel, price_times=float(np.exp(-0.1)))
    assert np.allclose(np.median(cheaper.point / as_is.point), np.exp(0.2), rtol=0.05)


def test_the_percentage_error_is_least_below_the_median_and_that_below_the_mean():
    panel, _ = planted()
    low, middle, high = (
        Regression(aim=aim).fit(panel, 4).forecast(panel).point for aim in ("percentage", "median", "mean")
    )
    assert (low < middle).all()
    assert (middle < high).all()
