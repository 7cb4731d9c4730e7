"""Boosted trees as flat arrays, and the sum of their leaves for every row of numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .answers import Floats, Ints, in_blocks

Doubles = NDArray[np.float64]

BLOCK = 4_096  # rows that one thread works on at a time


class Nodes(NamedTuple):
    """All nodes of all trees. A row goes left where its number of `column` is at most `bound`.

    roots: int32 [trees]; column, left, right: int32 [nodes], column -1 for a leaf; bound: float64 [nodes], the value
    of a leaf.
    """

    roots: Ints
    column: Ints
    bound: Doubles
    left: Ints
    right: Ints


def summed(nodes: Nodes, rows: Floats, threads: int | None = None) -> Floats:
    """The sum of the leaves that each row of `rows` [n, c] falls into; float32 [n]. No number may be NaN."""
    out = np.empty(len(rows), dtype=np.float32)

    def work(begin: int, end: int) -> None:
        _summed(*nodes, rows[begin:end], out[begin:end])

    in_blocks(work, len(rows), BLOCK, threads)
    return out


@njit(cache=True, nogil=True)
def _summed(roots: Ints, column: Ints, bound: Doubles, left: Ints, right: Ints, rows: Floats, out: Floats) -> None:
    for row in range(len(rows)):
        numbers = rows[row]
        total = 0.0
        for root in roots:
            node = root
            while column[node] >= 0:
                node = left[node] if numbers[column[node]] <= bound[node] else right[node]
            total += bound[node]
        out[row] = total
