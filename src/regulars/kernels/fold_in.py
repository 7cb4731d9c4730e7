"""What the fold-in of a customer needs beside its solver: what a history weighs, and what each of its items adds."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from .answers import Floats, Ints, Longs
from .sums import positive_sums
from .vectors import Doubles

COUNT, LOG, BINARY = range(3)  # rules of a profile


class Law(NamedTuple):
    """How the items of a row weigh: pulled by the pull of the item over (items of the row) ** damping, against a ridge
    of regularization * (items of the row + mass) ** power.

    rule: COUNT, LOG or BINARY; largest: the pull of items that came after the fit.
    """

    rule: float
    largest: float
    damping: float
    regularization: float
    mass: float
    power: float


@njit(cache=True, nogil=True)
def fold_in_rows(
    starts: Longs, items: Ints, weights: Floats, vectors: Floats, pull: Floats, law: Doubles
) -> tuple[Longs, Ints, Floats, Floats]:
    """Items and weights of each row for the solver, and its ridge; items without a vector, or of a sum that is not
    above 0, are none.

    starts: [n + 1] of the events in items and weights; pull: [n_fitted]; law: a Law as an array, which costs less to
    hand over.
    """
    rule, largest, damping, regularization, mass, power = law
    n = len(starts) - 1
    ends, ridges = np.zeros(n + 1, dtype=np.int64), np.empty(n, dtype=np.float32)
    found, sums = positive_sums(starts, items, weights, len(vectors), ends)
    begin = at = 0
    for row in range(n):
        first, last = begin, ends[row + 1]
        begin, ends[row] = last, at
        for place in range(first, last):
            if not np.isnan(vectors[found[place], 0]):
                found[at], sums[at] = found[place], sums[place]
                at += 1
        ridges[row] = regularization * (np.float64(at - ends[row]) + mass) ** power
        scale = np.float64(max(at - ends[row], 1)) ** -damping
        for place in range(ends[row], at):
            item = found[place]
            pulled = pull[item] if item < len(pull) else largest
            weight = sums[place]
            if rule == BINARY:
                weight = np.float32(1)
            elif rule == LOG:
                weight = np.float32(math.log1p(weight))
            sums[place] = weight * np.float32(pulled * scale)
    ends[n] = at
    return ends, found[:at].copy(), sums[:at].copy(), ridges


@njit(cache=True, nogil=True)
def added(
    starts: Longs, items: Ints, weights: Floats, vectors: Floats, spectrum: Floats, ridges: Floats, answers: Ints
) -> Floats:
    """w_j v_j' A^-1 y_i with A = V' W V + diagonal, for the items j of a row and its answers i; float32 [n_entries, k].

    diagonal: the spectrum plus the row's ridge. By a system of the size of the row where that is smaller than A:
    A^-1 V' W = D^-1 V' (W^-1 + V D^-1 V')^-1. An answer of -1 gets nothing.
    """
    out = np.zeros((len(items), answers.shape[1]), dtype=np.float32)
    for row in range(len(answers)):
        begin, end = starts[row], starts[row + 1]
        if begin == end:
            continue
        met = vectors[items[begin:end]].astype(np.float64)
        wanted = np.zeros((answers.shape[1], vectors.shape[1]))
        for place in range(answers.shape[1]):
            if answers[row, place] >= 0:
                wanted[place] = vectors[answers[row, place]]
        diagonal = spectrum.astype(np.float64) + np.float64(ridges[row])
        amounts = weights[begin:end].astype(np.float64)
        out[begin:end] = _added(met, amounts, diagonal, wanted)
    return out


@njit(cache=True, nogil=True)
def _added(met: Doubles, amounts: Doubles, diagonal: Doubles, wanted: Doubles) -> Doubles:
    m = len(met)
    if m <= len(diagonal):
        scaled = met / diagonal
        small = scaled @ met.T
        for place in range(m):
            small[place, place] += 1 / amounts[place]
        return np.linalg.solve(small, scaled @ wanted.T)  # type: ignore[return-value]
    whole = (met.T * amounts) @ met
    for place in range(len(diagonal)):
        whole[place, place] += diagonal[place]
    return (amounts * (met @ np.linalg.solve(whole, wanted.T)).T).T
