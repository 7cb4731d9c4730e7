import lightgbm
import numpy as np
import polars as pl
import pytest

from forecasting.panels import bare, planted
from regulars import Run
from regulars.core.errors import EmptyData
from regulars.forecasting import BoostedTrees, Calibrated, SeasonalNaive, changed, what_if
from regulars.forecasting.trees import percentage

SMALL = BoostedTrees(trees=60, rate=0.1, rows=20_000)
ALONE = Run(threads=1)


def wape(point, actual):
    return float(np.abs(point - actual).sum() / actual.sum())


@pytest.mark.parametrize("aim", ["mean", "median", "percentage"])
def test_trees_read_the_price_that_is_known_ahead(aim):
    panel, later = planted()
    forecast = BoostedTrees(aim=aim, trees=60, rate=0.1).fit(panel, 4, ALONE).forecast(panel)
    naive = SeasonalNaive().fit(panel, 4).forecast(panel)
    assert wape(forecast.point, later) < 0.2
    assert wape(forecast.point, later) < 0.5 * wape(naive.point, later)


def test_half_the_price_sells_about_four_times_as_much_at_an_elasticity_of_minus_two():
    panel, _ = planted()
    usual = changed(panel, 4, to={"price": 1.0})
    as_is, cheaper = what_if(SMALL.fit(panel, 4, ALONE), usual, price=float(np.exp(-0.5)))
    assert 2.2 < np.median(cheaper.point / as_is.point) < 3.2  # exp(1) = 2.7


def test_the_gradient_is_that_of_the_percentage_error():
    target, added, tiny = np.array([0.3, -0.2]), np.array([0.5, -0.9]), 1e-6
    rows = lightgbm.Dataset(np.zeros((2, 1)), target)
    rows.construct()
    gradient, _ = percentage(added, rows)
    error = [np.abs(np.exp(added + sign * tiny) - np.exp(target)) / np.exp(target) for sign in (1, -1)]
    assert np.allclose(gradient, (error[0] - error[1]) / (2 * tiny), atol=1e-4)


def test_the_same_seed_gives_the_same_forecast():
    panel, _ = planted(weeks=40)
    one, two = (SMALL.fit(panel, 2, ALONE).forecast(panel).point for _ in range(2))
    assert np.array_equal(one, two)


def test_a_product_never_sold_is_forecast_from_its_kin():
    panel, later = planted()
    panel.units[0] = np.nan
    point = SMALL.fit(panel, 4, ALONE).forecast(panel).point
    assert np.isfinite(point).all()
    assert 0.2 < point[0].mean() / later[0].mean() < 5


def test_a_product_that_nobody_has_seen_is_forecast_from_its_attributes():
    random = np.random.default_rng(0)
    large = np.arange(120) % 2 == 0
    units = random.poisson(np.where(large, 60.0, 6.0)[:, None], size=(120, 40)).astype(np.float32)
    units[:10] = np.nan
    static = pl.DataFrame({"kind": np.where(large, "barrel", "cup")})
    panel = bare(units.tolist(), static=static)
    told = BoostedTrees(trees=60, rate=0.1, newcomers=0.2).fit(panel, 2, ALONE).forecast(panel).point[:10]
    assert told[::2] == pytest.approx(60, rel=0.2)
    assert told[1::2] == pytest.approx(6, rel=0.3)


def test_nothing_to_learn_from_is_said():
    with pytest.raises(EmptyData, match="nothing to learn"):
        SMALL.fit(bare([[None, None, 3], [None, None, 5]]), 2, ALONE)


def test_a_horizon_longer_than_the_history_is_answered():
    point = SMALL.fit(bare([[3, 4, 3, 5, 4], [9, 8, 9, 7, 8]]), 10, ALONE).forecast(bare([[3, 4, 3, 5, 4]])).point
    assert point.shape == (1, 10)
    assert np.isfinite(point).all()


def test_nine_of_ten_steps_fall_between_the_outer_quantiles():
    panel, later = planted(weeks=100, seed=1)
    forecast = Calibrated(SMALL, windows=4).fit(panel, 4, ALONE).forecast(panel)
    inside = (later >= forecast.at(0.05)) & (later <= forecast.at(0.95))
    assert 0.8 < inside.mean() <= 1
    assert (np.diff(forecast.quantiles, axis=2) >= 0).all()
