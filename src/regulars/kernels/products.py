"""Largest inner products, proven: cheap products choose whom to look at, exact ones decide.

Items stand by falling norm. A query whose k-th best exceeds its norm times the norm of a tile is done with the rest
(Cauchy-Schwarz). Within a tile, an item whose cheap product is below the k-th best by more than its error cannot enter.
Cheap is bytes where the machine has a matrix unit for them, single precision by BLAS elsewhere.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from . import tiles
from .answers import Bools, Floats, Ints, Longs, Rules, allows, any_reaches, mark, offer
from .tiles import LAYOUT, SIDE
from .vectors import TILE, Catalog, Coded, Doubles, codes_of, norms_of

Words = NDArray[np.uint32]

REGROUP = 16  # tiles after which queries are put into new groups; sooner at first
CHUNK = 64  # products compared together before any is looked at alone
UNIT = 2.0**-24  # relative error of one operation in float32
SLACK = 1 + 1e-6  # bounds meet scores that were rounded to float32
TINY = 1e-37  # and could fall below what float32 can tell from zero
NEVER = 2**31 - 1  # no product of bytes reaches it


class Block(NamedTuple):
    """Some queries, and what may not answer them."""

    queries: Floats  # [n, d]
    mask: Bools  # [n, n_items] or [1, n_items]; no columns if everything is allowed
    bans: Words  # [n_items / 32, n] a bit for each item in its order, set where it is excluded


class Asked(NamedTuple):
    """Queries of a block in the order in which they are multiplied; a whole number of squares."""

    rows: Ints  # [n] of the block, or beyond it for padding
    floors: Floats  # [n] the score that an item must reach to enter the row's answer
    vectors: Coded


class Answers(NamedTuple):
    """The best that a block of queries has met, best first."""

    items: Ints  # [n, k]
    best: Floats  # [n, k]
    found: Longs  # [n]


def search_bytes(items: Catalog, item_codes: Coded, queries: Floats, rules: Rules, answers: Answers) -> None:
    """Fills the answers of a block of queries by products of bytes.

    Queries are multiplied in groups, and a group is done with when all of its queries are. So every now and then those
    that will be done at about the same norm, as far as one can tell by then, are put together.
    """
    block, asked = Block(queries, rules.mask, _bans(items.places, rules)), _asked(queries)
    first, end = 0, len(item_codes.scales)
    while first < end:
        last = min(first + min(max(1, first), REGROUP), end)
        _search_bytes((first, last), items, item_codes, block, asked, answers)
        first, asked = last, _regrouped(asked)


def search_floats(items: Catalog, ordered: Floats, queries: Floats, rules: Rules, answers: Answers) -> None:
    """Fills the answers of a block of queries by BLAS; `ordered` are the items' vectors by falling norm."""
    block, norms = Block(queries, rules.mask, _bans(items.places, rules)), norms_of(queries)
    for begin in range(0, len(ordered), TILE):
        rows = np.flatnonzero(norms * items.norms[begin] * SLACK + TINY >= _floors(answers)).astype(np.int32)
        if not len(rows):
            break
        cheap = queries[rows] @ ordered[begin : begin + TILE].T
        margins = (queries.shape[1] + 2) * UNIT * SLACK * items.norms[begin] * norms[rows] + TINY
        _look((begin, cheap, margins), items, block, rows, answers)


@njit(cache=True, nogil=True)
def search_few(vectors: Floats, queries: Floats, rules: Rules, answers: Answers) -> None:
    """Fills the answers by exact products with every item: what pays off for a handful of queries."""
    mask, starts, banned = rules
    items, best, found = answers
    k = items.shape[1]
    forbidden = np.zeros(len(vectors), dtype=np.bool_)
    for row in range(len(queries)):
        floor = -np.inf
        mark(forbidden, banned[starts[row] : starts[row + 1]], True)
        for item in range(len(vectors)):
            score = product(queries[row], vectors[item])
            if score >= floor and np.isfinite(score) and not forbidden[item] and allows(mask, row, item):
                found[row] = offer(items, best, row, found[row], np.int32(item), score)
                if found[row] == k:
                    floor = best[row, k - 1]
        mark(forbidden, banned[starts[row] : starts[row + 1]], False)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def product(left: Floats, right: Floats) -> np.float32:
    """The inner product, summed in float64 and rounded once: in practice the same in whatever order it is summed."""
    total = 0.0
    for at in range(len(left)):
        total += np.float64(left[at]) * np.float64(right[at])
    return np.float32(total)


