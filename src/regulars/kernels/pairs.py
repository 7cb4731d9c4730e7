"""Pairs of a customer and a candidate: which there are, where each stands among its like, and what the history holds.

Pairs are ragged: those of row i are starts[i]:starts[i + 1], items rising and each once.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .answers import Bools, Floats, Ints, Longs, Ragged


def union(lists: Ints) -> Ragged:
    """The different items of each row of `lists` [n, w], -1 left out."""
    ordered = np.sort(lists, axis=1)
    new = ordered >= 0
    new[:, 1:] &= ordered[:, 1:] != ordered[:, :-1]
    starts = np.zeros(len(lists) + 1, dtype=np.int64)
    np.cumsum(new.sum(axis=1), out=starts[1:])
    return starts, ordered[new]


def standings(pairs: Ragged, scores: Floats, best: Floats) -> Ints:
    """How many of `best` [n, d], falling and padded with NaN, are above each score [p]; d where the score is NaN."""
    places = np.empty(len(scores), dtype=np.int32)
    _standings(pairs[0], scores, best, places)
    return places


def met(pairs: Ragged, history: Ragged, times: Longs, weights: Floats, n_items: int) -> tuple[Ints, Longs, Longs]:
    """Of the events of each pair's item that weigh more than 0: how many, the first moment and the last; [p] each.

    history: starts and items of each row, with the times and weights of the events; 0 events have the moments 0.
    """
    n = len(pairs[1])
    counts, first, last = np.empty(n, np.int32), np.empty(n, np.int64), np.empty(n, np.int64)
    _met(*pairs, *history, times, weights, n_items, counts, first, last)
    return counts, first, last


def looked_at(owners: Longs, wanted: Bools, most: int, random: np.random.Generator) -> Longs:
    """What was wanted, and at most so many of the rest of each list, drawn at random; positions, rising.

    owners: int64 [p], rising, the list of each pair; wanted: bool [p].
    """
    order = np.lexsort((random.random(len(owners)), ~wanted, owners))
    others = np.where(wanted[order], 0, 1)
    counted = np.cumsum(others) - others
    first = np.flatnonzero(np.diff(owners[order], prepend=-1))
    number = counted - np.repeat(counted[first], np.diff(np.append(first, len(order))))
    return np.sort(order[wanted[order] | (number < most)])


@njit(cache=True, nogil=True)
def _standings(starts: Longs, scores: Floats, best: Floats, places: Ints) -> None:
    d = best.shape[1]
    for row in range(len(starts) - 1):
        line = best[row]
        for at in range(starts[row], starts[row + 1]):
            score = scores[at]
            if np.isnan(score):
                places[at] = d
                continue
            low, high = 0, d
            while low < high:
                middle = (low + high) // 2
                if line[middle] > score:  # NaN, the padding, is above nothing
                    low = middle + 1
                else:
                    high = middle
            places[at] = low


@njit(cache=True, nogil=True)
def _met(
    starts: Longs,
    items: Ints,
    history_starts: Longs,
    history_items: Ints,
    times: Longs,
    weights: Floats,
    n_items: int,
    counts: Ints,
    first: Longs,
    last: Longs,
) -> None:
    places = np.full(n_items, -1, dtype=np.int64)
    for row in range(len(starts) - 1):
        for at in range(starts[row], starts[row + 1]):
            places[items[at]] = at
            counts[at], first[at], last[at] = 0, 0, 0
        for event in range(history_starts[row], history_starts[row + 1]):
            item = history_items[event]
            if item < 0 or item >= n_items or places[item] < 0 or not weights[event] > 0:
                continue
            at = places[item]
            if counts[at] == 0 or times[event] < first[at]:
                first[at] = times[event]
            if counts[at] == 0 or times[event] > last[at]:
                last[at] = times[event]
            counts[at] += 1
        for at in range(starts[row], starts[row + 1]):
            places[items[at]] = -1
