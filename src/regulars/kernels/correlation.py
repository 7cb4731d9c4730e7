"""Items whose ratings deviate from what was expected in the same direction, and what they predict together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .answers import Floats, Ints, Longs

MOMENTS = 6  # what is summed over the raters that two sides have in common
TINY = 1e-10  # what is left of a variance of 0 after rounding


class Near(NamedTuple):
    """Each item's neighbors, most similar first: those of item i are the slice starts[i]:starts[i + 1]."""

    starts: Longs
    neighbors: Ints
    similarities: Floats


def correlated(by_item: Near, by_user: Near, shrinkage: float, most: int, *, centered: bool = False) -> Near:
    """For each item the `most` items with the largest positive shrunk correlation of residuals over common raters.

    s_ij = (n_ij - 1) / (n_ij - 1 + shrinkage) * sum e_ui e_uj / sqrt(sum e_ui^2 sum e_uj^2) over the n_ij customers who
    rated both (Koren, TKDD 2010, section 2.3). by_item, by_user: residuals e as ragged rows, of either side.
    centered: residuals are first freed of their means over the common raters (Pearson).
    Time: the sum over customers of the square of their number of ratings.
    """
    n = len(by_item.starts) - 1
    width = min(most, max(0, n - 1))
    neighbors, similarities = np.empty((n, width), dtype=np.int32), np.empty((n, width), dtype=np.float32)
    counts = np.zeros(n, dtype=np.int64)
    _correlated(*by_item, *by_user, shrinkage, centered, neighbors, similarities, counts)
    kept = np.arange(width) < counts[:, np.newaxis]
    return Near(np.concatenate([[0], np.cumsum(counts)]), neighbors[kept], similarities[kept])


def weighted_means(histories: Near, near: Near, k: int, items: Ints) -> Floats:
    """What the residuals in each history say of `items` [m]; float32 [n, m].

    sum s_ij e_uj / sum s_ij over the k most similar items j of the history; 0 where it holds none that is similar.
    """
    out = np.zeros((len(histories.starts) - 1, len(items)), dtype=np.float32)
    _means(*histories, *near, k, items, out)
    return out


def mean_parts(histories: Near, near: Near, k: int, answers: Ints) -> Floats:
    """The summand s_ij e_uj / sum s_ij of each entry of a history in each answer [n, m]; float32 [n_entries, m].

    An answer of -1 gets nothing.
    """
    out = np.zeros((len(histories.neighbors), answers.shape[1]), dtype=np.float32)
    _parts(*histories, *near, k, answers, out)
    return out


@njit(cache=True, nogil=True, inline="always")
def add_pair(sums: NDArray[np.float64], left: float, right: float) -> None:
    """Counts a rater in common: how many, products, squares of either side, and sums of either side."""
    sums[0] += 1
    sums[1] += left * right
    sums[2] += left * left
    sums[3] += right * right
    sums[4] += left
    sums[5] += right


@njit(cache=True, nogil=True, inline="always")
def correlation(sums: NDArray[np.float64], shrinkage: float, centered: bool) -> float:
    """The shrunk correlation of what `add_pair` counted; 0 where it is not positive or there is but one pair."""
    n, product, left, right = sums[0], sums[1], sums[2], sums[3]
    if n < 2:
        return 0.0
    if centered:
        product -= sums[4] * sums[5] / n
        left -= sums[4] * sums[4] / n
        right -= sums[5] * sums[5] / n
    if product <= 0 or left <= TINY or right <= TINY:
        return 0.0
    return float(min(product / np.sqrt(left * right), 1.0) * (n - 1) / (n - 1 + shrinkage))


@njit(cache=True, nogil=True)
def _correlated(
    item_starts: Longs,
    raters: Ints,
    item_residuals: Floats,
    user_starts: Longs,
    rated: Ints,
    user_residuals: Floats,
    shrinkage: float,
    centered: bool,
    neighbors: Ints,
    similarities: Floats,
    counts: Longs,
) -> None:
    n = len(item_starts) - 1
    sums, found = np.zeros((n, MOMENTS)), np.zeros(n)
    for i in range(n):
        for at in range(item_starts[i], item_starts[i + 1]):
            e = np.float64(item_residuals[at])
            for place in range(user_starts[raters[at]], user_starts[raters[at] + 1]):
                add_pair(sums[rated[place]], e, np.float64(user_residuals[place]))
        for j in range(n):
            found[j] = correlation(sums[j], shrinkage, centered) if j != i else 0
            sums[j] = 0
        candidates = np.flatnonzero(found)
        order = candidates[np.argsort(-found[candidates], kind="mergesort")]
        counts[i] = min(len(order), neighbors.shape[1])
        for rank in range(counts[i]):
            neighbors[i, rank] = order[rank]
            similarities[i, rank] = found[order[rank]]


@njit(cache=True, nogil=True)
def _means(
    starts: Longs,
    rated: Ints,
    residuals: Floats,
    near_starts: Longs,
    neighbors: Ints,
    similarities: Floats,
    k: int,
    items: Ints,
    out: Floats,
) -> None:
    places = np.full(len(near_starts) - 1, -1, dtype=np.int64)
    for row in range(len(starts) - 1):
        for at in range(starts[row], starts[row + 1]):
            places[rated[at]] = at
        for column in range(len(items)):
            total, weight, used = 0.0, 0.0, 0
            for rank in range(near_starts[items[column]], near_starts[items[column] + 1]):
                at = places[neighbors[rank]]
                if at >= 0:
                    total += similarities[rank] * residuals[at]
                    weight += similarities[rank]
                    used += 1
                    if used == k:
                        break
            if used:
                out[row, column] = total / weight
        for at in range(starts[row], starts[row + 1]):
            places[rated[at]] = -1


@njit(cache=True, nogil=True)
def _parts(
    starts: Longs,
    rated: Ints,
    residuals: Floats,
    near_starts: Longs,
    neighbors: Ints,
    similarities: Floats,
    k: int,
    answers: Ints,
    out: Floats,
) -> None:
    places = np.full(len(near_starts) - 1, -1, dtype=np.int64)
    for row in range(len(starts) - 1):
        for at in range(starts[row], starts[row + 1]):
            places[rated[at]] = at
        for column in range(answers.shape[1]):
            i = answers[row, column]
            if i < 0:
                continue
            weight, used = 0.0, 0
            for rank in range(near_starts[i], near_starts[i + 1]):
                at = places[neighbors[rank]]
                if at >= 0 and used < k:
                    out[at, column] = similarities[rank] * residuals[at]
                    weight += similarities[rank]
                    used += 1
            if used:
                for at in range(starts[row], starts[row + 1]):
                    out[at, column] /= weight
        for at in range(starts[row], starts[row + 1]):
            places[rated[at]] = -1
