"""What a row may be answered, and the heap that keeps the best k of it: the parts that every search shares."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba
import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Ragged = tuple[Longs, Ints]


class Rules(NamedTuple):
    """What each of n rows may not be answered."""

    mask: Bools  # [n, m] or [1, m]; no columns if everything is allowed
    starts: Longs  # [n + 1]
    banned: Ints  # rising in each row


def empty_answer(n: int, k: int) -> tuple[Ints, Floats]:
    """n rows that hold nothing yet: items -1, scores NaN."""
    return np.full((n, k), -1, dtype=np.int32), np.full((n, k), np.nan, dtype=np.float32)


def rules(n: int, m: int, allowed: Bools | None, excluded: Ragged | None) -> Rules:
    """The rules for n rows of m items, checked."""
    mask = np.empty((1, 0), dtype=np.bool_) if allowed is None else np.ascontiguousarray(allowed, dtype=np.bool_)
    if allowed is not None and mask.shape not in ((1, m), (n, m)):
        raise ValueError(f"allowed must be [1, {m}] or [{n}, {m}]; it is {list(mask.shape)}")
    if excluded is None:
        return Rules(mask, np.zeros(n + 1, dtype=np.int64), np.empty(0, dtype=np.int32))
    starts = np.ascontiguousarray(excluded[0], dtype=np.int64)
    if len(starts) != n + 1:
        raise ValueError(f"excluded needs {n + 1} starts for {n} rows; it has {len(starts)}")
    return Rules(mask, starts, _sorted_rows(starts, np.ascontiguousarray(excluded[1], dtype=np.int32)))


def part(rules: Rules, begin: int, end: int) -> Rules:
    """The rules of the rows from `begin` up to `end`."""
    mask = rules.mask if len(rules.mask) == 1 else rules.mask[begin:end]
    return Rules(mask, rules.starts[begin : end + 1], rules.banned)


def in_blocks(work: Callable[[int, int], None], n: int, size: int, threads: int | None) -> None:
    """Calls work(begin, end) for every block of at most `size` of n rows; as many threads as numba has unless given."""
    blocks = [(begin, min(begin + size, n)) for begin in range(0, n, size)]
    workers = min(len(blocks), threads or numba.config.NUMBA_NUM_THREADS)
    if workers <= 1:
        for begin, end in blocks:
            work(begin, end)
        return
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(work, begin, end) for begin, end in blocks]:
            done.result()


@njit(cache=True, nogil=True)
def _sorted_rows(starts: Longs, items: Ints) -> Ints:
    result = items
    for row in range(len(starts) - 1):
        for at in range(starts[row] + 1, starts[row + 1]):
            if items[at] < items[at - 1]:
                if result is items:
                    result = items.copy()
                result[starts[row] : starts[row + 1]] = np.sort(items[starts[row] : starts[row + 1]])
                break
    return result


@njit(cache=True, nogil=True)
def may_answer(rules: Rules, row: int, item: int) -> bool:
    """Whether the rules let `item` into the answer of `row`."""
    mask, starts, banned = rules
    if mask.shape[1] > 0 and not mask[row if mask.shape[0] > 1 else 0, item]:
        return False
    low, high = starts[row], starts[row + 1]
    while low < high:
        middle = (low + high) // 2
        if banned[middle] < item:
            low = middle + 1
        else:
            high = middle
    return low == starts[row + 1] or banned[low] != item


@njit(cache=True, nogil=True, inline="always")
def _worse(score: float, item: int, other_score: float, other_item: int) -> bool:
    return score < other_score or (score == other_score and item > other_item)


@njit(cache=True, nogil=True)
def offer(items: Ints, best: Floats, found: int, item: int, score: float) -> int:
    """Puts an answer into the heap of the first `found` of k entries, the worst in place 0; the new `found`."""
    k = len(items)
    if found < k:
        at = found
        while at > 0:
            above = (at - 1) // 2
            if not _worse(score, item, best[above], items[above]):
                break
            best[at], items[at] = best[above], items[above]
            at = above
        best[at], items[at] = score, item
        return found + 1
    if _worse(best[0], items[0], score, item):
        _sink(items, best, k, item, score)
    return found


@njit(cache=True, nogil=True)
def _sink(items: Ints, best: Floats, size: int, item: int, score: float) -> None:
    """Replaces the worst of a heap of `size` entries."""
    at = 0
    while 2 * at + 1 < size:
        below = 2 * at + 1
        if below + 1 < size and _worse(best[below + 1], items[below + 1], best[below], items[below]):
            below += 1
        if not _worse(best[below], items[below], score, item):
            break
        best[at], items[at] = best[below], items[below]
        at = below
    best[at], items[at] = score, item


@njit(cache=True, nogil=True)
def arrange(items: Ints, best: Floats, found: int) -> None:
    """Turns a heap of `found` entries into a list, best first."""
    for last in range(found - 1, 0, -1):
        item, score = items[last], best[last]
        items[last], best[last] = items[0], best[0]
        _sink(items, best, last, item, score)


@njit(cache=True, nogil=True, inline="always")
def any_reaches(scores: Floats, floor: float) -> bool:
    """Whether any score is at least `floor`; NaN is not."""
    reaches = False
    for at in range(len(scores)):
        reaches |= scores[at] >= floor
    return reaches
