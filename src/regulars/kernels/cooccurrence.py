"""Which items are met together: for each item the k nearest others, without ever holding all pairs.

Row by row (Gustavson, ACM TOMS 1978): whoever has item j adds their weight to every item that they have; then the k
largest are kept. One order rules: higher similarity first, equal ones by lower index; so the answer does not depend
on threads. Memory: 8 * n_items * k bytes, and 12 * n_items in each thread.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .answers import Floats, Ints, Longs, in_blocks
from .profiles import Sparse

Indices = NDArray[np.uint32]  # unsigned: a signed index may be negative, which costs a test in the innermost loop
Keys = NDArray[np.uint64]  # similarity bits before inverted item: the order of the answer as one number

PART = 8_192  # items between two reports
BLOCK = 256  # items that one thread works on at a time
BINS = 512  # bins of similarities: 16 octaves of 32
LEAST = 1e-15  # smaller entries are left out of the sums: two of them multiplied must not vanish in float32


def nearest(
    by_user: Sparse,
    by_item: Sparse,
    norms: tuple[Floats, Floats],
    k: int,
    *,
    shrinkage: float = 0.0,
    union: bool = False,
    threads: int | None = None,
    on_rows: Callable[[int], object] = bool,
) -> Sparse:
    """The k items i with the largest `similarity` to each item j above 0; CSR rows.

    by_user: weights of the items of each user, above LEAST; by_item: the same weights, the users of each item.
    norms: left and right, float32 [n_items], above 0. The neighbors of an item are in no order, never itself.
    on_rows is told now and then how many rows are done.
    """
    n = len(by_item[0]) - 1
    items, values = np.empty((n, k), dtype=np.uint32), np.empty((n, k), dtype=np.float32)
    counts = np.zeros(n, dtype=np.int64)
    users = by_user[0], by_user[1].view(np.uint32), by_user[2]

    for first in range(0, n, PART):

        def work(begin: int, end: int, first: int = first) -> None:
            _nearest(first + begin, first + end, *users, *by_item, *norms, shrinkage, union, items, values, counts)

        in_blocks(work, min(PART, n - first), BLOCK, threads)
        on_rows(min(first + PART, n))
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
    return starts, *_packed(starts, items, values)


@njit(cache=True, nogil=True)
def _nearest(
    first: int,
    last: int,
    user_starts: Longs,
    user_items: Indices,
    user_values: Floats,
    item_starts: Longs,
    item_users: Ints,
    item_values: Floats,
    left: Floats,
    right: Floats,
    shrinkage: float,
    union: bool,
    items: Indices,
    values: Floats,
    counts: Longs,
) -> None:
    """Fills rows first..last of items, values [n, k] and how many of each row are filled."""
    n = len(left)
    everything = np.arange(n).astype(np.uint32)
    sums, touched = np.zeros(n, dtype=np.float32), np.empty(n + 1, dtype=np.uint32)
    similarities, keys = np.empty(n, dtype=np.float32), np.empty(n, dtype=np.uint64)
    for item in range(first, last):
        users = item_users[item_starts[item] : item_starts[item + 1]]
        weights = item_values[item_starts[item] : item_starts[item + 1]]
        steps = 0
        for at in range(len(users)):
            steps += user_starts[users[at] + 1] - user_starts[users[at]]
        if steps > n:
            _add(users, weights, user_starts, user_items, user_values, sums)
            others = everything
        else:
            others = touched[: _add_and_note(users, weights, user_starts, user_items, user_values, sums, touched)]
        sums[item] = 0
        found = similarities[: len(others)]
        for place in range(len(others)):
            found[place] = similarity(sums[others[place]], left[item], right[others[place]], shrinkage, union)
            sums[others[place]] = 0
        counts[item] = _best(others, found, keys, items[item], values[item])


@njit(cache=True, nogil=True, inline="always")
def similarity(shared: np.float32, left: np.float32, right: np.float32, shrinkage: float, union: bool) -> np.float32:
    """shared / (left * right + shrinkage): cosine if the norms are such; with `union`, what two sets have in common by
    what both have together, shared / (left + right - shared + shrinkage), left and right being their sizes: Jaccard."""
    return shared / ((left + right - shared if union else left * right) + shrinkage)


@njit(cache=True, nogil=True)
def _add(
    users: Ints, weights: Floats, user_starts: Longs, user_items: Indices, user_values: Floats, sums: Floats
) -> None:
    """Adds what each of the users has, times the user's weight, to sums [n_items]."""
    for at in range(len(users)):
        weight = weights[at]
        theirs = user_items[user_starts[users[at]] : user_starts[users[at] + 1]]
        values = user_values[user_starts[users[at]] : user_starts[users[at] + 1]]
        for place in range(len(theirs)):
            sums[theirs[place]] += weight * values[place]


