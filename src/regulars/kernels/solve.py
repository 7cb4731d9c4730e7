"""Many small ridge regressions at once: the vector of each customer from the vectors of the items they met.

Row u holds items j with weights w_j and vectors v_j. Its vector x minimizes

    sum_j w_j (1 - v_j.x)^2  +  sum_d diagonal_ud x_d^2,      diagonal_ud = unseen_u spectrum_d + ridge_u

which is one half-pass of implicit ALS (Hu, Koren, Volinsky, ICDM 2008, eq. 4) in a basis where the Gram matrix of all
vectors is diagonal (`als.align`): what everybody did not meet then costs d operations for a row instead of d^2, and its
inverse is a free preconditioner of the conjugate gradients, so that two steps do.
"""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba
import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float32]
Number = float | np.float32

TILE = 4  # vectors multiplied together: one load of x serves four of them
PARTS = 8  # pieces of work for each thread, so that the slowest piece does not decide
LOOSE = {"reassoc", "contract", "arcp", "nsz"}  # sums in any order; NaN keeps its meaning


class Rows(NamedTuple):
    """Ragged rows: row u meets columns[starts[u]:starts[u + 1]] with these positive weights."""

    starts: Longs  # [n + 1]
    columns: Ints
    weights: Floats


class Prior(NamedTuple):
    """What pulls the vector of each row to zero; all positive."""

    spectrum: Floats  # [d]
    unseen: Floats  # [n]
    ridge: Floats  # [n]


def solve_rows(
    rows: Rows, fixed: Floats, prior: Prior, solved: Floats, *, steps: int, tolerance: float = 0.0, threads: int = 0
) -> None:
    """Moves each row of `solved` [n, d] towards its minimum, in place, starting from what is there.

    fixed: the vectors of the columns, float32 [m, d]. steps: conjugate gradient steps, at most; a row stops earlier
    when its error has fallen by the factor `tolerance`. threads: 0 means all cores. Rows without columns become zero.
    The result does not depend on the number of threads.
    """
    workers = 1 if len(solved) == 1 else threads or numba.get_num_threads()
    spans = _balanced(rows.starts, 1 if workers == 1 else workers * PARTS)

    def work(first: int, last: int) -> None:
        _solve(first, last, *rows, fixed, *prior, solved, steps, np.float32(tolerance))  # tuples take long to unpack

    if workers == 1 or len(spans) == 1:
        for first, last in spans:
            work(first, last)
        return
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(work, first, last) for first, last in spans]:
            done.result()


def _balanced(starts: Longs, parts: int) -> list[tuple[int, int]]:
    """Spans of rows that cover all rows and cost about the same."""
    if parts == 1:
        return [(0, len(starts) - 1)]
    cost = starts + TILE * np.arange(len(starts))
    bounds = np.unique(np.searchsorted(cost, np.linspace(0, cost[-1], parts + 1))).tolist()
    return list(itertools.pairwise(bounds))


X, DIAGONAL, RESIDUAL, DIRECTION, CHANGE, ROOM = range(6)  # vectors on the desk of one row


@njit(cache=True, nogil=True, fastmath=LOOSE, error_model="numpy")
def _solve(
    first: int, last: int, starts: Longs, columns: Ints, weights: Floats, fixed: Floats, spectrum: Floats,
    unseen: Floats, ridge: Floats, solved: Floats, steps: int, tolerance: Number,
) -> None:  # fmt: skip
    d = solved.shape[1]
    desk = np.empty((ROOM, d), np.float32)
    for row in range(first, last):
        begin, end = starts[row], starts[row + 1]
        if begin == end:
            solved[row] = 0
            continue
        for j in range(d):
            desk[X, j] = solved[row, j]
            desk[DIAGONAL, j] = unseen[row] * spectrum[j] + ridge[row]
        _descend(columns[begin:end], weights[begin:end], fixed, desk, steps, tolerance)
        for j in range(d):
            solved[row, j] = desk[X, j]


@njit(cache=True, nogil=True, fastmath=LOOSE, error_model="numpy")
def _descend(columns: Ints, weights: Floats, fixed: Floats, desk: Floats, steps: int, tolerance: Number) -> None:
    """Preconditioned conjugate gradients on one row; the last step needs the curvature only."""
    d = desk.shape[1]
    _pull(columns, weights, fixed, desk, X, RESIDUAL, True)
    error = np.float32(0)
    for j in range(d):
        desk[DIRECTION, j] = desk[RESIDUAL, j] / desk[DIAGONAL, j]
        error += desk[RESIDUAL, j] * desk[DIRECTION, j]
    enough = max(tolerance * tolerance * error, np.float32(1e-30))
    for step in range(steps):
        if error <= enough:
            return
        more = step + 1 < steps
        length = error / _pull(columns, weights, fixed, desk, DIRECTION, CHANGE, more)
        for j in range(d):
            desk[X, j] += length * desk[DIRECTION, j]
        if more:
            before = error
            error = np.float32(0)
            for j in range(d):
                desk[RESIDUAL, j] += length * desk[CHANGE, j]
                error += desk[RESIDUAL, j] * desk[RESIDUAL, j] / desk[DIAGONAL, j]
            for j in range(d):
                desk[DIRECTION, j] = desk[RESIDUAL, j] / desk[DIAGONAL, j] + error / before * desk[DIRECTION, j]


@njit(cache=True, nogil=True, fastmath=LOOSE, error_model="numpy")
def _pull(columns: Ints, weights: Floats, fixed: Floats, desk: Floats, x: int, out: int, spread: bool) -> Number:
    """out = sum_j w_j (t - v_j.x) v_j - diagonal x if `spread`; returns sum_j w_j (v_j.x)^2 + sum_d diagonal x^2.

    x, out: vectors on the desk; t is 1 where x is the vector, 0 where it is a direction. The vectors are read where
    they lie, in tiles that spread while they are still close; the first reading brings a row into the caches.
    """
    d, last = desk.shape[1], len(columns) - 1
    target = np.float32(1) if x == X else np.float32(0)
    curvature = np.float32(0)
    for j in range(d):
        drag = desk[DIAGONAL, j] * desk[x, j]
        desk[out, j] = -drag
        curvature += drag * desk[x, j]
    for k in range(0, last + 1, TILE):
        k1, k2, k3 = min(k + 1, last), min(k + 2, last), min(k + 3, last)  # beyond the last with a weight of zero
        v0, v1, v2, v3 = np.uint32(columns[k]), np.uint32(columns[k1]), np.uint32(columns[k2]), np.uint32(columns[k3])
        w0 = weights[k]
        w1 = weights[k1] if k + 1 <= last else np.float32(0)
        w2 = weights[k2] if k + 2 <= last else np.float32(0)
        w3 = weights[k3] if k + 3 <= last else np.float32(0)
        a, b, c, e = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for j in range(d):
            a += fixed[v0, j] * desk[x, j]
            b += fixed[v1, j] * desk[x, j]
            c += fixed[v2, j] * desk[x, j]
            e += fixed[v3, j] * desk[x, j]
        curvature += (w0 * a * a + w1 * b * b) + (w2 * c * c + w3 * e * e)
        if spread:
            w0, w1, w2, w3 = w0 * (target - a), w1 * (target - b), w2 * (target - c), w3 * (target - e)
            for j in range(d):
                desk[out, j] += (w0 * fixed[v0, j] + w1 * fixed[v1, j]) + (w2 * fixed[v2, j] + w3 * fixed[v3, j])
    return curvature
