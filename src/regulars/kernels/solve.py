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
Shorts = NDArray[np.int16]
Number = float | np.float32

BUFFER = 1 << 18  # numbers held close to the core while a row is solved: 1 MB of float32, half of a common L2 cache
TILE = 4  # vectors multiplied together: one load of x serves four of them
PARTS = 8  # pieces of work for each thread, so that the slowest piece does not decide
LOOSE = {"reassoc", "contract", "arcp", "nsz"}  # sums in any order; NaN keeps its meaning


class Rows(NamedTuple):
    """Ragged rows: row u meets columns[starts[u]:starts[u + 1]] with these positive weights."""

    starts: Longs  # [n + 1]
    columns: Ints
    weights: Floats


class Vectors(NamedTuple):
    """Vectors scales[i] * numbers[i]: float32 numbers with scales of one, or 16-bit integers (`packed`)."""

    numbers: Floats | Shorts  # [m, d]
    scales: Floats  # [m]


class Prior(NamedTuple):
    """What pulls the vector of each row to zero; all positive."""

    spectrum: Floats  # [d]
    unseen: Floats  # [n]
    ridge: Floats  # [n]


def plain(vectors: Floats) -> Vectors:
    """The vectors as they are."""
    return Vectors(vectors, np.ones(len(vectors), dtype=np.float32))


def packed(vectors: Floats) -> Vectors:
    """The vectors in half the memory, each coordinate to 1.6e-5 of the largest of its vector.

    Fetching vectors in the order of the rows is what bounds a pass over many events; this halves it, and its error is
    far below that of two steps of conjugate gradients.
    """
    numbers = np.empty(vectors.shape, dtype=np.int16)
    scales = np.empty(len(vectors), dtype=np.float32)
    _pack(vectors, numbers, scales)
    return Vectors(numbers, scales)


@njit(cache=True, nogil=True, fastmath=LOOSE, error_model="numpy")
def _pack(vectors: Floats, numbers: Shorts, scales: Floats) -> None:
    n, d = vectors.shape
    for i in range(n):
        largest = np.float32(1e-30)
        for j in range(d):
            largest = max(largest, abs(vectors[i, j]))
        scales[i] = largest / np.float32(32767)
        for j in range(d):
            shifted = vectors[i, j] / scales[i] + np.float32(32768.5)
            numbers[i, j] = np.int16(np.int32(shifted) - np.int32(32768))


def solve_rows(
    rows: Rows, fixed: Vectors, prior: Prior, solved: Floats, *, steps: int, tolerance: float = 0.0, threads: int = 0
) -> None:
    """Moves each row of `solved` [n, d] towards its minimum, in place, starting from what is there.

    fixed: the vectors of the columns, [m, d]. steps: conjugate gradient steps, at most; a row stops earlier when
    its error has fallen by the factor `tolerance`. threads: 0 means all cores. Rows without columns become zero.
    The result does not depend on the number of threads.
    """
    problem = Problem(rows, fixed, prior)
    workers = threads or numba.get_num_threads()
    spans = _balanced(rows.starts, 1 if workers == 1 else workers * PARTS)

    def work(first: int, last: int) -> None:
        _solve(problem, first, last, solved, steps, np.float32(tolerance))

    if workers == 1 or len(spans) == 1:
        for first, last in spans:
            work(first, last)
        return
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(work, first, last) for first, last in spans]:
            done.result()


def _balanced(starts: Longs, parts: int) -> list[tuple[int, int]]:
    """Spans of rows that cover all rows and cost about the same."""
    cost = starts + TILE * np.arange(len(starts))
    bounds = np.unique(np.searchsorted(cost, np.linspace(0, cost[-1], parts + 1))).tolist()
    return list(itertools.pairwise(bounds))


class Problem(NamedTuple):
    """All that is given."""

    rows: Rows
    fixed: Vectors
    prior: Prior


X, DIAGONAL, RESIDUAL, DIRECTION, CHANGE, NEAR = range(6)  # rows of a desk; from NEAR on copies of the row's vectors


