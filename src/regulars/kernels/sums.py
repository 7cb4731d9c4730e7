"""What each row of a ragged table of weights sums to, item by item."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .answers import Floats, Ints, Longs


@njit(cache=True, nogil=True)
def positive_sums(
    starts: Longs, items: Ints, weights: Floats, n_items: int, ends: NDArray[np.signedinteger[Any]]
) -> tuple[Ints, Floats]:
    """The weights of each item of a row, added in their order; what is not above 0 is left out, as are other indices.

    items: int32 [n_events], any indices; those from 0 to n_items - 1 count, and rise within each row of the result.
    ends: zeros [n + 1], which become the starts of the rows of the result.
    """
    n = len(starts) - 1
    found, sums = np.empty(len(items), dtype=np.int32), np.empty(len(items), dtype=np.float32)
    at = 0
    for row in range(n):
        begin, end = starts[row], starts[row + 1]
        order = np.argsort(items[begin:end], kind="mergesort")
        place = 0
        while place < len(order):
            item = items[begin + order[place]]
            total = np.float32(0)
            while place < len(order) and items[begin + order[place]] == item:
                total += weights[begin + order[place]]
                place += 1
            if 0 <= item < n_items and not total <= 0:  # what is no number stays, for whoever must refuse it
                found[at], sums[at] = item, total
                at += 1
        ends[row + 1] = at
    return found[:at].copy(), sums[:at].copy()
