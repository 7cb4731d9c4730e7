"""Customers who rate as the one in question does, and what they predict together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from .answers import Floats, Ints, Longs, in_blocks
from .correlation import MOMENTS, Near, add_pair, correlation
from .reached import longer

BLOCK = 64  # questions that one thread works on at a time


class Raters(NamedTuple):
    """Stored ratings: rows of customers, and the same as rows of items. Values are what is compared."""

    starts: Longs
    items: Ints
    values: Floats
    residuals: Floats  # what a rating says: by how much it differs from the expected
    by_item: Near  # the customers of each item, and their values


def similar_raters(asked: Near, raters: Raters, shrinkage: float, *, centered: bool) -> Near:
    """All customers with a positive `correlation` to each question over the items in common, most similar first.

    asked: ragged rows of items and values; equally similar customers by their index.
    """
    n = len(raters.starts) - 1
    parts: dict[int, tuple[Longs, Ints, Floats]] = {}

    def work(begin: int, end: int) -> None:
        parts[begin] = _similar(begin, end, *asked, *raters.by_item, n, shrinkage, centered)

    in_blocks(work, len(asked.starts) - 1, BLOCK, None)
    found = [parts[begin] for begin in sorted(parts)]
    lengths = np.concatenate([[0], *(np.diff(part[0]) for part in found)])
    empty: tuple[Ints, Floats] = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32)
    others, similarities = (np.concatenate([empty[at], *(part[at + 1] for part in found)]) for at in (0, 1))
    return Near(np.cumsum(lengths), others, similarities)


def heard(similar: Near, raters: Raters, k: int, items: Ints) -> Floats:
    """sum s e / sum s over the k most similar raters of each of `items` [m]; float32 [n, m], 0 where there is none."""
    out = np.zeros((len(similar.starts) - 1, len(items)), dtype=np.float32)
    n_items = len(raters.by_item.starts) - 1

    def work(begin: int, end: int) -> None:
        _heard(begin, end, *similar, raters.starts, raters.items, raters.residuals, k, n_items, items, out)

    in_blocks(work, len(out), BLOCK, None)
    return out


def heard_parts(asked: Near, similar: Near, raters: Raters, k: int, answers: Ints) -> Floats:
    """What each entry of the questions adds to each answer [n, m] through those who are heard; float32 [n_entries, m].

    Each summand of `heard` is divided among the items in common, in proportion to how far both customers deviate in the
    same direction there. An answer of -1 gets nothing.
    """
    out = np.zeros((len(asked.neighbors), answers.shape[1]), dtype=np.float32)
    n_items = len(raters.by_item.starts) - 1
    starts, items, values, residuals, _ = raters
    _parts(*asked, *similar, starts, items, values, residuals, k, n_items, answers, out)
    return out


@njit(cache=True, nogil=True)
def _similar(
    first: int,
    last: int,
    starts: Longs,
    items: Ints,
    values: Floats,
    item_starts: Longs,
    item_raters: Ints,
    item_values: Floats,
    n: int,
    shrinkage: float,
    centered: bool,
) -> tuple[Longs, Ints, Floats]:
    sums, found = np.zeros((n, MOMENTS)), np.zeros(n)
    ends = np.zeros(last - first + 1, dtype=np.int64)
    others, similarities = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.float32)
    for row in range(first, last):
        for at in range(starts[row], starts[row + 1]):
            for place in range(item_starts[items[at]], item_starts[items[at] + 1]):
                add_pair(sums[item_raters[place]], np.float64(values[at]), np.float64(item_values[place]))
        for other in range(n):
            found[other] = correlation(sums[other], shrinkage, centered)
            sums[other] = 0
        candidates = np.flatnonzero(found)
        order = candidates[np.argsort(-found[candidates], kind="mergesort")]
        begin = ends[row - first]
        others, similarities = longer(others, similarities, begin + len(order))
        for rank in range(len(order)):
            others[begin + rank] = order[rank]
            similarities[begin + rank] = found[order[rank]]
        ends[row - first + 1] = begin + len(order)
    return ends, others[: ends[-1]], similarities[: ends[-1]]


@njit(cache=True, nogil=True)
def _heard(
    first: int,
    last: int,
    similar_starts: Longs,
    similar: Ints,
    similarities: Floats,
    starts: Longs,
    items: Ints,
    residuals: Floats,
    k: int,
    n_items: int,
    wanted: Ints,
    out: Floats,
) -> None:
    totals, weights, counts = np.zeros(n_items), np.zeros(n_items), np.zeros(n_items, dtype=np.int64)
    for row in range(first, last):
        for near in range(similar_starts[row], similar_starts[row + 1]):
            for at in range(starts[similar[near]], starts[similar[near] + 1]):
                if counts[items[at]] < k:
                    totals[items[at]] += np.float64(similarities[near]) * residuals[at]
                    weights[items[at]] += similarities[near]
                    counts[items[at]] += 1
        for place in range(len(wanted)):
            if counts[wanted[place]]:
                out[row, place] = totals[wanted[place]] / weights[wanted[place]]
        totals[:] = 0
        weights[:] = 0
        counts[:] = 0


@njit(cache=True, nogil=True)
def _parts(
    asked_starts: Longs,
    asked_items: Ints,
    asked_values: Floats,
    similar_starts: Longs,
    similar: Ints,
    similarities: Floats,
    starts: Longs,
    items: Ints,
    values: Floats,
    residuals: Floats,
    k: int,
    n_items: int,
    answers: Ints,
    out: Floats,
) -> None:
    places, entries = np.full(n_items, -1, dtype=np.int64), np.full(n_items, -1, dtype=np.int64)
    weights, counts = np.zeros(answers.shape[1]), np.zeros(answers.shape[1], dtype=np.int64)
    for row in range(len(answers)):
        weights[:] = 0
        counts[:] = 0
        for place in range(answers.shape[1]):
            if answers[row, place] >= 0:
                places[answers[row, place]] = place
        asked = range(asked_starts[row], asked_starts[row + 1])
        for at in asked:
            entries[asked_items[at]] = at
        for near in range(similar_starts[row], similar_starts[row + 1]):
            theirs = range(starts[similar[near]], starts[similar[near] + 1])
            agreed = 0.0
            for at in theirs:
                entry = entries[items[at]]
                if entry >= 0:
                    agreed += max(0.0, np.float64(asked_values[entry]) * values[at])
            for rated in theirs:
                place = places[items[rated]]
                if place < 0 or counts[place] == k:
                    continue
                counts[place] += 1
                weights[place] += similarities[near]
                for at in theirs:
                    entry = entries[items[at]]
                    if entry >= 0 and agreed > 0:
                        part = max(0.0, np.float64(asked_values[entry]) * values[at]) / agreed
                        out[entry, place] += similarities[near] * residuals[rated] * part
        for place in range(answers.shape[1]):
            if answers[row, place] >= 0:
                places[answers[row, place]] = -1
        for at in asked:
            entries[asked_items[at]] = -1
            for place in range(answers.shape[1]):
                if counts[place]:
                    out[at, place] /= weights[place]
