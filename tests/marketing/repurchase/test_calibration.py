"""Calibration: what is said in the end is what happens."""

import numpy as np
import pytest

from marketing.repurchase.renewals import bought, renewals
from regulars.core.errors import EmptyData
from regulars.marketing.repurchase import Calibrated, Frequency, Hazard, bought_within, pairs_of
from regulars.marketing.repurchase.calibration import Calibration, isotonic, moments, platt
from regulars.marketing.repurchase.method import at_horizons


@pytest.mark.parametrize("learn", [isotonic, platt])
def test_a_curve_puts_right_what_was_said_too_loudly(learn):
    random = np.random.default_rng(1)
    truth = random.beta(1, 6, 40_000)
    happened = random.random(40_000) < truth
    loud = truth**0.5
    told = learn(loud, happened)(loud)
    assert np.abs(told - truth).mean() < 0.02
    assert np.argsort(told, kind="stable").tolist() == np.argsort(loud, kind="stable").tolist() or learn is isotonic
    assert (np.diff(told[np.argsort(loud)]) >= 0).all()


def test_a_curve_of_one_value_says_the_share():
    happened = np.arange(1_000) % 10 == 0
    assert isotonic(np.full(1_000, 0.7), happened)(np.array([0.7]))[0] == pytest.approx(0.1, abs=0.01)


def test_horizons_between_the_learned_ones_lie_between():
    said = np.linspace(0.01, 0.9, 5_000).astype(np.float32)
    told = np.column_stack([said * 0.5, said * 0.7, said])
    happened = np.random.default_rng(2).random((5_000, 1)) < told
    curve = Calibration.learned(told, happened, "isotonic")
    one, two, three, four = curve(np.column_stack([told[:, 0], told[:, 1], said * 0.85, said]), (1, 2, 3, 4)).T
    assert (one <= two).all()
    assert (two <= three).all()
    assert (three <= four).all()


def test_calibrated_frequency_says_what_happens():
    data, _, _ = renewals(customers=200, days=420)
    moment = moments(data, 1)[0]
    model = Calibrated(Frequency()).fit(data.before(moment))
    pairs = pairs_of(data, moment)
    for place, weeks in enumerate((1, 2, 4)):
        said = model.probabilities(pairs)[:, place]
        assert said.mean() == pytest.approx(bought_within(data, pairs, (weeks,)).mean(), abs=0.03)


def test_the_weeks_that_calibrate_were_not_seen_by_what_is_calibrated():
    data, _, _ = renewals(customers=40)
    seen = []

    class Spy:
        def fit(self, data, run=None):
            seen.append(int(data.time.max()))
            return Frequency().fit(data)

    Calibrated(Spy()).fit(data)
    assert seen[0] < moments(data, 1)[0] <= seen[1]


@pytest.mark.parametrize("days", [1, 30, 50])
def test_a_log_of_a_few_weeks_is_told(days):
    data = bought([("a", "milk", day) for day in range(days)])
    with pytest.raises(EmptyData, match="56 days or more"):
        Calibrated(Hazard()).fit(data)


def test_between_and_beyond_horizons_purchases_come_at_an_even_pace():
    weeks = np.array([1, 2, 4])
    told = (1 - np.exp(-0.3 * weeks))[None, :].astype(np.float32)
    wanted = (1, 3, 4, 10)
    assert at_horizons(told, (1, 2, 4), wanted)[0] == pytest.approx(1 - np.exp(-0.3 * np.array(wanted)), rel=1e-5)
