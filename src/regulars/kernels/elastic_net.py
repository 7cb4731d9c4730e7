"""Elastic nets by coordinate descent: each item predicted from the few others that are worth a weight.

For item j the weights w minimize |a_j - A w|^2 / 2 + l2 |w|^2 / 2 + l1 |w|_1 with w_j = 0 (Ning, Karypis, ICDM 2011,
eq. 4), where A is users by items. Only a working set of items is descended on, with the sums of products of its pairs;
then the optimality conditions of all others are looked at, and those that break them most join, until none does. With
weights >= 0 an item whose product with a_j is at most l1 can never join, because what the others explain only lowers
it: leaving it out is exact. Each item is the work of one thread: the answer does not depend on threads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit

from .answers import Floats, Ints, Longs, in_blocks
from .cooccurrence import Indices, Keys, _packed, _select
from .local_gram import Desk, Log, desk, local_gram, most_entries
from .profiles import Sparse

PART = 1_024  # items between two reports
BLOCK = 32  # items that one thread works on at a time
JOIN = 64  # items that may join a working set at a time, or as many as it has
SWEEPS = 1_000  # over the working set, at most
SLACK = np.float32(1e-5)  # how far a condition may be broken, as a part of the item's largest product


class Penalty(NamedTuple):
    """What weights cost, and whether they may be negative."""

    l1: np.float32
    l2: np.float32
    signed: bool


class Nets(NamedTuple):
    """CSR rows: row j has what the others say about item j; and how many rows were still moving when stopped."""

    weights: Sparse
    unfinished: int


def elastic_nets(
    log: Log,
    penalty: Penalty,
    *,
    candidates: int,
    neighbors: int,
    threads: int | None = None,
    on_rows: Callable[[int], object] = bool,
) -> Nets:
    """The `neighbors` weights of each item that are farthest from 0.

    Only the `candidates` items that would explain an item best if alone may have a weight; all have met it. on_rows is
    told now and then how many items are done.
    """
    n = len(log.squares)
    candidates = max(1, min(candidates, n))
    neighbors = min(neighbors, candidates)
    room = 0 if len(log.gram) else most_entries(log, candidates)
    counts, finished = np.zeros(n, dtype=np.int64), np.ones(n, dtype=np.bool_)
    found = []
    for first in range(0, n, PART):
        size = min(PART, n - first)
        items, values = np.empty((size, neighbors), dtype=np.uint32), np.empty((size, neighbors), dtype=np.float32)
        part = items, values, counts[first : first + size], finished[first : first + size]

        def work(begin: int, end: int, first: int = first, part: tuple[np.ndarray, ...] = part) -> None:
            _fit(first + begin, log, penalty, candidates, room, *(array[begin:end] for array in part))

        in_blocks(work, size, BLOCK, threads)
        found.append(_packed(_starts(counts[first : first + size]), items, values))
        on_rows(first + size)
    near, weights = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return Nets((_starts(counts), near, weights), int((~finished).sum()))


def _starts(counts: Longs) -> Longs:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])


class Work(NamedTuple):
    """Scratch for one item at a time."""

    products: Floats  # [n_items]: of all items with what is not explained yet
    left: Floats  # [n_users]: what is not explained yet; only for logs without the sums of all pairs
    met: Ints  # [n_users]: whom that is about
    alone: Floats  # [n_items]: of all items with item j
    outside: Indices  # [n_items]: candidates that are not in the working set
    gains: Floats  # [n_items]: what the objective would lose by the best weight of each of them
    keys: Keys  # [n_items]: gains, largest first, and among equals the lower place
    order: Keys  # [n_items]


class Chosen(NamedTuple):
    """The working set, in the order of joining."""

    items: Ints  # [candidates]
    targets: Floats  # [candidates]: products with item j
    weights: Floats  # [candidates]
    slopes: Floats  # [candidates]


@njit(cache=True, nogil=True)
def _fit(
    first: int,
    log: Log,
    penalty: Penalty,
    candidates: int,
    room: int,
    items: Indices,
    values: Floats,
    counts: Longs,
    finished: np.ndarray,
) -> None:
    """Fills the rows of items, values [m, neighbors], counts and finished [m] for the items from `first` on."""
    on, work, chosen = desk(log, room), _work(log), _chosen(candidates)
    gram = np.empty((min(candidates, 4 * JOIN), min(candidates, 4 * JOIN)), dtype=np.float32)
    for row in range(len(counts)):
        item = first + row
        size = 0
        _multiply(log, on, work, item, chosen.items[:0], chosen.weights[:0])
        work.products[item] = 0
        work.alone[:] = work.products
        slack = SLACK * work.products.max()
        outside = _candidates(log, work, item, penalty, candidates)
        while True:
            joined = _join(log, work, chosen, size, outside, penalty, slack)
            if joined == 0:
                break
            size, outside = size + joined, outside - joined
            if size > len(gram):
                wide = min(candidates, max(2 * len(gram), size))
                gram = np.empty((wide, wide), dtype=np.float32)
            local_gram(log, on, chosen.items[:size], gram)
            finished[row] = _descend(gram, chosen, size, penalty, slack)
            if outside == 0:
                break
            _multiply(log, on, work, item, chosen.items[:size], chosen.weights[:size])
        counts[row] = _keep(chosen, size, work, items[row], values[row])


@njit(cache=True, nogil=True)
def _work(log: Log) -> Work:
    n, n_users = len(log.squares), 0 if len(log.gram) else len(log.user_starts) - 1
    return Work(
        np.empty(n, dtype=np.float32),
        np.zeros(n_users, dtype=np.float32),
        np.empty(n_users, dtype=np.int32),
        np.empty(n, dtype=np.float32),
        np.empty(n, dtype=np.uint32),
        np.empty(n, dtype=np.float32),
        np.empty(n, dtype=np.uint64),
        np.empty(n, dtype=np.uint64),
    )


@njit(cache=True, nogil=True)
def _chosen(candidates: int) -> Chosen:
    return Chosen(
        np.empty(candidates, dtype=np.int32),
        np.empty(candidates, dtype=np.float32),
        np.empty(candidates, dtype=np.float32),
        np.empty(candidates, dtype=np.float32),
    )


@njit(cache=True, nogil=True)
def _multiply(log: Log, on: Desk, work: Work, item: int, items: Ints, weights: Floats) -> None:
    """products = A' (a_j - A w), for w of `items` and 0 of all others."""
    products = work.products
    if len(log.gram):
        products[:] = log.gram[item]
        for place in range(len(items)):
            if weights[place] != 0:
                weight, line = weights[place], log.gram[items[place]]
                for other in range(len(products)):
                    products[other] -= weight * line[other]
        return
    n = _add(log, on, work, item, np.float32(1), 0)
    for place in range(len(items)):
        if weights[place] != 0:
            n = _add(log, on, work, items[place], -weights[place], n)
    products[:] = 0
    for user in work.met[:n]:
        left = work.left[user]
        work.left[user], on.ends[user] = 0, 0
        for at in range(log.user_starts[user], log.user_starts[user + 1]):
            products[log.user_items[at]] += left * log.user_values[at]


