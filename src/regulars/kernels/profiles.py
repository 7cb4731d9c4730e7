"""From what a customer did to scores: sparse profiles times item-item weights, and what each entry contributes.

A profile is a row of a CSR matrix: the weight of each item of a history. Every sum runs over the entries of a profile
in their order and is never regrouped: the score of a candidate is the same to the bit in any batch and any subset.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .answers import Floats, Ints, Longs, in_blocks

Sparse = tuple[Longs, Ints, Floats]  # indptr, indices, data of CSR rows

TILE = 128  # columns summed together: their weights for 4,000 items fill the second-level cache, not more
FEW = 8  # columns that are laid out for many profiles: a pass over all weights, and some bytes for each item
BLOCK = 512  # rows that one thread works on at a time: enough to use a tile many times


def dense_scores(profiles: Sparse, weights: Floats, columns: Ints | None = None) -> Floats:
    """profiles [n, m] @ weights [m, m][:, columns]; float32, a NaN row where a profile is empty."""
    n, width = len(profiles[0]) - 1, weights.shape[1] if columns is None else len(columns)
    out = np.empty((n, width), dtype=np.float32)

    def work(begin: int, end: int) -> None:
        starts = profiles[0][begin : end + 1]
        if columns is None:
            _dense(starts, profiles[1], profiles[2], weights, out[begin:end])
        else:
            _dense_columns(starts, profiles[1], profiles[2], weights, columns, out[begin:end])

    in_blocks(work, n, BLOCK, None)
    return out


def sparse_scores(profiles: Sparse, weights: Sparse, n_items: int, columns: Ints | None = None) -> Floats:
    """profiles [n, m] @ weights [m, n_items][:, columns]; float32, NaN where no entry of a profile reaches the item."""
    wanted, again = (None, None) if columns is None else np.unique(columns, return_inverse=True)
    n, width = len(profiles[0]) - 1, n_items if wanted is None else len(wanted)
    out = np.empty((n, width), dtype=np.float32)
    places = np.full(n_items, -1, dtype=np.int32)
    if wanted is not None:
        places[wanted] = np.arange(width, dtype=np.int32)

    lines = _lines(*weights, places, width) if wanted is not None and _many(profiles, weights, width) else None

    def work(begin: int, end: int) -> None:
        starts = profiles[0][begin : end + 1]
        if lines is not None:
            _by_lines(starts, profiles[1], profiles[2], lines, out[begin:end])
        elif wanted is None:
            _sparse(starts, profiles[1], profiles[2], *weights, out[begin:end])
        else:
            _sparse_columns(starts, profiles[1], profiles[2], *weights, places, out[begin:end])

    in_blocks(work, n, BLOCK, None)
    return out if again is None else out[:, again]


def _many(profiles: Sparse, weights: Sparse, width: int) -> bool:
    """Whether the profiles meet so many weights that the wanted columns are better laid out once."""
    rows = len(weights[0]) - 1
    return width <= FEW and len(profiles[1]) > rows // 8  # going along all weights is so much faster than to and fro


@njit(cache=True, nogil=True)
def _lines(weight_starts: Longs, neighbors: Ints, weights: Floats, places: Ints, width: int) -> Floats:
    """The wanted columns of the weights as rows; float32 [width, n_items], NaN where there is no weight."""
    lines = np.full((width, len(weight_starts) - 1), np.float32(np.nan), dtype=np.float32)
    for item in range(len(weight_starts) - 1):
        for near in range(weight_starts[item], weight_starts[item + 1]):
            place = places[neighbors[near]]
            if place >= 0:
                lines[place, item] = weights[near]
    return lines


@njit(cache=True, nogil=True)
def _by_lines(starts: Longs, items: Ints, amounts: Floats, lines: Floats, out: Floats) -> None:
    out[:] = np.float32(np.nan)
    for row in range(len(out)):
        for at in range(starts[row], starts[row + 1]):
            for place in range(len(lines)):
                share = amounts[at] * lines[place, items[at]]
                if not np.isnan(share):
                    before = out[row, place]
                    out[row, place] = share if np.isnan(before) else before + share


@njit(cache=True, nogil=True)
def _dense(starts: Longs, items: Ints, amounts: Floats, weights: Floats, out: Floats) -> None:
    for begin in range(0, weights.shape[1], TILE):
        end = min(begin + TILE, weights.shape[1])
        for row in range(len(out)):
            sums = out[row, begin:end]
            sums[:] = np.float32(np.nan if starts[row] == starts[row + 1] else 0.0)
            for at in range(starts[row], starts[row + 1]):
                amount = amounts[at]
                line = weights[items[at], begin:end]
                for column in range(len(sums)):
                    sums[column] += amount * line[column]


@njit(cache=True, nogil=True)
def _dense_columns(starts: Longs, items: Ints, amounts: Floats, weights: Floats, columns: Ints, out: Floats) -> None:
    for row in range(len(out)):
        sums = out[row]
        sums[:] = np.float32(np.nan if starts[row] == starts[row + 1] else 0.0)
        for at in range(starts[row], starts[row + 1]):
            amount = amounts[at]
            line = weights[items[at]]
            for place in range(len(columns)):
                sums[place] += amount * line[columns[place]]


@njit(cache=True, nogil=True)
def _sparse(
    starts: Longs,
    items: Ints,
    amounts: Floats,
    weight_starts: Longs,
    neighbors: Ints,
    weights: Floats,
    out: Floats,
) -> None:
    for row in range(len(out)):
        _reach(starts, items, amounts, weight_starts, neighbors, weights, row, out[row])


@njit(cache=True, nogil=True)
def _sparse_columns(
    starts: Longs,
    items: Ints,
    amounts: Floats,
    weight_starts: Longs,
    neighbors: Ints,
    weights: Floats,
    places: Ints,
    out: Floats,
) -> None:
    """places: int32 [n_items], the column of out for each item that is wanted, -1 for all others."""
    out[:] = np.float32(np.nan)
    for row in range(len(out)):
        for at in range(starts[row], starts[row + 1]):
            amount = amounts[at]
            for near in range(weight_starts[items[at]], weight_starts[items[at] + 1]):
                place = places[neighbors[near]]
                if place >= 0:
                    before = out[row, place]
                    share = amount * weights[near]
                    out[row, place] = share if np.isnan(before) else before + share


@njit(cache=True, nogil=True)
def _reach(
    starts: Longs,
    items: Ints,
    amounts: Floats,
    weight_starts: Longs,
    neighbors: Ints,
    weights: Floats,
    row: int,
    sums: Floats,
) -> None:
    """Fills sums [n_items] with the scores of one profile."""
    sums[:] = np.float32(np.nan)
    for at in range(starts[row], starts[row + 1]):
        amount = amounts[at]
        for near in range(weight_starts[items[at]], weight_starts[items[at] + 1]):
            item = neighbors[near]
            before = sums[item]
            share = amount * weights[near]
            sums[item] = share if np.isnan(before) else before + share
