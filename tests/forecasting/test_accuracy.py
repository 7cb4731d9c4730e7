import numpy as np
import pytest

from forecasting.panels import bare
from regulars.forecasting import Forecast, Judgment, Rolled
from regulars.forecasting.accuracy import sums


def asked(panel, origin, point, quantiles=None, levels=()):
    dates = panel.calendar.dates(2, origin)
    told = Forecast(panel.keys, dates, np.array(point, dtype=np.float32), levels, quantiles)
    return Rolled(panel, (origin,), (told,), panel.units[None, :, origin : origin + 2])


def values(rolled):
    return {name: part.value() for name, part in sums(rolled, ~np.isnan(rolled.actual)).items()}


def test_every_figure_by_hand():
    panel = bare([[2, 4, 2, 10, 8], [1, 1, 5, 0, 4]])  # changes before the origin: 2 and 2; 0 and 4; both mean 2
    told = values(asked(panel, 3, [[8, 8], [1, 2]]))
    assert told["mase"] == pytest.approx((2 + 0 + 1 + 2) / 2 / 4)
    assert told["wape"] == pytest.approx(5 / 22)
    assert told["mape"] == pytest.approx((0.2 + 0 + 0.5) / 3)
    assert told["rmspe"] == pytest.approx(np.sqrt((0.04 + 0.25) / 3))
    # squared changes: 4 and 4 -> 4; 0 and 16 -> 8. latest units before the origin: 8 and 7
    assert told["wrmsse"] == pytest.approx((8 * np.sqrt(4 / 2 / 4) + 7 * np.sqrt(5 / 2 / 8)) / 15)


def test_pinball_and_coverage_by_hand():
    panel = bare([[2, 4, 2, 10, 8]])
    quantiles = np.array([[[8, 9], [6, 9]]], dtype=np.float32)
    told = values(asked(panel, 3, [[9, 9]], quantiles, (0.25, 0.75)))
    # 10 against 8 and 9: .25 * 2 and .75 * 1; 8 against 6 and 9: .25 * 2 and .25 * 1
    assert told["pinball"] == pytest.approx(2 * ((0.5 + 0.75) / 2 + (0.5 + 0.25) / 2) / 18)
    assert told["coverage"] == pytest.approx(0.5)


def test_a_series_that_never_sold_before_has_no_scale_and_does_not_count():
    panel = bare([[2, 4, 2, 10, 8], [0, 0, 0, 3, 3]])
    assert values(asked(panel, 3, [[8, 8], [0, 0]]))["mase"] == pytest.approx(0.5)


def test_steps_not_observed_do_not_count():
    panel = bare([[2, 4, 2, None, 8]])
    assert values(asked(panel, 3, [[100, 6]]))["wape"] == pytest.approx(0.25)


def test_a_better_forecaster_is_called_better_and_a_tie_is_none():
    random = np.random.default_rng(0)
    panel = bare(random.poisson(20, size=(60, 12)).tolist())
    good = asked(panel, 10, np.full((60, 2), 20))
    bad = asked(panel, 10, np.full((60, 2), 40))
    table = Judgment({"good": good, "bad": bad, "again": good}).compared
    verdicts = {(row["forecaster"], row["against"]): row["verdict"] for row in table.filter(metric="mase").to_dicts()}
    assert verdicts[("good", "bad")] == "better"
    assert verdicts[("bad", "good")] == "worse"
    assert verdicts[("good", "again")] == "no difference"


def test_the_interval_holds_the_value():
    panel = bare(np.random.default_rng(0).poisson(20, size=(60, 12)).tolist())
    table = Judgment({"one": asked(panel, 10, np.full((60, 2), 20))}).table
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()


def test_every_step_and_volume_has_an_interval_around_its_value():
    random = np.random.default_rng(1)
    panel = bare(random.poisson(20, size=(30, 12)).tolist())
    judgment = Judgment({"good": asked(panel, 10, np.full((30, 2), 20))})
    for frame in (judgment.by_horizon, judgment.by_volume):
        rows = frame.filter(metric="wape")
        assert ((rows["low"] < rows["value"]) & (rows["value"] < rows["high"])).all()
    whole = judgment.table.filter(metric="wape").row(0, named=True)
    third = judgment.by_volume.filter(metric="wape", volume="low").row(0, named=True)
    assert third["high"] - third["low"] > whole["high"] - whole["low"], "fewer series tell less"
