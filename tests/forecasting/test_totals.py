"""Quantiles of sums, from sums of earlier rounds."""

import numpy as np
import pytest

from forecasting.panels import planted
from regulars.forecasting import Calibrated, Regression, rolled
from regulars.forecasting.totals import total


@pytest.fixture(scope="module")
def asked():
    panel, later = planted(weeks=100)
    way = Calibrated(Regression())
    rounds = rolled(way, panel, [76, 80, 84, 88, 92, 96], horizon=4)
    return panel, later, way.fit(panel, 4).forecast(panel), rounds


def test_sums_add_up_and_hold_what_came(asked):
    panel, later, told, rounds = asked
    stores = total(told, panel, ("store",), rounds)
    assert stores.point.sum() == pytest.approx(told.point.sum(), rel=1e-5)
    sold = later.reshape(6, 4, -1).sum(axis=1)[:, :4]
    inside = (sold >= stores.at(0.05)) & (sold <= stores.at(0.95))
    assert inside.mean() >= 0.75
    width = (stores.at(0.95) - stores.at(0.05)).mean() / stores.point.mean()
    assert width < 0.5, "a sum is surer than its parts"


def test_without_rounds_there_are_no_quantiles(asked):
    panel, _, told, _ = asked
    assert total(told, panel, ()).quantiles is None


def test_rounds_shorter_than_the_forecast_do_not_count(asked):
    panel, _, told, _ = asked
    short = rolled(Calibrated(Regression()), panel, [90], horizon=2)
    assert total(told, panel, (), short).quantiles is None


def test_what_was_not_observed_is_in_neither_sum(asked):
    panel, _, told, rounds = asked
    actual = rounds.actual.copy()
    actual[:, 0, :] = np.nan
    from dataclasses import replace

    fewer = total(told, panel, (), replace(rounds, actual=actual))
    whole = total(told, panel, (), rounds)
    middle = (fewer.at(0.5) / whole.at(0.5)).mean()
    assert middle == pytest.approx(1, abs=0.03), "a series that nobody counted is no error of the others"
