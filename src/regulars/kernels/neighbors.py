"""Which stored histories resemble the one in question: exact, by adding up what is shared item by item.

Row by row as in `cooccurrence`: every stored history that has an item of the question gets the product of the two
weights; then the k largest similarities are kept. A stored history without any item that the question lacks has
nothing new to say and is passed over. Memory of a thread: 28 bytes * stored histories.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from .answers import Bools, Floats, Ints, Longs, in_blocks, mark
from .cooccurrence import Indices, Keys, _add, _add_and_note, _best, _packed, _select, similarity
from .profiles import Sparse

BLOCK = 128  # questions that one thread works on at a time
SPARE = 16  # further candidates, so that few searches are repeated because some say nothing new


class Stored(NamedTuple):
    """The histories that are searched."""

    histories: tuple[Longs, Ints]  # starts [n + 1] and items
    by_item: Sparse  # for each item the histories that have it and its weight there
    norms: Floats  # [n], above 0


def nearest_histories(
    asked: Sparse,
    norms: Floats,
    stored: Stored,
    k: int,
    *,
    shrinkage: float = 0.0,
    union: bool = False,
    threads: int | None = None,
) -> Sparse:
    """For each question the k stored histories with the largest similarity above 0, in no order; CSR rows.

    asked: weights of the items of each question; norms: float32 [n], above 0. Similarity: `cooccurrence.similarity`.
    Equally similar ones: the lower index first.
    """
    n = len(asked[0]) - 1
    width = min(k, len(stored.norms))
    rows, values = np.empty((n, width), dtype=np.uint32), np.empty((n, width), dtype=np.float32)
    counts = np.zeros(n, dtype=np.int64)
    starts, who, weights = stored.by_item[0], stored.by_item[1].view(np.uint32), stored.by_item[2]
    own, right = stored.histories, stored.norms

    def work(begin: int, end: int) -> None:
        _nearest(begin, end, *asked, norms, *own, starts, who, weights, right, shrinkage, union, rows, values, counts)

    if width:
        in_blocks(work, n, BLOCK, threads)
    ends = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
    return ends, *_packed(ends, rows, values)


def shared_parts(asked: Sparse, voters: Sparse, votes: Sparse, likeness: Floats, answers: Ints) -> Floats:
    """What each entry of a question adds to each answer [n, k] through those who voted; float32 [n_entries, k].

    asked: weights of the items of each question in comparisons; voters: amount of each stored history; votes [stored,
    n_items]; likeness: the weight of each entry of votes in comparisons. An answer of -1 gets nothing.
    """
    n_items = 1 + max(int(part.max(initial=0)) for part in (asked[1], votes[1], answers))
    out = np.zeros((len(asked[1]), answers.shape[1]), dtype=np.float32)
    _parts(*asked, *voters, *votes, likeness, answers, n_items, out)
    return out


@njit(cache=True, nogil=True)
def _parts(
    starts: Longs,
    items: Ints,
    weights: Floats,
    voter_starts: Longs,
    voters: Ints,
    amounts: Floats,
    vote_starts: Longs,
    vote_items: Ints,
    votes: Floats,
    likeness: Floats,
    answers: Ints,
    n_items: int,
    out: Floats,
) -> None:
    places, entries = np.full(n_items, -1, dtype=np.int64), np.full(n_items, -1, dtype=np.int64)
    for row in range(len(answers)):
        for place in range(answers.shape[1]):
            if answers[row, place] >= 0:
                places[answers[row, place]] = place
        for at in range(starts[row], starts[row + 1]):
            entries[items[at]] = at
        for near in range(voter_starts[row], voter_starts[row + 1]):
            begin, end = vote_starts[voters[near]], vote_starts[voters[near] + 1]
            total = np.float32(0)
            for at in range(begin, end):
                if entries[vote_items[at]] >= 0:
                    total += weights[entries[vote_items[at]]] * likeness[at]
            for answered in range(begin, end):
                place = places[vote_items[answered]]
                if place < 0:
                    continue
                vote = amounts[near] * votes[answered] / total
                for at in range(begin, end):
                    entry = entries[vote_items[at]]
                    if entry >= 0:
                        out[entry, place] += vote * weights[entry] * likeness[at]
        for place in range(answers.shape[1]):
            if answers[row, place] >= 0:
                places[answers[row, place]] = -1
        for at in range(starts[row], starts[row + 1]):
            entries[items[at]] = -1


@njit(cache=True, nogil=True)
def _nearest(
    first: int,
    last: int,
    asked_starts: Longs,
    asked_items: Ints,
    asked_weights: Floats,
    left: Floats,
    history_starts: Longs,
    history_items: Ints,
    item_starts: Longs,
    item_rows: Indices,
    item_weights: Floats,
    right: Floats,
    shrinkage: float,
    union: bool,
    rows: Indices,
    values: Floats,
    counts: Longs,
) -> None:
    """Fills the rows first..last of rows, values [n, k] and how many of each are filled."""
    n = len(right)
    everybody = np.empty(0, dtype=np.uint32)  # numbered when a question meets most histories
    sums, touched = np.zeros(n, dtype=np.float32), np.empty(n + 1, dtype=np.uint32)
    similarities, keys = np.empty(n, dtype=np.float32), np.empty(n, dtype=np.uint64)
    known = np.zeros(len(item_starts) - 1, dtype=np.bool_)
    for row in range(first, last):
        items = asked_items[asked_starts[row] : asked_starts[row + 1]]
        weights = asked_weights[asked_starts[row] : asked_starts[row + 1]]
        steps = 0
        for item in items:
            steps += item_starts[item + 1] - item_starts[item]
        if steps > n:
            _add(items, weights, item_starts, item_rows, item_weights, sums)
            if len(everybody) < n:
                everybody = np.arange(n).astype(np.uint32)
            others = everybody
        else:
            others = touched[: _add_and_note(items, weights, item_starts, item_rows, item_weights, sums, touched)]
        found = similarities[: len(others)]
        for place in range(len(others)):
            found[place] = similarity(sums[others[place]], left[row], right[others[place]], shrinkage, union)
            sums[others[place]] = 0
        mark(known, items, True)
        counts[row] = _best_with_news(others, found, keys, known, history_starts, history_items, rows[row], values[row])
        mark(known, items, False)


@njit(cache=True, nogil=True)
def _best_with_news(
    others: Indices,
    similarities: Floats,
    keys: Keys,
    known: Bools,
    history_starts: Longs,
    history_items: Ints,
    rows: Indices,
    values: Floats,
) -> int:
    """Puts the best of `others` that have an item beyond `known` into rows, values [k]; how many there are."""
    k, width = len(rows), len(rows) + SPARE
    while True:
        near, strengths = np.empty(width, dtype=np.uint32), np.empty(width, dtype=np.float32)
        found = _best(others, similarities, keys, near, strengths)
        told = 0
        for place in range(found):
            begin, end = history_starts[near[place]], history_starts[near[place] + 1]
            if _has_news(history_items[begin:end], known):
                near[told], strengths[told] = near[place], strengths[place]
                told += 1
        if told >= k or found < width:
            break
        width *= 4
    if told > k:
        bits = strengths.view(np.uint32)
        for place in range(told):
            keys[place] = (np.uint64(bits[place]) << np.uint64(32)) | np.uint64(~near[place])
        _select(keys, np.int64(told), np.int64(k))
        told = k
        for place in range(told):
            near[place] = ~np.uint32(keys[place] & np.uint64(0xFFFFFFFF))
            bits[place] = keys[place] >> np.uint64(32)
    rows[:told] = near[:told]
    values[:told] = strengths[:told]
    return told


@njit(cache=True, nogil=True)
def _has_news(items: Ints, known: Bools) -> bool:
    for item in items:  # noqa: SIM110  numba knows no generators
        if not known[item]:
            return True
    return False