@njit(cache=True, nogil=True)
def _add_and_note(
    users: Ints,
    weights: Floats,
    user_starts: Longs,
    user_items: Indices,
    user_values: Floats,
    sums: Floats,
    touched: Indices,
) -> np.int64:
    """The same; notes the items that are met for the first time in `touched`, and returns how many there are."""
    met = np.uint64(0)
    for at in range(len(users)):
        weight = weights[at]
        theirs = user_items[user_starts[users[at]] : user_starts[users[at] + 1]]
        values = user_values[user_starts[users[at]] : user_starts[users[at] + 1]]
        for place in range(len(theirs)):
            other = theirs[place]
            before = sums[other]
            touched[met] = other
            met += np.uint64(before == 0)
            sums[other] = before + weight * values[place]
    return np.int64(met)


@njit(cache=True, nogil=True)
def _best(others: Indices, similarities: Floats, keys: Keys, items: Indices, values: Floats) -> np.int64:
    """Puts the best of `others` into items, values [k], in no order; how many there are.

    Counting the leading bits of the similarities tells which are surely among the best; only those that share the
    bin of the k-th are compared one by one.
    """
    k = np.int64(len(items))
    bits = similarities.view(np.uint32)
    low = _lowest_bin(bits)
    edge, left = _edge(bits, low, k)
    sure, doubtful = np.uint64(0), np.uint64(0)
    for place in range(len(others)):
        bin_ = _bin(bits[place], low)
        if bin_ > edge:
            items[sure], values[sure] = others[place], similarities[place]
            sure += np.uint64(1)
        keys[doubtful] = (np.uint64(bits[place]) << np.uint64(32)) | np.uint64(~others[place])
        doubtful += np.uint64((bin_ == edge) & (bits[place] > 0))
    clear, rivals = np.int64(sure), np.int64(doubtful)
    rest = left if left < rivals else rivals
    if rest < rivals:
        _select(keys, rivals, rest)
    for place in range(rest):
        items[clear + place] = ~np.uint32(keys[place] & np.uint64(0xFFFFFFFF))
        values.view(np.uint32)[clear + place] = keys[place] >> np.uint64(32)
    return clear + rest


@njit(cache=True, nogil=True, inline="always")
def _bin(bits: np.uint32, low: np.int32) -> np.int32:
    """Bins of a 32nd of an octave; all that is more than 16 octaves below the largest shares bin 0."""
    return max(np.int32(bits >> np.uint32(18)) - low, np.int32(0))


@njit(cache=True, nogil=True)
def _lowest_bin(bits: Indices) -> np.int32:
    most = np.uint32(0)
    for place in range(len(bits)):
        most = max(most, bits[place])
    return max(np.int32(most >> np.uint32(18)) - np.int32(BINS - 1), np.int32(0))


@njit(cache=True, nogil=True)
def _edge(bits: Indices, low: np.int32, k: np.int64) -> tuple[int, np.int64]:
    """The bin of the k-th largest, and how many of that bin are among the k largest."""
    counts = np.zeros(BINS, dtype=np.int32)
    for place in range(len(bits)):
        counts[np.uint32(_bin(bits[place], low))] += 1
    left = k
    for bin_ in range(BINS - 1, 0, -1):
        if counts[bin_] >= left:
            return bin_, left
        left -= counts[bin_]
    return 0, left


@njit(cache=True, nogil=True)
def _select(keys: Keys, n: np.int64, k: np.int64) -> None:
    """Moves the k largest of the first n different keys to the front (Hoare's quickselect)."""
    low, high = np.int64(0), n - 1
    while low < high:
        pivot = _median(keys[low], keys[(low + high) // 2], keys[high])
        left, right = low, high
        while left <= right:
            while keys[left] > pivot:
                left += 1
            while keys[right] < pivot:
                right -= 1
            if left <= right:
                keys[left], keys[right] = keys[right], keys[left]
                left += 1
                right -= 1
        if k - 1 <= right:
            high = right
        elif k - 1 >= left:
            low = left
        else:
            return


@njit(cache=True, nogil=True, inline="always")
def _median(a: np.uint64, b: np.uint64, c: np.uint64) -> np.uint64:
    return max(min(a, b), min(max(a, b), c))


@njit(cache=True, nogil=True)
def _packed(starts: Longs, items: Indices, values: Floats) -> tuple[Ints, Floats]:
    """The filled fronts of rows [n, k], one after another."""
    flat_items, flat_values = np.empty(starts[-1], dtype=np.int32), np.empty(starts[-1], dtype=np.float32)
    for row in range(len(items)):
        length = starts[row + 1] - starts[row]
        flat_items[starts[row] : starts[row + 1]] = items[row, :length]
        flat_values[starts[row] : starts[row + 1]] = values[row, :length]
    return flat_items, flat_values
