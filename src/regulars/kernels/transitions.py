"""What follows an item within a few steps: for each item the k strongest, without ever holding all pairs.

Memory: 8 * n_items * k bytes, and 24 * n_items in each thread.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit

from .answers import Floats, Ints, Longs, in_blocks
from .cooccurrence import BLOCK, PART, Indices, _best, _packed
from .prefixes import Walks
from .profiles import Sparse


def transitions(
    walks: Walks,
    fading: Floats,
    back: float,
    norms: tuple[Floats, Floats],
    k: int,
    *,
    shrinkage: float = 0.0,
    threads: int | None = None,
    on_rows: Callable[[int], object] = bool,
) -> Sparse:
    """The k items i with the largest strength(j, i) / (left[j] * right[i] + shrinkage) for each item j; CSR rows.

    strength: the sum over the events of j and those of i that are 1, 2, ... steps later, of the weights of both times
    that of the cut after the earlier one times fading[steps - 1]; and `back` times as much over those that are earlier.
    norms: left and right, float32 [n_items], above 0. The answers of an item are in no order, never itself.
    on_rows is told now and then how many rows are done.
    """
    n = len(norms[0])
    order = np.argsort(walks.items, kind="stable")
    item_starts = np.concatenate([[0], np.cumsum(np.bincount(walks.items, minlength=n))])
    users = np.repeat(np.arange(len(walks.starts) - 1, dtype=np.int32), np.diff(walks.starts))
    items, values = np.empty((n, k), dtype=np.uint32), np.empty((n, k), dtype=np.float32)
    counts = np.zeros(n, dtype=np.int64)
    rules = fading, back, *norms, shrinkage

    for first in range(0, n, PART):

        def work(begin: int, end: int, first: int = first) -> None:
            _strongest(first + begin, first + end, item_starts, order, users, *walks, *rules, items, values, counts)

        in_blocks(work, min(PART, n - first), BLOCK, threads)
        on_rows(min(first + PART, n))
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
    return starts, *_packed(starts, items, values)


@njit(cache=True, nogil=True)
def _strongest(
    first: int,
    last: int,
    item_starts: Longs,
    order: Longs,
    users: Ints,
    starts: Longs,
    event_items: Ints,
    weights: Floats,
    steps: Longs,
    cuts: Floats,
    fading: Floats,
    back: float,
    left: Floats,
    right: Floats,
    shrinkage: float,
    items: Indices,
    values: Floats,
    counts: Longs,
) -> None:
    """Fills rows first..last of items, values [n, k] and how many of each row are filled."""
    n = len(left)
    sums, touched = np.zeros(n, dtype=np.float32), np.empty(n, dtype=np.uint32)
    shares, keys = np.empty(n, dtype=np.float32), np.empty(n, dtype=np.uint64)
    for item in range(first, last):
        met = 0
        for place in range(item_starts[item], item_starts[item + 1]):
            event = order[place]
            begin, end = starts[users[event]], starts[users[event] + 1]
            met = _later(event, end, event_items, weights, steps, cuts, fading, sums, touched, met)
            if back > 0:
                met = _earlier(event, begin, event_items, weights, steps, cuts, fading, back, sums, touched, met)
        sums[item] = 0
        others = touched[:met]
        found = shares[:met]
        for place in range(met):
            found[place] = sums[others[place]] / (left[item] * right[others[place]] + shrinkage)
            sums[others[place]] = 0
        counts[item] = _best(others, found, keys, items[item], values[item])


@njit(cache=True, nogil=True)
def _later(
    event: int,
    end: int,
    items: Ints,
    weights: Floats,
    steps: Longs,
    cuts: Floats,
    fading: Floats,
    sums: Floats,
    touched: Indices,
    met: int,
) -> int:
    """Adds what comes after the event, and notes items that are met for the first time; how many are noted."""
    weight = weights[event] * cuts[steps[event]]
    for at in range(event + 1, end):
        gap = steps[at] - steps[event]
        if gap > len(fading):
            break
        if gap > 0:
            met = _add(items[at], weight * fading[gap - 1] * weights[at], sums, touched, met)
    return met


@njit(cache=True, nogil=True)
def _earlier(
    event: int,
    begin: int,
    items: Ints,
    weights: Floats,
    steps: Longs,
    cuts: Floats,
    fading: Floats,
    back: float,
    sums: Floats,
    touched: Indices,
    met: int,
) -> int:
    """The same for what comes before it."""
    weight = weights[event] * back
    for at in range(event - 1, begin - 1, -1):
        gap = steps[event] - steps[at]
        if gap > len(fading):
            break
        if gap > 0:
            met = _add(items[at], weight * fading[gap - 1] * weights[at] * cuts[steps[at]], sums, touched, met)
    return met


@njit(cache=True, nogil=True, inline="always")
def _add(item: int, share: float, sums: Floats, touched: Indices, met: int) -> int:
    if sums[item] == 0 and share > 0:
        touched[met] = item
        met += 1
    sums[item] += share
    return met