@njit(cache=True, nogil=True)
def _add(log: Log, on: Desk, work: Work, item: int, weight: np.float32, n: int) -> int:
    """Adds weight * a_item to work.left, and whom it is about to the first n of work.met; the new n."""
    for at in range(log.item_starts[item], log.item_starts[item + 1]):
        user = log.item_users[at]
        if on.ends[user] == 0:
            on.ends[user] = 1
            work.met[n] = user
            n += 1
        work.left[user] += weight * log.item_values[at]
    return n


@njit(cache=True, nogil=True)
def _candidates(log: Log, work: Work, item: int, penalty: Penalty, most: int) -> int:
    """Fills work.outside with at most `most` items that may get a weight for `item`; how many there are."""
    floor = np.float32(0) if penalty.signed else penalty.l1
    n = 0
    for other in range(len(work.products)):
        if work.products[other] > floor and other != item:
            work.outside[n] = other
            work.gains[n] = (work.products[other] - floor) ** 2 / (log.squares[other] + penalty.l2)
            n += 1
    least, kept = _least(work, n, most), 0
    for place in range(n):
        if work.keys[place] >= least:
            work.outside[kept] = work.outside[place]
            kept += 1
    return kept


@njit(cache=True, nogil=True)
def _join(log: Log, work: Work, chosen: Chosen, size: int, outside: int, penalty: Penalty, slack: np.float32) -> int:
    """Moves those of work.outside that break their condition most to the end of the chosen; how many."""
    for place in range(outside):
        other = work.outside[place]
        product = work.products[other]
        reach = abs(product) if penalty.signed else product
        reach = reach - penalty.l1 if reach > penalty.l1 + slack else np.float32(0)
        work.gains[place] = reach * reach / (log.squares[other] + penalty.l2)
    least = _least(work, outside, max(JOIN, size))
    joined, kept = 0, 0
    for place in range(outside):
        other = work.outside[place]
        if work.keys[place] >= least:
            chosen.items[size + joined] = other
            chosen.targets[size + joined] = work.alone[other]
            chosen.weights[size + joined] = 0
            joined += 1
        else:
            work.outside[kept] = other
            kept += 1
    return joined


