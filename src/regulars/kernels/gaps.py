"""How long until the next time: gamma-distributed gaps whose rate differs from one series to the next."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .answers import Ints, in_blocks

Doubles = NDArray[np.float64]

BLOCK = 8_192  # series that one thread works on at a time
_SMALLEST = 1e-300
_PRECISION = 1e-12
_STEPS = 500  # of a continued fraction


def evidence(
    counts: Ints,
    done: Doubles,
    waiting: Doubles,
    log_scale: Doubles,
    *,
    shape: float,
    spread: float,
    stopped: Doubles | None = None,
) -> tuple[Doubles, Doubles, Doubles]:
    """Log likelihood of each series, its slope and about its bend in `log_scale`; float64 [n] each.

    Gaps of a series are gamma(shape, rate); its rate is gamma(spread, exp(log_scale)), the rate integrated out.
    counts: int32, ended gaps; done: their sum; waiting: the time since, in which nothing came (right censored).
    stopped: float64 [n], the chance that nothing ever comes after the last time; 0 unless given. Without the term
    (shape - 1) * sum(log(gap)), which neither the scale nor the spread changes. The bend is about that of shape 1, at
    most 0, and good enough for steps of Newton.
    """
    told = tuple(np.empty(len(counts)) for _ in range(3))
    ended = np.zeros(len(counts)) if stopped is None else stopped

    def work(begin: int, end: int) -> None:
        rows = slice(begin, end)
        _evidence(
            counts[rows],
            done[rows],
            waiting[rows],
            log_scale[rows],
            ended[rows],
            shape,
            spread,
            *(column[rows] for column in told),
        )

    in_blocks(work, len(counts), BLOCK, None)
    return told[0], told[1], told[2]


def log_survival(
    counts: Ints, done: Doubles, elapsed: Doubles, log_scale: Doubles, *, shape: float, spread: float
) -> Doubles:
    """Log of how likely the next gap is longer than `elapsed`, given the ended ones; float64 [n], at most 0."""
    told = np.empty(len(counts))

    def work(begin: int, end: int) -> None:
        rows = slice(begin, end)
        _log_survival(counts[rows], done[rows], elapsed[rows], log_scale[rows], shape, spread, told[rows])

    in_blocks(work, len(counts), BLOCK, None)
    return told


@njit(cache=True, nogil=True)
def _evidence(
    counts: Ints,
    done: Doubles,
    waiting: Doubles,
    log_scale: Doubles,
    stopped: Doubles,
    shape: float,
    spread: float,
    value: Doubles,
    slope: Doubles,
    bend: Doubles,
) -> None:
    first = math.lgamma(spread)
    each = math.lgamma(shape)
    for row in range(len(counts)):
        n = counts[row]
        scale = math.exp(log_scale[row])
        a, b = spread + n * shape, scale + done[row]
        survived = _log_beyond(shape, a, waiting[row], b)
        goes_on = (1.0 - stopped[row]) * math.exp(survived)
        alive = goes_on / (goes_on + stopped[row]) if stopped[row] > 0 else 1.0
        waited = math.log(goes_on + stopped[row]) if stopped[row] > 0 else survived
        value[row] = math.lgamma(a) - first - n * each + spread * log_scale[row] - a * math.log(b) + waited
        steep = spread - a * scale / b
        if waiting[row] > 0:
            x = waiting[row] / (waiting[row] + b)
            log_density = shape * math.log(x) + a * math.log1p(-x) - _log_beta(shape, a)
            steep += alive * math.exp(log_density - survived) * scale / b
        slope[row] = steep
        told = done[row] + waiting[row]
        bend[row] = -alive * a * scale * told / (scale + told) ** 2
        bend[row] -= (1.0 - alive) * a * scale * done[row] / (scale + done[row]) ** 2


@njit(cache=True, nogil=True)
def _log_survival(
    counts: Ints, done: Doubles, elapsed: Doubles, log_scale: Doubles, shape: float, spread: float, told: Doubles
) -> None:
    for row in range(len(counts)):
        a, b = spread + counts[row] * shape, math.exp(log_scale[row]) + done[row]
        told[row] = _log_beyond(shape, a, elapsed[row], b)


@njit(cache=True, nogil=True)
def _log_beyond(shape: float, a: float, elapsed: float, b: float) -> float:
    """Log of P(gap > elapsed) where gap / (gap + b) is beta(shape, a)."""
    if elapsed <= 0:
        return 0.0
    x = elapsed / (elapsed + b)
    if shape == 1.0:
        return a * math.log1p(-x)
    front = shape * math.log(x) + a * math.log1p(-x) - _log_beta(shape, a)
    if x < (shape + 1.0) / (shape + a + 2.0):
        below = math.exp(front) * _fraction(shape, a, x) / shape
        return math.log1p(-min(below, 1.0 - 1e-16))
    return front + math.log(_fraction(a, shape, 1.0 - x) / a)


@njit(cache=True, nogil=True, inline="always")
def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


@njit(cache=True, nogil=True)
def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function (Abramowitz, Stegun 1964, 26.5.8), by Lentz's method."""
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > _SMALLEST else _SMALLEST)
    total = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d = 1.0 + even * d
        d = 1.0 / (d if abs(d) > _SMALLEST else _SMALLEST)
        c = 1.0 + even / c
        c = c if abs(c) > _SMALLEST else _SMALLEST
        total *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d = 1.0 + odd * d
        d = 1.0 / (d if abs(d) > _SMALLEST else _SMALLEST)
        c = 1.0 + odd / c
        c = c if abs(c) > _SMALLEST else _SMALLEST
        change = d * c
        total *= change
        if abs(change - 1.0) < _PRECISION:
            break
    return total
