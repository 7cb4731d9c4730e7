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

Bytes = NDArray[np.int8]
Doubles = NDArray[np.float64]
Words = NDArray[np.uint32]

TILE = 256  # items looked at together, with one bound and one scale: at 256 factors 64 KiB of bytes
REGROUP = 16  # tiles after which queries are put into new groups; sooner at first
CHUNK = 64  # products compared together before any is looked at alone
UNIT = 2.0**-24  # relative error of one operation in float32
SLACK = 1 + 1e-6  # bounds meet scores that were rounded to float32
TINY = 1e-37  # and could fall below what float32 can tell from zero
NEVER = 2**31 - 1  # no product of bytes reaches it


class Catalog(NamedTuple):
    """Items by falling norm. Those with a NaN or an infinity are left out: nobody can tell their scores."""

    vectors: Floats  # [n_items, d] in their own order
    order: Ints  # [m] items by falling norm
    norms: Doubles  # [m]
    places: Ints  # [n_items] where an item stands in the order, -1 where it does not


class Coded(NamedTuple):
    """Vectors as bytes, vector = scale * bytes + residual; queries one by one, items by tile."""

    codes: Bytes  # queries: [n, d]; items: as `tiles.packed`
    scales: Doubles
    norms: Doubles  # of a vector, or the largest of a tile; NaN for what is not finite
    residuals: Doubles  # norm of the residual, or the largest of a tile


class Answers(NamedTuple):
    """The best that a block of queries has met, best first."""

    items: Ints  # [n, k]
    best: Floats  # [n, k]
    found: Longs  # [n]


def catalog(vectors: Floats) -> Catalog:
    """The items [m, d] by falling norm; equal norms by index."""
    norms = _norms(vectors)
    sound = np.flatnonzero(np.isfinite(norms))
    order = sound[np.argsort(-norms[sound], kind="stable")].astype(np.int32)
    places = np.full(len(vectors), -1, dtype=np.int32)
    places[order] = np.arange(len(order))
    return Catalog(vectors, order, norms[order], places)


def coded_items(items: Catalog) -> Coded:
    """The items as bytes, with one scale for each tile."""
    codes, scales, residuals = _coded(items.vectors, items.order, TILE)
    return Coded(tiles.packed(codes), scales, items.norms[::TILE].copy(), residuals)