@njit(cache=True, nogil=True, fastmath=LOOSE, error_model="numpy")
def _solve(problem: Problem, first: int, last: int, solved: Floats, steps: int, tolerance: Number) -> None:
    starts = problem.rows.starts
    spectrum, unseen, ridge = problem.prior
    d = solved.shape[1]
    longest = 0
    for row in range(first, last):
        longest = max(longest, starts[row + 1] - starts[row])
    room = min((longest + TILE - 1) // TILE, max(BUFFER // d // TILE, 4)) * TILE
    desk = np.empty((NEAR + room, d), np.float32)
    weights = np.empty(room, np.float32)
    for row in range(first, last):
        begin, end = starts[row], starts[row + 1]
        if begin == end:
            solved[row] = 0
            continue
        for j in range(d):
            desk[X, j] = solved[row, j]
            desk[DIAGONAL, j] = unseen[row] * spectrum[j] + ridge[row]
        if end - begin <= room:
            _fetch(problem, begin, end, desk, weights)
        _descend(problem, begin, end, desk, weights, steps, tolerance)
        for j in range(d):
            solved[row, j] = desk[X, j]


@njit(cache=True, nogil=True, fastmath=LOOSE, error_model="numpy")
def _descend(
    problem: Problem, begin: int, end: int, desk: Floats, weights: Floats, steps: int, tolerance: Number
) -> None:
    """Preconditioned conjugate gradients on one row; the last step needs the curvature only."""
    d = desk.shape[1]
    _pull(problem, begin, end, desk, weights, X, RESIDUAL, True)
    error = np.float32(0)
    for j in range(d):
        desk[DIRECTION, j] = desk[RESIDUAL, j] / desk[DIAGONAL, j]
        error += desk[RESIDUAL, j] * desk[DIRECTION, j]
    enough = max(tolerance * tolerance * error, np.float32(1e-30))
    for step in range(steps):
        if error <= enough:
            return
        more = step + 1 < steps
        length = error / _pull(problem, begin, end, desk, weights, DIRECTION, CHANGE, more)
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
def _pull(
    problem: Problem, begin: int, end: int, desk: Floats, weights: Floats, x: int, out: int, spread: bool
) -> Number:
    """out = sum_j w_j (t - v_j.x) v_j - diagonal x if `spread`; returns sum_j w_j (v_j.x)^2 + sum_d diagonal x^2.

    x, out: rows of the desk; t is 1 where x is the vector, 0 where it is a direction. A row with more vectors than the
    desk has room for is fetched again, piece by piece.
    """
    curvature = np.float32(0)
    for j in range(desk.shape[1]):
        drag = desk[DIAGONAL, j] * desk[x, j]
        desk[out, j] = -drag
        curvature += drag * desk[x, j]
    room = len(desk) - NEAR
    if end - begin <= room:
        return curvature + _sweep(desk, weights, end - begin, x, out, spread)
    for piece in range(begin, end, room):
        stop = min(piece + room, end)
        _fetch(problem, piece, stop, desk, weights)
        curvature += _sweep(desk, weights, stop - piece, x, out, spread)
    return curvature


@njit(cache=True, nogil=True, fastmath=LOOSE, error_model="numpy")
def _fetch(problem: Problem, begin: int, end: int, desk: Floats, weights: Floats) -> None:
    """Copies vectors and weights of a row to the desk, filled up with zeros to whole tiles."""
    numbers, scales = problem.fixed
    _, columns, given = problem.rows
    n, d = end - begin, desk.shape[1]
    for k in range(n):
        column = np.uint32(columns[begin + k])
        weights[k] = given[begin + k]
        scale = scales[column]
        for j in range(d):
            desk[NEAR + k, j] = scale * numbers[column, j]
    for k in range(n, (n + TILE - 1) // TILE * TILE):
        weights[k] = 0
        for j in range(d):
            desk[NEAR + k, j] = 0


@njit(cache=True, nogil=True, fastmath=LOOSE, error_model="numpy")
def _sweep(desk: Floats, weights: Floats, n: int, x: int, out: int, spread: bool) -> Number:
    """The sums of `_pull` over the n vectors on the desk: a tile of them meets x, then spreads, while it is close."""
    d = desk.shape[1]
    target = np.float32(1) if x == X else np.float32(0)
    curvature = np.float32(0)
    for k in range(0, n, TILE):
        v = NEAR + k
        a, b, c, e = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for j in range(d):
            a += desk[v, j] * desk[x, j]
            b += desk[v + 1, j] * desk[x, j]
            c += desk[v + 2, j] * desk[x, j]
            e += desk[v + 3, j] * desk[x, j]
        wa, wb, wc, we = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        curvature += (wa * a * a + wb * b * b) + (wc * c * c + we * e * e)
        if spread:
            wa, wb, wc, we = wa * (target - a), wb * (target - b), wc * (target - c), we * (target - e)
            for j in range(d):
                desk[out, j] += (wa * desk[v, j] + wb * desk[v + 1, j]) + (wc * desk[v + 2, j] + we * desk[v + 3, j])
    return curvature
