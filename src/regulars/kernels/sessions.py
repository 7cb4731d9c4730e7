"""Which past sessions resemble the current one, and what their items are worth to it.

Sessions are stored in the order of time, so that the newest ones that share an item are the ends of short lists: a
question costs at most `sample` steps for each of its items, however popular they are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .answers import Floats, Ints, Longs
from .cooccurrence import _select
from .profiles import Sparse
from .reached import longer

Doubles = NDArray[np.float64]


class Past(NamedTuple):
    """Stored sessions, oldest first: row i is the slice starts[i]:starts[i + 1] of items and positions."""

    starts: Longs
    items: Ints  # each at most once in a session
    positions: Ints  # where in its session each item was met last, from 0
    times: Longs  # [n] when each session ended, rising
    norms: Floats  # [n] what a similarity is divided by, above 0
    item_starts: Longs  # [n_items + 1]
    item_sessions: Ints  # the sessions that have an item, oldest first


class Asked(NamedTuple):
    """Current sessions as ragged rows: each item at most once, what it weighs, and how many events ago it was met."""

    starts: Longs
    items: Ints
    weights: Floats  # above 0
    steps: Ints
    times: Longs  # [n] the moment of asking


class Fading(NamedTuple):
    """How votes fade; beyond its end a table goes on as it ends."""

    recency: float  # seconds until a session counts half
    steps: Floats  # by the steps since the newest item in common
    distance: Floats  # by the distance in the past session between an item and the newest item in common


def session_votes(
    asked: Asked, past: Past, fading: Fading, rarity: Floats, *, k: int, sample: int
) -> tuple[Sparse, Sparse]:
    """The neighbors of each question as CSR rows over votes, and the votes of each as CSR rows over items.

    Of the `sample` newest sessions that share an item with the question, the k with the largest sum of weights in
    common / norm * 2 ** (-age / recency); of equally similar ones the newer. A neighbor's row of votes is
    distance[places between] * rarity[item], and it counts similarity * steps[of the newest item in common].
    """
    ends, amounts, vote_starts, items, votes = _votes(asked, past, fading, rarity, k, sample)
    return (ends, np.arange(len(amounts), dtype=np.int32), amounts), (vote_starts, items, votes)


@njit(cache=True, nogil=True)
def _votes(
    asked: Asked, past: Past, fading: Fading, rarity: Floats, k: int, sample: int
) -> tuple[Longs, Floats, Longs, Ints, Floats]:
    n = len(asked.starts) - 1
    sums, touched = np.zeros(len(past.times), dtype=np.float32), np.empty(len(past.times) + 1, dtype=np.int32)
    steps = np.full(len(past.item_starts) - 1, -1, dtype=np.int32)
    keys = np.empty(len(past.times), dtype=np.uint64)
    ends, vote_starts = np.zeros(n + 1, dtype=np.int64), np.zeros(1 + n * k, dtype=np.int64)
    amounts = np.empty(n * k, dtype=np.float32)
    items, votes = np.empty(16 * n, dtype=np.int32), np.empty(16 * n, dtype=np.float32)
    told = 0
    for row in range(n):
        met = _candidates(asked, past, row, sample, sums, touched)
        near = _nearest(int(asked.times[row]), past, fading.recency, touched[:met], sums, keys, k)
        for at in range(asked.starts[row], asked.starts[row + 1]):
            steps[asked.items[at]] = asked.steps[at]
        for place in range(near):
            session = np.int64(keys[place] & np.uint64(0xFFFFFFFF))
            begin, end = past.starts[session], past.starts[session + 1]
            newest = _newest_in_common(past.items[begin:end], steps) + begin
            step = min(int(steps[past.items[newest]]), len(fading.steps) - 1)
            amounts[told] = _similarity(keys[place]) * fading.steps[step]
            first = vote_starts[told]
            items, votes = longer(items, votes, first + end - begin)
            for at in range(begin, end):
                gap = min(abs(past.positions[at] - past.positions[newest]), len(fading.distance) - 1)
                items[first + at - begin] = past.items[at]
                votes[first + at - begin] = fading.distance[gap] * rarity[past.items[at]]
            told += 1
            vote_starts[told] = first + end - begin
        ends[row + 1] = told
        for at in range(asked.starts[row], asked.starts[row + 1]):
            steps[asked.items[at]] = -1
    return ends, amounts[:told], vote_starts[: told + 1], items[: vote_starts[told]], votes[: vote_starts[told]]


@njit(cache=True, nogil=True)
def _candidates(asked: Asked, past: Past, row: int, sample: int, sums: Floats, touched: Ints) -> int:
    """Adds up the weights in common; puts the `sample` newest sessions met into `touched`; how many there are."""
    met = 0
    for at in range(asked.starts[row], asked.starts[row + 1]):
        end = past.item_starts[asked.items[at] + 1]
        # what is older than the newest `sample` that have this item is not among the newest that have any
        for place in range(max(past.item_starts[asked.items[at]], end - sample), end):
            session = past.item_sessions[place]
            touched[met] = session
            met += sums[session] == 0
            sums[session] += asked.weights[at]
    if met <= sample:
        return met
    oldest = np.partition(touched[:met], met - sample)[met - sample]
    kept = 0
    for place in range(met):
        if touched[place] >= oldest:
            touched[kept] = touched[place]
            kept += 1
        else:
            sums[touched[place]] = 0
    return kept


@njit(cache=True, nogil=True)
def _nearest(now: int, past: Past, recency: float, candidates: Ints, sums: Floats, keys: np.ndarray, k: int) -> int:
    """Puts the k most similar candidates in front of `keys`, similarity bits before the session; clears `sums`."""
    bits = np.empty(1, dtype=np.float32)
    for place in range(len(candidates)):
        session = candidates[place]
        age = max(now - past.times[session], 0)
        bits[0] = sums[session] / past.norms[session] * np.exp2(-age / recency)
        keys[place] = (np.uint64(bits.view(np.uint32)[0]) << np.uint64(32)) | np.uint64(session)
        sums[session] = 0
    n = len(candidates)
    if n > k:
        _select(keys, np.int64(n), np.int64(k))
    return min(n, k)


@njit(cache=True, nogil=True)
def _newest_in_common(items: Ints, steps: Ints) -> int:
    """The place of the item that the question met last."""
    best, least = 0, np.int32(2147483647)
    for place in range(len(items)):
        if 0 <= steps[items[place]] < least:
            best, least = place, steps[items[place]]
    return best


@njit(cache=True, nogil=True)
def _similarity(key: np.uint64) -> np.float32:
    bits = np.empty(1, dtype=np.uint32)
    bits[0] = key >> np.uint64(32)
    return np.float32(bits.view(np.float32)[0])