def coded_queries(queries: Floats) -> Coded:
    """The queries as bytes, each with its own scale; padded to whole squares."""
    rows = np.full(-(-len(queries) // SIDE) * SIDE, -1, dtype=np.int32)
    norms = np.full(len(rows), np.nan)
    norms[: len(queries)] = _norms(queries)
    sound = np.isfinite(norms)
    rows[sound] = np.flatnonzero(sound)
    codes, scales, residuals = _coded(queries, rows, 1)
    return Coded(codes, scales, np.where(sound, norms, np.nan), residuals)


def search_bytes(items: Catalog, coded: Coded, queries: Floats, rules: Rules, answers: Answers) -> None:
    """Fills the answers of a block of queries by products of bytes.

    Queries are multiplied in groups, and a group is done with when all of its queries are. So every now and then those
    that will be done at about the same norm, as far as one can tell by then, are put together.
    """
    asked, bans = coded_queries(queries), _bans(items.places, rules)
    rows = np.arange(len(asked.scales), dtype=np.int32)
    first, end = 0, len(coded.scales)
    while first < end and len(rows):
        last = min(first + min(max(1, first), REGROUP), end)
        _search_bytes(first, last, rows, items, coded, asked, queries, rules.mask, bans, answers)
        first = last
        order = _by_end(rows, asked.norms, answers)
        rows = rows[order]
        asked = Coded(asked.codes[order], asked.scales[order], asked.norms[order], asked.residuals[order])


def search_floats(items: Catalog, ordered: Floats, queries: Floats, rules: Rules, answers: Answers) -> None:
    """Fills the answers of a block of queries by BLAS; `ordered` are the items' vectors by falling norm."""
    norms, bans = _norms(queries), _bans(items.places, rules)
    for begin in range(0, len(ordered), TILE):
        rows = np.flatnonzero(norms * items.norms[begin] * SLACK + TINY >= _floors(answers)).astype(np.int32)
        if not len(rows):
            break
        cheap = queries[rows] @ ordered[begin : begin + TILE].T
        margins = (queries.shape[1] + 2) * UNIT * SLACK * items.norms[begin] * norms[rows] + TINY
        _look(begin, cheap, rows, margins, items, queries, rules.mask, bans, answers)


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


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _norms(vectors: Floats) -> Doubles:
    norms = np.empty(len(vectors))
    for row in range(len(vectors)):
        total = 0.0
        for value in vectors[row]:
            total += np.float64(value) * np.float64(value)
        norms[row] = np.sqrt(total)
    return norms


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _coded(vectors: Floats, rows: Ints, size: int) -> tuple[Bytes, Doubles, Doubles]:
    """Bytes of the chosen rows, -1 for a row of zeros; one scale and one largest residual for each `size` of them."""
    d = vectors.shape[1]
    groups = -(-len(rows) // size)
    codes = np.zeros((groups * size, -(-d // tiles.WIDTH) * tiles.WIDTH), dtype=np.int8)
    scales = np.ones(groups)
    residuals = np.zeros(groups)
    for group in range(groups):
        members = rows[group * size : (group + 1) * size]
        largest = 0.0
        for row in members:
            if row >= 0:
                largest = max(largest, np.abs(vectors[row]).max())
        if largest == 0.0:
            continue
        scale = largest / 127.0
        scales[group] = scale
        for at in range(len(members)):
            left = 0.0
            if members[at] < 0:
                continue
            for column in range(d):
                value = np.float64(vectors[members[at], column])
                code = np.rint(value / scale)
                codes[group * size + at, column] = np.int8(code)
                left += (value - scale * code) ** 2
            residuals[group] = max(residuals[group], np.sqrt(left))
    return codes, scales, residuals


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
def _look(
    begin: int,
    cheap: Floats,
    rows: Ints,
    margins: Doubles,
    catalog: Catalog,
    queries: Floats,
    mask: Bools,
    bans: Words,
    answers: Answers,
) -> None:
    """Takes the items from place `begin` on whose cheap product [n, w] is within its margin of entering."""
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
                item = order[place]
                if not cheap[at, column] >= reach or bans[place // SIDE, row] >> np.uint32(place % SIDE) & np.uint32(1):
                    continue
                score = product(queries[row], vectors[item])
                if score >= floors[row] and np.isfinite(score) and allows(mask, row, item):
                    found[row] = offer(items, best, row, found[row], item, score)
                    if found[row] == k:
                        floors[row] = best[row, k - 1]
                        reach = np.float32(floors[row] - margins[at])


@njit(cache=True, nogil=True)
def _search_bytes(
    first: int,
    last: int,
    rows: Ints,
    catalog: Catalog,
    coded: Coded,
    asked: Coded,
    queries: Floats,
    mask: Bools,
    bans: Words,
    answers: Answers,
) -> None:
    """Takes from the tiles first..last - 1 what may enter; rows [n] says whose query each of the coded ones is."""
    items, best, found = answers
    vectors, order, codes, columns = catalog.vectors, catalog.order, asked.codes, coded.codes
    k = items.shape[1]
    floors = _padded_floors(rows, answers)
    reach = np.empty(len(rows), dtype=np.int32)
    margins, units = np.empty(len(rows)), np.empty(len(rows))
    out = np.empty((SIDE, SIDE), dtype=np.int32)
    tiles.begin(LAYOUT)
    for tile in range(first, last):
        _margins(tile, coded, asked, margins, units)
        open_rows = asked.norms * (coded.norms[tile] * SLACK) + TINY >= floors
        end = min((tile + 1) * TILE, len(order))
        for group in range(0, len(rows), SIDE):
            if not np.any(open_rows[group : group + SIDE]):
                continue
            for at in range(group, group + SIDE):
                reach[at] = _reach(floors[at], margins[at], units[at]) if open_rows[at] else NEVER
            for column in range(tile * TILE, end, SIDE):
                tiles.square(codes, group, columns, column, out)
                for line in range(SIDE):
                    at = group + line
                    if not any_reaches(out[line], reach[at]):
                        continue
                    row = rows[at]
                    ban = bans[column // SIDE, row]
                    for place in range(min(SIDE, end - column)):
                        if out[line, place] < reach[at] or ban >> np.uint32(place) & np.uint32(1):
                            continue
                        item = order[column + place]
                        score = product(queries[row], vectors[item])
                        if score >= floors[at] and np.isfinite(score) and allows(mask, row, item):
                            found[row] = offer(items, best, row, found[row], item, score)
                            if found[row] == k:
                                floors[at] = best[row, k - 1]
                                reach[at] = _reach(floors[at], margins[at], units[at])
    tiles.end()


def _by_end(rows: Ints, norms: Doubles, answers: Answers) -> Longs:
    """Those first whose answers can take items of the smallest norms."""
    with np.errstate(divide="ignore", invalid="ignore"):  # no norm at all: everything or nothing is open, as it comes
        return np.argsort(_padded_floors(rows, answers) / norms, kind="stable")


@njit(cache=True, nogil=True)
def _padded_floors(rows: Ints, answers: Answers) -> Floats:
    floors = np.full(len(rows), np.inf, dtype=np.float32)
    known = _floors(answers)
    for at in range(len(rows)):
        if rows[at] < len(known):
            floors[at] = known[rows[at]]
    return floors


@njit(cache=True, nogil=True)
def _margins(tile: int, coded: Coded, asked: Coded, margins: Doubles, units: Doubles) -> None:
    """|q v - q' v'| <= |q - q'| |v| + |q'| |v - v'|, where the dashed are the coded vectors (Cauchy-Schwarz)."""
    margins[:] = asked.residuals * coded.norms[tile] + (asked.norms + asked.residuals) * coded.residuals[tile]
    margins += 2 * UNIT * asked.norms * coded.norms[tile]  # the exact score was rounded
    margins[:] = margins * SLACK + TINY
    units[:] = asked.scales * coded.scales[tile]


@njit(cache=True, nogil=True)
def _reach(floor: np.float32, margin: float, unit: float) -> np.int32:
    """What a product of bytes must reach, rounded down."""
    reach = float(floor - margin) / unit - 1.0
    return np.int32(max(min(reach, 2.0**30), -(2.0**30)))