@njit(cache=True, nogil=True)
def _bans(places: Ints, rules: Rules) -> Words:
    """A bit for each item in its order, set where a row excludes it; uint32 [n_items / 32, n]."""
    _, starts, banned = rules
    bans = np.zeros((len(places) // SIDE + 1, len(starts) - 1), dtype=np.uint32)
    for row in range(len(starts) - 1):
        for item in banned[starts[row] : starts[row + 1]]:
            if 0 <= item < len(places) and places[item] >= 0:
                bans[places[item] // SIDE, row] |= np.uint32(1) << np.uint32(places[item] % SIDE)
    return bans


@njit(cache=True, nogil=True)
def _floors(answers: Answers) -> Floats:
    """The score that an item must reach to enter the answer of each row."""
    k = answers.items.shape[1]
    floors = np.full(len(answers.items), -np.inf, dtype=np.float32)
    for row in range(len(floors)):
        if answers.found[row] == k:
            floors[row] = answers.best[row, k - 1]
    return floors


@njit(cache=True, nogil=True)
def _look(tile: tuple[int, Floats, Doubles], catalog: Catalog, block: Block, rows: Ints, answers: Answers) -> None:
    """Takes from a tile what may enter the answers of `rows`.

    tile: the place of its first item, its cheap products [n, w], and by how much those of each row can be wrong.
    """
    begin, cheap, margins = tile
    queries, mask, bans = block
    vectors, order = catalog.vectors, catalog.order
    items, best, found = answers
    k = items.shape[1]
    floors = _floors(answers)
    for at in range(len(rows)):
        row = rows[at]
        reach = np.float32(floors[row] - margins[at])
        for chunk in range(0, cheap.shape[1], CHUNK):
            end = min(chunk + CHUNK, cheap.shape[1])
            if not any_reaches(cheap[at, chunk:end], reach):
                continue
            for column in range(chunk, end):
                place = begin + column
                if not cheap[at, column] >= reach or _bit(bans[place // SIDE, row], place % SIDE):
                    continue
                score = product(queries[row], vectors[order[place]])
                if score >= floors[row] and np.isfinite(score) and allows(mask, row, order[place]):
                    found[row] = offer(items, best, row, found[row], order[place], score)
                    if found[row] == k:
                        floors[row] = best[row, k - 1]
                        reach = np.float32(floors[row] - margins[at])


def _asked(queries: Floats) -> Asked:
    n = -(-len(queries) // SIDE) * SIDE
    norms = np.full(n, np.nan)
    norms[: len(queries)] = norms_of(queries)
    sound = np.isfinite(norms)
    codes, scales, residuals = codes_of(queries, np.where(sound, np.arange(n), -1).astype(np.int32), 1)
    floors = np.where(sound, -np.inf, np.inf).astype(np.float32)
    return Asked(np.arange(n, dtype=np.int32), floors, Coded(codes, scales, norms, residuals))


def _regrouped(asked: Asked) -> Asked:
    """Those first whose answers can take items of the smallest norms."""
    rows, floors, (codes, scales, norms, residuals) = asked
    with np.errstate(divide="ignore", invalid="ignore"):  # without a norm everything or nothing is open, as it comes
        order = np.argsort(floors / norms, kind="stable")
    return Asked(rows[order], floors[order], Coded(codes[order], scales[order], norms[order], residuals[order]))


@njit(cache=True, nogil=True)
def _search_bytes(
    span: tuple[int, int], catalog: Catalog, coded: Coded, block: Block, asked: Asked, answers: Answers
) -> None:
    """Takes from the tiles first..last - 1 what may enter; raises the floors."""
    queries, mask, bans = block
    rows, floors, vectors = asked
    items, best, found = answers
    item_vectors, order, columns, codes = catalog.vectors, catalog.order, coded.codes, vectors.codes
    k = items.shape[1]
    reach = np.empty(len(rows), dtype=np.int32)
    margins, units = np.empty(len(rows)), np.empty(len(rows))
    out = np.empty((SIDE, SIDE), dtype=np.int32)
    tiles.begin(LAYOUT)
    for tile in range(span[0], span[1]):
        _margins(tile, coded, vectors, margins, units)
        open_rows = vectors.norms * (coded.norms[tile] * SLACK) + TINY >= floors
        end = min((tile + 1) * TILE, len(order))
        for group in range(0, len(rows), SIDE):
            if not np.any(open_rows[group : group + SIDE]):
                continue
            for at in range(group, group + SIDE):
                reach[at] = reach_in_bytes(floors[at], margins[at], units[at]) if open_rows[at] else NEVER
            for column in range(tile * TILE, end, SIDE):
                tiles.square(codes, group, columns, column, out)
                for line in range(SIDE):
                    at = group + line
                    if not any_reaches(out[line], reach[at]):
                        continue
                    row = rows[at]
                    ban = bans[column // SIDE, row]
                    for place in range(min(SIDE, end - column)):
                        if out[line, place] < reach[at] or _bit(ban, place):
                            continue
                        item = order[column + place]
                        score = product(queries[row], item_vectors[item])
                        if score >= floors[at] and np.isfinite(score) and allows(mask, row, item):
                            found[row] = offer(items, best, row, found[row], item, score)
                            if found[row] == k:
                                floors[at] = best[row, k - 1]
                                reach[at] = reach_in_bytes(floors[at], margins[at], units[at])
    tiles.end()


@njit(cache=True, nogil=True, inline="always")
def _bit(word: int, place: int) -> bool:
    return bool((np.uint32(word) >> np.uint32(place)) & np.uint32(1))


@njit(cache=True, nogil=True)
def _margins(tile: int, coded: Coded, asked: Coded, margins: Doubles, units: Doubles) -> None:
    """|q v - q' v'| <= |q - q'| |v| + |q'| |v - v'|, where the dashed are the coded vectors (Cauchy-Schwarz)."""
    margins[:] = asked.residuals * coded.norms[tile] + (asked.norms + asked.residuals) * coded.residuals[tile]
    margins += 2 * UNIT * asked.norms * coded.norms[tile]  # the exact score was rounded
    margins[:] = margins * SLACK + TINY
    units[:] = asked.scales * coded.scales[tile]


@njit(cache=True, nogil=True)
def reach_in_bytes(floor: np.float32, margin: float, unit: float) -> np.int32:
    """What a product of bytes must reach, rounded down."""
    reach = float(floor - margin) / unit - 1.0
    return np.int32(max(min(reach, 2.0**30), -(2.0**30)))
