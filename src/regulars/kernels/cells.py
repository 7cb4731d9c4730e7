"""Items in a tree of categories: how much more each customer buys from each than others do, and what sells best there.

A cell is a category of the tree. Parents stand before their children; the parent of what is at the top is -1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from .answers import Bools, Floats, Ints, Longs, Ragged, Rules, allows, empty_answer, in_blocks, mark, offer, part
from .answers import rules as checked
from .profiles import Sparse

BLOCK = 64  # questions that one thread works on at a time


class Tree(NamedTuple):
    """Categories within categories, and the deepest one of each item.

    parents: int32 [n_cells]; usual: float32 [n_cells], the part of what all customers have, above 0; cells: int32
    [n_items], -1 for an item of which nothing is known.
    """

    parents: Ints
    usual: Floats
    cells: Ints


class Shelf(NamedTuple):
    """The items of each cell, what sells best first: starts int64 [n_cells + 1], items int32, sales float32 > 0.

    order: the cells, int32, that of the best seller first.
    """

    starts: Longs
    items: Ints
    sales: Floats
    order: Ints


def shelf_of(cells: Ints, sales: Floats, n_cells: int) -> Shelf:
    """Of the cell and the sales of each item; what is in no cell or has none is left out."""
    told = np.flatnonzero((cells >= 0) & (sales > 0)).astype(np.int32)
    items = told[np.lexsort((told, -sales[told], cells[told]))]
    starts = np.concatenate([[0], np.cumsum(np.bincount(cells[items], minlength=n_cells))]).astype(np.int64)
    filled = np.flatnonzero(np.diff(starts))
    order = filled[np.argsort(-sales[items[starts[filled]]], kind="stable")].astype(np.int32)
    return Shelf(starts, items, sales[items], order)


def lifts(profiles: Sparse, tree: Tree, smoothing: float, power: float) -> Floats:
    """How many times as much each customer has of each cell as is usual, to the power; float32 [n, n_cells].

    profiles: amounts of items, [n, n_items]. Of N that a customer has, n are in a cell: lift = (n / usual + smoothing *
    the parent's lift) / (N + smoothing), and that of what has no parent is 1. NaN rows for who has nothing.
    """
    out = np.empty((len(profiles[0]) - 1, len(tree.parents)), dtype=np.float32)
    _lifts(*profiles, tree, smoothing, power, out)
    return out


def best_of_cells(
    weights: Floats,
    shelf: Shelf,
    k: int,
    n_items: int,
    *,
    allowed: Bools | None = None,
    excluded: Ragged | None = None,
    threads: int | None = None,
) -> tuple[Ints, Floats]:
    """The k allowed items with the highest sales * weight of their cell; weights: float32 [n, n_cells], NaN for none.

    Answer and rules are those of `topk.top_k`. Few items are looked at: a cell only as far as it may still count.
    """
    n = len(weights)
    rules = checked((n, n_items), allowed, excluded)
    items, best = empty_answer(n, k)

    def work(begin: int, end: int) -> None:
        _best(weights[begin:end], shelf, part(rules, begin, end), n_items, items[begin:end], best[begin:end])

    if k and len(shelf.items):
        in_blocks(work, n, BLOCK, threads)
    return items, best


def reasons(profiles: Sparse, tree: Tree, smoothing: float, answers: Ints, r: int) -> tuple[Ints, Floats, Ints]:
    """The r cells that add most to the lift of each answer: items, shares, cells, all [n, k, r]; -1 and NaN for none.

    Only those of which the customer has more than is usual. The item is that of which there is most in the cell; the
    share is a part of the lift. answers: int32 [n, k], -1 for none.
    """
    shape = (*answers.shape, r)
    items, cells = np.full(shape, -1, dtype=np.int32), np.full(shape, -1, dtype=np.int32)
    shares = np.full(shape, np.nan, dtype=np.float32)
    if r:
        _reasons(*profiles, tree, smoothing, answers, items, shares, cells)
    return items, shares, cells


@njit(cache=True, nogil=True)
def _count(items: Ints, amounts: Floats, tree: Tree, counts: np.ndarray) -> float:
    """Adds what a customer has to the counts of each cell and of all above it; returns the whole."""
    total = 0.0
    for at in range(len(items)):
        cell = tree.cells[items[at]]
        if cell >= 0:
            total += amounts[at]
        while cell >= 0:
            counts[cell] += amounts[at]
            cell = tree.parents[cell]
    return total


@njit(cache=True, nogil=True)
def _lifts(
    starts: Longs, items: Ints, amounts: Floats, tree: Tree, smoothing: float, power: float, out: Floats
) -> None:
    n_cells = len(tree.parents)
    counts, plain = np.zeros(n_cells), np.empty(n_cells)
    for row in range(len(out)):
        begin, end = starts[row], starts[row + 1]
        counts[:] = 0
        total = _count(items[begin:end], amounts[begin:end], tree, counts)
        if total <= 0:
            out[row] = np.nan
            continue
        rest = smoothing / (total + smoothing)
        fallen = np.float32(rest**power)
        for cell in range(n_cells):
            parent = tree.parents[cell]
            plain[cell] = rest * (plain[parent] if parent >= 0 else 1.0)
            if counts[cell] > 0:
                plain[cell] += counts[cell] / tree.usual[cell] / (total + smoothing)
                out[row, cell] = plain[cell] ** power
            else:  # a power is dear: that of what was not bought follows from its parent's
                out[row, cell] = fallen * (out[row, parent] if parent >= 0 else np.float32(1))


@njit(cache=True, nogil=True)
def _best(weights: Floats, shelf: Shelf, rules: Rules, n_items: int, items: Ints, best: Floats) -> None:
    """Fills items, best [n, k]; a cell whose best seller falls short is passed over, one that began to is left."""
    k = items.shape[1]
    forbidden = np.zeros(n_items, dtype=np.bool_)
    for row in range(len(items)):
        banned = rules.banned[rules.starts[row] : rules.starts[row + 1]]
        mark(forbidden, banned, True)
        found, floor = 0, np.float32(-np.inf)
        for cell in shelf.order:
            weight = weights[row, cell]
            for at in range(shelf.starts[cell], shelf.starts[cell + 1]):
                score = shelf.sales[at] * weight
                if not score >= floor:
                    break
                item = shelf.items[at]
                if not forbidden[item] and allows(rules.mask, row, item):
                    found = offer(items, best, row, found, item, score)
                    if found == k:
                        floor = best[row, k - 1]
        mark(forbidden, banned, False)


@njit(cache=True, nogil=True)
def _reasons(
    starts: Longs,
    history: Ints,
    amounts: Floats,
    tree: Tree,
    smoothing: float,
    answers: Ints,
    items: Ints,
    shares: Floats,
    cells: Ints,
) -> None:
    n_cells = len(tree.parents)
    counts, largest, owner = np.zeros(n_cells), np.zeros(n_cells), np.zeros(n_cells, dtype=np.int32)
    added = np.empty(n_cells)
    for row in range(len(answers)):
        begin, end = starts[row], starts[row + 1]
        counts[:], largest[:] = 0, 0
        total = _count(history[begin:end], amounts[begin:end], tree, counts)
        for at in range(begin, end):
            cell = tree.cells[history[at]]
            while cell >= 0:
                if amounts[at] > largest[cell]:
                    largest[cell], owner[cell] = amounts[at], history[at]
                cell = tree.parents[cell]
        for place in range(answers.shape[1]):
            if answers[row, place] < 0 or total <= 0:
                continue
            cell, depth, lift = tree.cells[answers[row, place]], 0, 0.0
            rest = smoothing / (total + smoothing)
            step = cell
            while step >= 0:
                added[depth] = counts[step] / tree.usual[step] / (total + smoothing) * rest**depth
                lift += added[depth]
                depth += 1
                step = tree.parents[step]
            lift += rest**depth
            order = np.argsort(-added[:depth], kind="mergesort")
            found = 0
            for at in order:
                step = cell
                for _ in range(at):
                    step = tree.parents[step]
                if found < items.shape[2] and counts[step] > total * tree.usual[step]:
                    items[row, place, found], cells[row, place, found] = owner[step], step
                    shares[row, place, found] = added[at] / lift
                    found += 1
