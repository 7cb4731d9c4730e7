"""Bias and vector of each customer by ridge regression of their ratings on the vectors of what they rated.

One thread and no BLAS: the systems are small, and libraries lose more time in handing them to threads than in solving.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from .answers import Floats, Longs
from .cholesky import factor
from .sgd import Ratings, Side

Doubles = np.ndarray  # float64


class Solved(NamedTuple):
    """What the histories say; rows of customers without ratings are NaN."""

    vectors: Doubles  # [n, d]: p
    biases: Doubles  # [n]: b
    said: Doubles  # [n, d]: |N|^-1/2 sum of the implicit vectors of the rated items
    errors: Doubles  # [n_ratings]: what b and p had to explain of each rating


def solve_customers(
    ratings: Ratings, items: Side, implicit: Floats, *, regularization: float, shrinkage: float
) -> Solved:
    """The minimum of sum (rating - b - b_j - q_j.(p + said))^2 + shrinkage b^2 + (regularization n + shrinkage) |p|^2.

    items: b_j float32 [n_items] and q_j float32 [n_items, d]; implicit: float32 [n_items, d], or [n_items, 0] for none.
    Time of a customer with n ratings: n * d * min(n, d).
    """
    n, d = len(ratings.starts) - 1, items.vectors.shape[1]
    solved, said = np.full((n, d + 1), np.nan), np.zeros((n, d))
    errors = np.empty(len(ratings.values))
    _solve(*ratings, *items, implicit, regularization, shrinkage, solved, said, errors)
    return Solved(solved[:, :d], solved[:, d], said, errors)


@njit(cache=True, nogil=True)
def _solve(
    starts: Longs,
    columns: np.ndarray,
    values: Floats,
    biases: Floats,
    vectors: Floats,
    implicit: Floats,
    regularization: float,
    shrinkage: float,
    solved: Doubles,
    said: Doubles,
    errors: Doubles,
) -> None:
    d = vectors.shape[1]
    longest = 0
    for row in range(len(starts) - 1):
        longest = max(longest, starts[row + 1] - starts[row])
    design, system = np.empty((longest, d + 1)), np.empty((min(longest, d + 1), min(longest, d + 1)))
    right, ridges = np.empty(min(longest, d + 1)), np.empty(d + 1)
    for row in range(len(starts) - 1):
        begin, n = starts[row], starts[row + 1] - starts[row]
        if n == 0:
            continue
        for at in range(begin, begin + n):
            for f in range(implicit.shape[1]):
                said[row, f] += implicit[columns[at], f] / np.sqrt(n)
        for place in range(n):
            j = columns[begin + place]
            error = np.float64(values[begin + place]) - biases[j]
            for f in range(d):
                design[place, f] = vectors[j, f]
                error -= design[place, f] * said[row, f]
            design[place, d] = 1
            errors[begin + place] = error
        ridges[:] = regularization * n + shrinkage
        ridges[d] = shrinkage
        mine = errors[begin : begin + n]
        if n <= d:
            _by_ratings(design[:n], ridges, mine, system[:n, :n], right[:n], solved[row])
        else:
            _by_factors(design[:n], ridges, mine, system, solved[row])


@njit(cache=True, fastmath={"reassoc", "contract", "nsz"}, nogil=True)
def _by_ratings(
    design: Doubles, ridges: Doubles, errors: Doubles, system: Doubles, right: Doubles, out: Doubles
) -> None:
    """D^-1 V' (I + V D^-1 V')^-1 errors: a system of the size of the history."""
    n, d = design.shape
    for a in range(n):
        for b in range(a + 1):
            total = 0.0
            for f in range(d):
                total += design[a, f] * design[b, f] / ridges[f]
            system[a, b] = total
        system[a, a] += 1
        right[a] = errors[a]
    _cholesky(system, right)
    out[:] = 0
    for a in range(n):
        for f in range(d):
            out[f] += design[a, f] * right[a] / ridges[f]


@njit(cache=True, fastmath={"reassoc", "contract", "nsz"}, nogil=True)
def _by_factors(design: Doubles, ridges: Doubles, errors: Doubles, system: Doubles, out: Doubles) -> None:
    """(V'V + D)^-1 V' errors: a system of the size of the vectors."""
    n, d = design.shape
    system[:] = 0
    out[:] = 0
    for row in range(n):
        for a in range(d):
            out[a] += design[row, a] * errors[row]
            for b in range(a + 1):
                system[a, b] += design[row, a] * design[row, b]
    for a in range(d):
        system[a, a] += ridges[a]
    _cholesky(system, out)


@njit(cache=True, fastmath={"reassoc", "contract", "nsz"}, nogil=True)
def _cholesky(system: Doubles, right: Doubles) -> None:
    """Solves system @ x = right in place; of the symmetric positive system only the lower half is read, and lost."""
    n = len(right)
    factor(system[:n, :n])
    for a in range(n):
        for f in range(a):
            right[a] -= system[a, f] * right[f]
        right[a] /= system[a, a]
    for a in range(n - 1, -1, -1):
        right[a] /= system[a, a]
        for f in range(a):
            right[f] -= system[a, f] * right[a]
