"""What a row may be answered, and how its best k are kept: the parts that every search shares."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numba import config, njit
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
    banned: Ints  # in any order; indices that are no item's are ignored


def empty_answer(n: int, k: int) -> tuple[Ints, Floats]:
    """n rows that hold nothing yet: items -1, scores NaN."""
    return np.full((n, k), -1, dtype=np.int32), np.full((n, k), np.nan, dtype=np.float32)


def rules(shape: tuple[int, int], allowed: Bools | None, excluded: Ragged | None) -> Rules:
    """The rules for n rows of m items, checked; `shape` is n, m."""
    n, m = shape
    mask = np.empty((1, 0), dtype=np.bool_) if allowed is None else np.ascontiguousarray(allowed, dtype=np.bool_)
    if allowed is not None and mask.shape not in ((1, m), (n, m)):
        raise ValueError(f"allowed must be [1, {m}] or [{n}, {m}]; it is {list(mask.shape)}")
    if excluded is None:
        return Rules(mask, np.zeros(n + 1, dtype=np.int64), np.empty(0, dtype=np.int32))
    starts = np.ascontiguousarray(excluded[0], dtype=np.int64)
    if len(starts) != n + 1:
        raise ValueError(f"excluded needs {n + 1} starts for {n} rows; it has {len(starts)}")
    return Rules(mask, starts, np.ascontiguousarray(excluded[1], dtype=np.int32))


def part(rules: Rules, begin: int, end: int) -> Rules:
    """The rules of the rows from `begin` up to `end`."""
    mask = rules.mask if len(rules.mask) == 1 else rules.mask[begin:end]
    return Rules(mask, rules.starts[begin : end + 1], rules.banned)


def in_blocks(work: Callable[[int, int], None], n: int, size: int, threads: int | None) -> None:
    """Calls work(begin, end) for every block of at most `size` of n rows; as many threads as numba has unless given."""
    blocks = [(begin, min(begin + size, n)) for begin in range(0, n, size)]
    cores: int = config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    workers = min(len(blocks), threads or cores)
    if workers <= 1:
        for begin, end in blocks:
            work(begin, end)
        return
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(work, begin, end) for begin, end in blocks]:
            done.result()


@njit(cache=True, nogil=True, inline="always")
def any_reaches(scores: Floats, floor: np.float32) -> bool:
    """Whether any score is at least `floor`; NaN is not."""
    reaches = False
    for at in range(len(scores)):
        reaches |= scores[at] >= floor
    return reaches


@njit(cache=True, nogil=True)
def mark(forbidden: Bools, items: Ints, value: bool) -> None:
    """Writes `value` to forbidden [m] at the items, as far as they are any."""
    for item in items:
        if 0 <= item < len(forbidden):
            forbidden[item] = value


@njit(cache=True, nogil=True, inline="always")
def allows(mask: Bools, row: int, item: int) -> bool:
    """Whether the mask of the rules lets `item` into the answer of `row`."""
    return mask.shape[1] == 0 or bool(mask[row if mask.shape[0] > 1 else 0, item])


@njit(cache=True, nogil=True)
def offer(items: Ints, best: Floats, row: int, found: int, item: np.int32, score: np.float32) -> int:
    """Puts an item where it belongs among the first `found` of the row's k answers, if it does; the new `found`.

    Rows stay sorted: shifting a few dozen neighbors is cheaper than the jumps of a heap.
    """
    k = items.shape[1]
    at = found
    if found < k:
        found += 1
    else:
        at = k - 1
        if score < best[row, at] or (score == best[row, at] and item > items[row, at]):
            return found
    while at > 0 and (best[row, at - 1] < score or (best[row, at - 1] == score and items[row, at - 1] > item)):
        best[row, at], items[row, at] = best[row, at - 1], items[row, at - 1]
        at -= 1
    best[row, at], items[row, at] = score, item
    return found


@njit(cache=True, nogil=True)
def among(rising: Ints | Longs, begin: int, end: int, item: int) -> bool:
    """Whether the item is in a part of a list that rises there."""
    low, high = begin, end
    while low < high:
        middle = (low + high) // 2
        if rising[middle] < item:
            low = middle + 1
        else:
            high = middle
    return low < end and rising[low] == item
