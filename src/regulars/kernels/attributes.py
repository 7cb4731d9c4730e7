"""Sparse attributes of items against profiles: inner products with everything, and what speaks for an answer.

A product runs over the entries of an item in their order and is never regrouped: it is the same to the bit in any
batch and for any choice of items.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .answers import Floats, Ints, Longs, in_blocks
from .profiles import Sparse

LANES = 16  # profiles multiplied together: one line of the cache for each attribute
BLOCK = 64  # profiles that one thread works on at a time
FEW = 5  # profiles for which lanes pay off


def products(profiles: Sparse, vectors: Sparse, n_features: int, items: Ints) -> Floats:
    """profiles [n, n_features] @ vectors[items] [m, n_features].T; float32 [n, m], 0 where they share no attribute."""
    n = len(profiles[0]) - 1
    out = np.empty((n, len(items)), dtype=np.float32)

    def work(begin: int, end: int) -> None:
        starts = profiles[0][begin : end + 1]
        kernel = _products if end - begin >= FEW else _products_of_few
        kernel(starts, profiles[1], profiles[2], *vectors, n_features, items, out[begin:end])

    in_blocks(work, n, BLOCK, None)
    return out


def reasons(histories: Sparse, vectors: Sparse, n_features: int, answers: Ints, r: int) -> tuple[Ints, Floats, Ints]:
    """The r attributes that add most to each answer: items, shares and features, all [n, k, r]; -1 and NaN for none.

    histories: items and their amounts, [n, n_items]; a profile is the sum of amount * vector. The item of an attribute
    is that which adds most of it to the profile. answers: int32 [n, k], -1 for none.
    """
    shape = (*answers.shape, r)
    items, features = np.full(shape, -1, dtype=np.int32), np.full(shape, -1, dtype=np.int32)
    shares = np.full(shape, np.nan, dtype=np.float32)
    _reasons(*histories, *vectors, n_features, answers, items, shares, features)
    return items, shares, features


@njit(cache=True, nogil=True)
def _products(
    starts: Longs,
    features: Ints,
    amounts: Floats,
    item_starts: Longs,
    item_features: Ints,
    item_values: Floats,
    n_features: int,
    items: Ints,
    out: Floats,
) -> None:
    dense = np.zeros((n_features, LANES), dtype=np.float32)
    sums = np.empty(LANES, dtype=np.float32)
    for first in range(0, len(out), LANES):
        last = min(first + LANES, len(out))
        for row in range(first, last):
            for at in range(starts[row], starts[row + 1]):
                dense[features[at], row - first] = amounts[at]
        for place in range(len(items)):
            sums[:] = 0
            for at in range(item_starts[items[place]], item_starts[items[place] + 1]):
                value, line = item_values[at], dense[item_features[at]]
                for lane in range(LANES):
                    sums[lane] += value * line[lane]
            for row in range(first, last):
                out[row, place] = sums[row - first]
        for row in range(first, last):
            for at in range(starts[row], starts[row + 1]):
                dense[features[at], row - first] = 0


@njit(cache=True, nogil=True)
def _products_of_few(
    starts: Longs,
    features: Ints,
    amounts: Floats,
    item_starts: Longs,
    item_features: Ints,
    item_values: Floats,
    n_features: int,
    items: Ints,
    out: Floats,
) -> None:
    dense = np.zeros(n_features, dtype=np.float32)
    for row in range(len(out)):
        own = features[starts[row] : starts[row + 1]]
        for at in range(len(own)):
            dense[own[at]] = amounts[starts[row] + at]
        for place in range(len(items)):
            total = np.float32(0)
            for at in range(item_starts[items[place]], item_starts[items[place] + 1]):
                total += item_values[at] * dense[item_features[at]]
            out[row, place] = total
        for at in range(len(own)):
            dense[own[at]] = 0


@njit(cache=True, nogil=True)
def _reasons(
    starts: Longs,
    history: Ints,
    amounts: Floats,
    item_starts: Longs,
    item_features: Ints,
    item_values: Floats,
    n_features: int,
    answers: Ints,
    items: Ints,
    shares: Floats,
    features: Ints,
) -> None:
    profile, largest = np.zeros(n_features), np.zeros(n_features)
    owner = np.full(n_features, -1, dtype=np.int32)
    for row in range(len(answers)):
        for at in range(starts[row], starts[row + 1]):
            item = history[at]
            for entry in range(item_starts[item], item_starts[item + 1]):
                feature, part = item_features[entry], amounts[at] * item_values[entry]
                profile[feature] += part
                if part > largest[feature]:
                    largest[feature], owner[feature] = part, item
        for place in range(answers.shape[1]):
            answer = answers[row, place]
            if answer < 0:
                continue
            own = item_features[item_starts[answer] : item_starts[answer + 1]]
            added = profile[own] * item_values[item_starts[answer] : item_starts[answer + 1]]
            total = added.sum()
            order = np.argsort(-added, kind="mergesort")
            for rank in range(min(len(order), items.shape[2])):
                if added[order[rank]] <= 0:
                    break
                feature = own[order[rank]]
                features[row, place, rank], items[row, place, rank] = feature, owner[feature]
                shares[row, place, rank] = added[order[rank]] / total
        for at in range(starts[row], starts[row + 1]):
            for entry in range(item_starts[history[at]], item_starts[history[at] + 1]):
                feature = item_features[entry]
                profile[feature], largest[feature], owner[feature] = 0, 0, -1
