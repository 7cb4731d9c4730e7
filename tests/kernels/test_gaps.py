"""Gaps with a rate of their own for each series, against the integrals that they stand for."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gamma

from regulars.kernels.gaps import evidence, log_survival

SHAPES = (0.6, 1.0, 2.5)


def series():
    counts = np.array([0, 1, 3, 0, 8], dtype=np.int32)
    done = np.array([0.0, 21.0, 40.0, 0.0, 170.0])
    waiting = np.array([30.0, 5.0, 90.0, 0.0, 12.0])
    return counts, done, waiting, np.log(np.array([10.0, 25.0, 3.0, 40.0, 14.0]))


def twin(n, done, waiting, scale, shape, spread):
    """The likelihood by integrating the rate out numerically, without (shape - 1) * sum(log(gap))."""

    def likelihood(rate):
        gaps = n * shape * np.log(rate) - n * float(np.log(gamma_function(shape))) - rate * done
        return np.exp(gaps) * gamma.sf(waiting, shape, scale=1 / rate) * gamma.pdf(rate, spread, scale=1 / scale)

    peak = spread / scale
    pieces = [(0.0, peak / 10), (peak / 10, peak), (peak, 3 * peak), (3 * peak, 40 * peak + 10 / max(waiting, 1))]
    return np.log(sum(quad(likelihood, low, high, epsabs=1e-14, limit=400)[0] for low, high in pieces))


@pytest.mark.parametrize("shape", SHAPES)
def test_who_may_have_stopped_waits_for_two_reasons(shape):
    counts, done, waiting, log_scale = series()
    stopped = np.array([0.3, 0.0, 0.9, 0.5, 0.05])
    told = evidence(counts, done, waiting, log_scale, shape=shape, spread=1.7, stopped=stopped)[0]
    waits = evidence(counts, done, waiting, log_scale, shape=shape, spread=1.7)[0]
    ended = evidence(counts, done, np.zeros(5), log_scale, shape=shape, spread=1.7)[0]
    assert np.allclose(told, np.log((1 - stopped) * np.exp(waits) + stopped * np.exp(ended)))


def gamma_function(x):
    from scipy.special import gamma as value

    return value(x)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_likelihood_is_the_integral_over_the_rate(shape):
    counts, done, waiting, log_scale = series()
    value, _, _ = evidence(counts, done, waiting, log_scale, shape=shape, spread=1.7)
    slow = [twin(*row, shape, 1.7) for row in zip(counts, done, waiting, np.exp(log_scale), strict=True)]
    assert np.allclose(value, slow, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_slope_is_what_the_likelihood_changes_by(shape):
    counts, done, waiting, log_scale = series()
    step = 1e-5
    high, low = (evidence(counts, done, waiting, log_scale + way * step, shape=shape, spread=0.8)[0] for way in (1, -1))
    _, slope, bend = evidence(counts, done, waiting, log_scale, shape=shape, spread=0.8)
    assert np.allclose(slope, (high - low) / (2 * step), atol=1e-7)
    assert (bend <= 0).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_slope_of_who_may_have_stopped_is_what_the_likelihood_changes_by(shape):
    counts, done, waiting, log_scale = series()
    step, how = 1e-5, {"shape": shape, "spread": 0.8, "stopped": np.array([0.3, 0.0, 0.9, 0.5, 0.05])}
    high, low = (evidence(counts, done, waiting, log_scale + way * step, **how)[0] for way in (1, -1))
    _, slope, bend = evidence(counts, done, waiting, log_scale, **how)
    assert np.allclose(slope, (high - low) / (2 * step), atol=1e-7)
    assert (bend <= 0).all()


def test_the_bend_of_shape_1_is_what_the_slope_changes_by():
    counts, done, waiting, log_scale = series()
    step = 1e-5
    high, low = (evidence(counts, done, waiting, log_scale + way * step, shape=1.0, spread=0.8)[1] for way in (1, -1))
    assert np.allclose(evidence(counts, done, waiting, log_scale, shape=1.0, spread=0.8)[2], (high - low) / (2 * step))


@pytest.mark.parametrize("shape", [0.3, 0.9, 1.0, 4.0, 30.0])
@pytest.mark.parametrize("spread", [0.2, 3.0, 200.0])
def test_survival_is_the_incomplete_beta_function(shape, spread):
    from scipy.special import betainc

    elapsed = np.array([0.0, 1e-3, 1.0, 20.0, 400.0, 1e6])
    counts, done = np.full(6, 2, dtype=np.int32), np.full(6, 33.0)
    told = log_survival(counts, done, elapsed, np.full(6, np.log(7.0)), shape=shape, spread=spread)
    slow = betainc(spread + 2 * shape, shape, 40.0 / (40.0 + elapsed))
    large = slow > 1e-250
    assert np.allclose(told[large], np.log(slow[large]), rtol=1e-9, atol=1e-11)
    assert (np.diff(told) <= 0).all()
