"""Which stored vectors are nearest to a question, by Euclid's distance or by a cosine.

Every question looks at all stored vectors: without an item in common two vectors may still be near each other.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .answers import Floats, Ints, Longs, in_blocks
from .cooccurrence import _select
from .profiles import Sparse

BLOCK = 128  # questions that one thread works on at a time
_TOP = np.uint32(0x80000000)


def nearest_vectors(
    asked: Sparse,
    left: Floats,
    by_item: Sparse,
    right: Floats,
    k: int,
    *,
    shrinkage: float = 0.0,
    euclid: bool = True,
) -> tuple[Sparse, Floats]:
    """For each question the k nearest of n stored vectors, as CSR rows of rising numbers, and each one's product.

    asked: weights of the items of each question; by_item: for each item the stored vectors that have it and its weight
    there. euclid: nearest by distance, whose values are all 1; left is not looked at, right: squared lengths [n].
    Otherwise by product / (left[q] * right[v] + shrinkage), only those above 0, which are the values. Of equally near
    ones the lower number.
    """
    n, stored = len(asked[0]) - 1, len(right)
    width = min(k, stored)
    rows = np.empty((n, width), dtype=np.int32)
    values, products = (np.empty((n, width), dtype=np.float32) for _ in range(2))
    counts = np.zeros(n, dtype=np.int64)

    def work(begin: int, end: int) -> None:
        _nearest(begin, end, *asked, left, *by_item, right, shrinkage, euclid, rows, values, products, counts)

    if width:
        in_blocks(work, n, BLOCK, None)
    kept = np.arange(width)[np.newaxis] < counts[:, np.newaxis]
    ends = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
    return (ends, rows[kept], values[kept]), products[kept]


@njit(cache=True, nogil=True)
def _nearest(
    first: int,
    last: int,
    starts: Longs,
    items: Ints,
    weights: Floats,
    left: Floats,
    item_starts: Longs,
    item_rows: Ints,
    item_weights: Floats,
    right: Floats,
    shrinkage: float,
    euclid: bool,
    rows: Ints,
    values: Floats,
    products: Floats,
    counts: Longs,
) -> None:
    """Fills the rows first..last of rows, values and products [n, k], and how many of each are filled."""
    n, k = len(right), rows.shape[1]
    sums, nearness = np.zeros(n, dtype=np.float32), np.zeros(n, dtype=np.float32)
    bits = nearness.view(np.uint32)
    keys = np.empty(n, dtype=np.uint64)
    for row in range(first, last):
        sums[:] = 0
        for at in range(starts[row], starts[row + 1]):
            weight = weights[at]
            for place in range(item_starts[items[at]], item_starts[items[at] + 1]):
                sums[item_rows[place]] += weight * item_weights[place]
        met = 0
        for other in range(n):
            if euclid:
                nearness[other] = np.float32(2) * sums[other] - right[other]
            elif sums[other] > 0:
                nearness[other] = sums[other] / np.float32(left[row] * right[other] + shrinkage)
            else:
                continue
            order = ~bits[other] if bits[other] & _TOP else bits[other] | _TOP  # rises with the number
            keys[met] = (np.uint64(order) << np.uint64(32)) | np.uint64(~np.uint32(other))
            met += 1
        if met > k:
            _select(keys, np.int64(met), np.int64(k))
            met = k
        for place in range(met):
            keys[place] = np.uint64(~np.uint32(keys[place] & np.uint64(0xFFFFFFFF)))
        near = np.sort(keys[:met])
        for place in range(met):
            found = np.int64(near[place])
            rows[row, place] = found
            values[row, place] = np.float32(1) if euclid else nearness[found]
            products[row, place] = sums[found]
        counts[row] = met