@njit(cache=True, nogil=True)
def _least(work: Work, n: int, most: int) -> np.uint64:
    """The key that the `most` largest of the first n gains reach, as far as they are above 0; fills work.keys."""
    bits = work.gains.view(np.uint32)
    positive = 0
    for place in range(n):
        work.keys[place] = 0
        if bits[place]:
            work.keys[place] = (np.uint64(bits[place]) << np.uint64(32)) | np.uint64(~np.uint32(place))
            positive += 1
    if positive <= most:
        return np.uint64(1)
    work.order[:n] = work.keys[:n]
    _select(work.order, np.int64(n), np.int64(most))
    least: np.uint64 = work.order[:most].min()
    return least


@njit(cache=True, nogil=True)
def _descend(gram: Floats, chosen: Chosen, size: int, penalty: Penalty, slack: np.float32) -> bool:
    """Moves the weights of the working set, one at a time, until no slope is farther from its place than `slack`.

    Whether that came about.
    """
    weights, slopes = chosen.weights[:size], chosen.slopes[:size]
    for a in range(size):
        slopes[a] = chosen.targets[a]
        for b in range(a):
            gram[b, a] = gram[a, b]
    for a in range(size):
        if weights[a] != 0:
            _move(slopes, gram[a], weights[a])
    for _ in range(SWEEPS):
        farthest = np.float32(0)
        for a in range(size):
            old, own = weights[a], gram[a, a]
            weights[a] = _shrunk(slopes[a] + own * old, penalty) / (own + penalty.l2)
            if weights[a] != old:
                _move(slopes, gram[a], weights[a] - old)
                farthest = max(farthest, abs(weights[a] - old) * (own + penalty.l2))
        if farthest <= slack:
            return True
    return False


@njit(cache=True, nogil=True)
def _move(slopes: Floats, line: Floats, weight: np.float32) -> None:
    for other in range(len(slopes)):
        slopes[other] -= weight * line[other]


@njit(cache=True, nogil=True, inline="always")
def _shrunk(slope: np.float32, penalty: Penalty) -> np.float32:
    if slope > penalty.l1:
        return slope - penalty.l1
    if penalty.signed and slope < -penalty.l1:
        return slope + penalty.l1
    return np.float32(0)


@njit(cache=True, nogil=True)
def _keep(chosen: Chosen, size: int, work: Work, items: Indices, values: Floats) -> int:
    """Puts the weights that are farthest from 0 into items, values [neighbors], in the order of joining; how many."""
    for place in range(size):
        work.gains[place] = abs(chosen.weights[place])
    least, n = _least(work, size, len(items)), 0
    for place in range(size):
        if work.keys[place] >= least:
            items[n], values[n] = chosen.items[place], chosen.weights[place]
            n += 1
    return n
