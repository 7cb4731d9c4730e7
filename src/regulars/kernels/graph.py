"""Sparse rows times dense columns: what one step over the graph of customers and items costs."""

from __future__ import annotations

import numpy as np
from numba import njit

from .answers import Floats, Ints, Longs, in_blocks
from .profiles import Sparse

BLOCK = 1_024  # rows that one thread works on at a time
SCORED = 16  # customers that one thread works on at a time


def multiply(rows: Sparse, columns: Floats, *, threads: int | None) -> Floats:
    """rows [n, m] @ columns [m, d]; float32 [n, d], the same to the bit for any number of threads."""
    out = np.zeros((len(rows[0]) - 1, columns.shape[1]), dtype=np.float32)

    def work(begin: int, end: int) -> None:
        _multiply(rows[0][begin : end + 1], rows[1], rows[2], columns, out[begin:end])

    in_blocks(work, len(out), BLOCK, threads)
    return out


def add_product(profiles: Sparse, weights: Sparse, scores: Floats) -> None:
    """Adds profiles [n, m] @ weights [m, n_items] to scores [n, n_items], in place."""

    def work(begin: int, end: int) -> None:
        _add(profiles[0][begin : end + 1], profiles[1], profiles[2], *weights, scores[begin:end])

    in_blocks(work, len(scores), SCORED, None)


@njit(cache=True, nogil=True, fastmath={"contract"})
def _multiply(starts: Longs, places: Ints, values: Floats, columns: Floats, out: Floats) -> None:
    for row in range(len(out)):
        sums = out[row]
        for at in range(starts[row], starts[row + 1]):
            value, line = values[at], columns[places[at]]
            for column in range(len(sums)):
                sums[column] += value * line[column]


@njit(cache=True, nogil=True)
def _add(
    starts: Longs,
    items: Ints,
    amounts: Floats,
    weight_starts: Longs,
    neighbors: Ints,
    weights: Floats,
    scores: Floats,
) -> None:
    for row in range(len(scores)):
        for at in range(starts[row], starts[row + 1]):
            amount = amounts[at]
            for near in range(weight_starts[items[at]], weight_starts[items[at] + 1]):
                scores[row, neighbors[near]] += amount * weights[near]
