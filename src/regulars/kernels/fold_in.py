"""What the fold-in of a customer needs beside its solver: what a history weighs, and what each of its items adds."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from .answers import Floats, Ints, Longs
from .cholesky import LOOSE, factor, solve_many
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


@njit(cache=True, nogil=True, fastmath=LOOSE, error_model="numpy")
def added(
    starts: Longs, items: Ints, weights: Floats, vectors: Floats, spectrum: Floats, ridges: Floats, answers: Ints
) -> Floats:
    """w_j v_j' A^-1 y_i with A = V' W V + diagonal, for the items j of a row and its answers i; float32 [n_entries, k].

    diagonal: the spectrum plus the row's ridge. By a system of the size of the row where that is smaller than A:
    A^-1 V' W = D^-1 V' (W^-1 + V D^-1 V')^-1. An answer of -1 gets nothing.
    """
    k, d = answers.shape[1], vectors.shape[1]
    out, longest = np.zeros((len(items), k), dtype=np.float32), 0
    for row in range(len(answers)):
        longest = max(longest, starts[row + 1] - starts[row])
    room = min(longest, d)
    met, wanted, diagonal = np.empty((longest, d)), np.zeros((k, d)), np.empty(d)
    system, sides = np.empty((room, room)), np.empty((room, k))
    for row in range(len(answers)):
        begin, end = starts[row], starts[row + 1]
        for place in range(begin, end):
            for f in range(d):
                met[place - begin, f] = vectors[items[place], f]
        for place in range(k):
            answer = answers[row, place]
            for f in range(d):
                wanted[place, f] = vectors[answer, f] if answer >= 0 else 0.0
        for f in range(d):
            diagonal[f] = np.float64(spectrum[f]) + ridges[row]
        m = end - begin
        if m <= d:
            _by_items(met[:m], weights[begin:end], diagonal, wanted, system[:m, :m], sides[:m], out[begin:end])
        else:
            _by_factors(met[:m], weights[begin:end], diagonal, wanted, system, sides, out[begin:end])
    return out


@njit(cache=True, nogil=True, fastmath=LOOSE, error_model="numpy")
def _by_items(
    met: Doubles, weights: Floats, diagonal: Doubles, wanted: Doubles, system: Doubles, sides: Doubles, out: Floats
) -> None:
    """(W^-1 + V D^-1 V')^-1 V D^-1 y_i: a system of the size of the history."""
    scaled = np.empty_like(diagonal)
    for a in range(len(met)):
        for f in range(len(diagonal)):
            scaled[f] = met[a, f] / diagonal[f]
        for b in range(a + 1):
            total = 0.0
            for f in range(len(diagonal)):
                total += scaled[f] * met[b, f]
            system[a, b] = total
        system[a, a] += 1 / np.float64(weights[a])
        for place in range(len(wanted)):
            total = 0.0
            for f in range(len(diagonal)):
                total += scaled[f] * wanted[place, f]
            sides[a, place] = total
    factor(system)
    solve_many(system, sides)
    for a in range(len(met)):
        for place in range(len(wanted)):
            out[a, place] = sides[a, place]


@njit(cache=True, nogil=True, fastmath=LOOSE, error_model="numpy")
def _by_factors(
    met: Doubles, weights: Floats, diagonal: Doubles, wanted: Doubles, system: Doubles, sides: Doubles, out: Floats
) -> None:
    """W V A^-1 y_i: a system of the size of the vectors."""
    d, k = len(diagonal), len(wanted)
    for a in range(d):
        for b in range(a):
            system[a, b] = 0
        system[a, a] = diagonal[a]
        for place in range(k):
            sides[a, place] = wanted[place, a]
    for row in range(len(met)):
        for a in range(d):
            pulled = weights[row] * met[row, a]
            for b in range(a + 1):
                system[a, b] += pulled * met[row, b]
    factor(system)
    solve_many(system, sides)
    line = np.empty(k)
    for row in range(len(met)):
        line[:] = 0
        for a in range(d):
            for place in range(k):
                line[place] += met[row, a] * sides[a, place]
        for place in range(k):
            out[row, place] = weights[row] * line[place]
