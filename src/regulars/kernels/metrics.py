"""Which answers were wanted: the one loop under every accuracy metric."""

from __future__ import annotations

import numpy as np
from numba import njit

from .answers import Bools, Ints, Longs, among


@njit(cache=True, nogil=True)
def hits(items: Ints, wanted_starts: Longs, wanted_items: Ints) -> Bools:
    """Where the answers [n, k] are among the wanted items of their row; bool [n, k].

    Wanted items of row r are wanted_items[wanted_starts[r] : wanted_starts[r + 1]], rising. Padding (-1) is no hit.
    """
    n, k = items.shape
    found = np.zeros((n, k), dtype=np.bool_)
    for row in range(n):
        begin, end = wanted_starts[row], wanted_starts[row + 1]
        for place in range(k):
            item = items[row, place]
            found[row, place] = item >= 0 and among(wanted_items, begin, end, item)
    return found
