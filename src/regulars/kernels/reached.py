"""Scores of the few items that a question reaches, as ragged rows; and the best of them.

Where a question reaches hundreds of items of a catalog of many thousands, neither filling nor searching a whole row of
scores is needed. Every score is the same to the bit as `profiles.sparse_scores` gives.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit

from .answers import Bools, Floats, Ints, Longs, Ragged, Rules, allows, empty_answer, in_blocks, mark, offer, part
from .answers import rules as checked
from .profiles import Sparse

Reach = Callable[[int, int], Sparse]  # ragged scores of the questions begin..end, each item at most once in a row

BLOCK = 128  # questions that one thread works on at a time; their reached items are held together


def best_reached(
    reach: Reach,
    shape: tuple[int, int],
    k: int,
    *,
    allowed: Bools | None = None,
    excluded: Ragged | None = None,
    threads: int | None = None,
) -> tuple[Ints, Floats]:
    """The k best allowed of what `reach(begin, end)` says of the questions begin..end; shape: questions and items.

    Answer and rules are those of `topk.top_k`.
    """
    rules = checked(shape, allowed, excluded)
    items, best = empty_answer(shape[0], k)

    def work(begin: int, end: int) -> None:
        _best(reach(begin, end), part(rules, begin, end), shape[1], items[begin:end], best[begin:end])

    if k:
        in_blocks(work, shape[0], BLOCK, threads)
    return items, best


def all_reached(reach: Reach, shape: tuple[int, int], columns: Ints | None = None) -> Floats:
    """The same scores as rows of all items, or of `columns` [m], each from 0 to n_items - 1; NaN where not reached."""
    n, width = shape[0], shape[1] if columns is None else len(columns)
    out = np.full((n, width), np.nan, dtype=np.float32)

    def work(begin: int, end: int) -> None:
        starts, items, scores = reach(begin, end)
        if columns is None:
            out[np.repeat(np.arange(begin, end), np.diff(starts)), items] = scores
        else:
            _spread(starts, items, scores, shape[1], columns, out[begin:end])

    in_blocks(work, n, BLOCK, None)
    return out


def by_weights(profiles: Sparse, weights: Sparse, n_items: int) -> Reach:
    """Reaches what the rows of `weights` [m, n_items] have that the profiles [n, m] name: their product."""
    return lambda begin, end: _reach(begin, end, *profiles, *weights, n_items)


@njit(cache=True, nogil=True)
def _best(reached: Sparse, rules: Rules, n_items: int, items: Ints, best: Floats) -> None:
    """Fills items, best [n, k] with the best allowed of ragged scores."""
    starts, others, scores = reached
    mask, banned_starts, banned = rules
    k = items.shape[1]
    forbidden = np.zeros(n_items, dtype=np.bool_)
    for row in range(len(items)):
        mark(forbidden, banned[banned_starts[row] : banned_starts[row + 1]], True)
        found, floor = 0, np.float32(-np.inf)
        for at in range(starts[row], starts[row + 1]):
            if scores[at] >= floor and not forbidden[others[at]] and allows(mask, row, others[at]):
                found = offer(items, best, row, found, others[at], scores[at])
                if found == k:
                    floor = best[row, k - 1]
        mark(forbidden, banned[banned_starts[row] : banned_starts[row + 1]], False)


@njit(cache=True, nogil=True)
def longer(items: Ints, scores: Floats, needed: int) -> tuple[Ints, Floats]:
    """The same arrays with room for at least `needed` entries."""
    if needed <= len(items):
        return items, scores
    more_items, more_scores = np.empty(2 * needed, dtype=np.int32), np.empty(2 * needed, dtype=np.float32)
    more_items[: len(items)] = items
    more_scores[: len(scores)] = scores
    return more_items, more_scores


@njit(cache=True, nogil=True)
def _reach(
    first: int,
    last: int,
    starts: Longs,
    rows: Ints,
    amounts: Floats,
    weight_starts: Longs,
    neighbors: Ints,
    weights: Floats,
    n_items: int,
) -> Sparse:
    """Ragged scores of the profiles first..last; every sum in the order of the profile."""
    sums, touched = np.full(n_items, np.nan, dtype=np.float32), np.empty(n_items + 1, dtype=np.int32)
    items, scores = np.empty(64 * (last - first), dtype=np.int32), np.empty(64 * (last - first), dtype=np.float32)
    ends = np.zeros(last - first + 1, dtype=np.int64)
    for row in range(first, last):
        met = np.uint64(0)
        for at in range(starts[row], starts[row + 1]):
            amount = amounts[at]
            for near in range(weight_starts[rows[at]], weight_starts[rows[at] + 1]):
                item = np.uint32(neighbors[near])
                before = sums[item]
                share = amount * weights[near]
                touched[met] = item
                met += np.uint64(np.isnan(before))
                sums[item] = share if np.isnan(before) else before + share
        begin = ends[row - first]
        items, scores = longer(items, scores, begin + np.int64(met))
        for place in range(np.int64(met)):
            items[begin + place] = touched[place]
            scores[begin + place] = sums[touched[place]]
            sums[touched[place]] = np.nan
        ends[row - first + 1] = begin + np.int64(met)
    return ends, items[: ends[-1]], scores[: ends[-1]]


@njit(cache=True, nogil=True)
def _spread(starts: Longs, items: Ints, scores: Floats, n_items: int, columns: Ints, out: Floats) -> None:
    sums = np.full(n_items, np.nan, dtype=np.float32)
    for row in range(len(out)):
        for at in range(starts[row], starts[row + 1]):
            sums[items[at]] = scores[at]
        for place in range(len(columns)):
            out[row, place] = sums[columns[place]]
        for at in range(starts[row], starts[row + 1]):
            sums[items[at]] = np.nan
