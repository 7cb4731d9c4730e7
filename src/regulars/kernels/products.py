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
from .answers import Floats, Ints, Longs, Rules, any_reaches, arrange, may_answer, offer
from .tiles import LAYOUT, SIDE

Bytes = NDArray[np.int8]
Doubles = NDArray[np.float64]

TILE = 256  # items with one scale and one bound: at 256 factors 64 KiB of bytes
WIDE_TILE = 1024  # items that BLAS multiplies at once: with 256 queries 1 MiB of scores
UNIT = 2.0**-24  # relative error of one operation in float32
SLACK = 1 + 1e-6  # bounds meet scores that were rounded to float32
NEVER = 2**31 - 1  # no product of bytes reaches it


class Catalog(NamedTuple):
    """Items by falling norm. Those with a NaN or an infinity are left out: nobody can tell their scores."""

    vectors: Floats  # [n_items, d] in their own order
    order: Ints  # [m] items by falling norm
    norms: Doubles  # [m]


class Coded(NamedTuple):
    """Vectors as bytes, vector = scale * bytes + residual; queries one by one, items by tile."""

    codes: Bytes  # queries: [n, d]; items: as `tiles.packed`
    scales: Doubles
    norms: Doubles  # of a vector, or the largest of a tile; NaN for what is not finite
    residuals: Doubles  # norm of the residual, or the largest of a tile


class Answers(NamedTuple):
    """The heaps of a block of queries."""

    items: Ints  # [n, k]
    best: Floats  # [n, k]
    found: Longs  # [n]


def catalog(vectors: Floats) -> Catalog:
    """The items [m, d] by falling norm; equal norms by index."""
    norms = _norms(vectors)
    order = np.argsort(-norms, kind="stable")[: np.count_nonzero(np.isfinite(norms))].astype(np.int32)
    return Catalog(vectors, order, norms[order])


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
    """Fills the answers of a block of queries by products of bytes."""
    _search_bytes(items, coded, queries, coded_queries(queries), rules, answers)


def search_floats(items: Catalog, ordered: Floats, queries: Floats, rules: Rules, answers: Answers) -> None:
    """Fills the answers of a block of queries by BLAS; `ordered` are the items' vectors by falling norm."""
    norms = _norms(queries)
    for begin in range(0, len(ordered), WIDE_TILE):
        rows = _open_rows(norms, items.norms[begin], answers)
        if not len(rows):
            break
        cheap = queries[rows] @ ordered[begin : begin + WIDE_TILE].T
        margins = (queries.shape[1] + 2) * UNIT * SLACK * items.norms[begin] * norms[rows]
        _look(cheap, rows, begin, margins, items, queries, rules, answers)
    _arrange(answers)


@njit(cache=True, nogil=True)
def search_few(vectors: Floats, queries: Floats, rules: Rules, answers: Answers) -> None:
    """Fills the answers by exact products with every item: what pays off for a handful of queries."""
    items = Catalog(vectors, np.empty(0, dtype=np.int32), np.empty(0))
    if answers.items.shape[1] == 0:
        return
    for row in range(len(queries)):
        for item in range(len(vectors)):
            _consider(row, item, items, queries, rules, answers)
    _arrange(answers)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def product(left: Floats, right: Floats) -> np.float32:
    """The inner product, summed in float64 and rounded once: in practice the same in whatever order it is summed."""
    total = 0.0
    for at in range(len(left)):
        total += np.float64(left[at]) * np.float64(right[at])
    return np.float32(total)


@njit(cache=True, nogil=True)
def _norms(vectors: Floats) -> Doubles:
    norms = np.empty(len(vectors))
    for row in range(len(vectors)):
        total = 0.0
        for value in vectors[row]:
            total += np.float64(value) * np.float64(value)
        norms[row] = np.sqrt(total)
    return norms


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True, inline="always")
def _consider(row: int, item: int, items: Catalog, queries: Floats, rules: Rules, answers: Answers) -> None:
    """Offers the item to the row's answer with its exact score."""
    score = product(queries[row], items.vectors[item])
    if score >= _floor(answers, row) and np.isfinite(score) and may_answer(rules, row, item):
        found = answers.found[row]
        answers.found[row] = offer(answers.items[row], answers.best[row], found, np.int32(item), score)


@njit(cache=True, nogil=True, inline="always")
def _floor(answers: Answers, row: int) -> float:
    """The score from which on an item may enter the row's answer."""
    return answers.best[row, 0] if answers.found[row] == answers.items.shape[1] else -np.inf


@njit(cache=True, nogil=True)
def _arrange(answers: Answers) -> None:
    for row in range(len(answers.items)):
        arrange(answers.items[row], answers.best[row], answers.found[row])


@njit(cache=True, nogil=True)
def _open_rows(norms: Doubles, norm: float, answers: Answers) -> Ints:
    """The rows whose answer an item of this norm could still enter."""
    rows = np.empty(len(norms), dtype=np.int32)
    count = 0
    for row in range(len(norms)):
        if norms[row] * norm * SLACK >= _floor(answers, row):
            rows[count] = row
            count += 1
    return rows[:count]


@njit(cache=True, nogil=True)
def _look(
    cheap: Floats,
    rows: Ints,
    begin: int,
    margins: Doubles,
    items: Catalog,
    queries: Floats,
    rules: Rules,
    answers: Answers,
) -> None:
    """Considers the items of a tile whose cheap product could be wrong by enough to enter."""
    width = cheap.shape[1]
    for at in range(len(rows)):
        row = rows[at]
        floor = np.float32(_floor(answers, row) - margins[at])
        for chunk in range(0, width, 64):
            end = min(chunk + 64, width)
            if not any_reaches(cheap[at, chunk:end], floor):
                continue
            for column in range(chunk, end):
                if cheap[at, column] >= floor:
                    _consider(row, items.order[begin + column], items, queries, rules, answers)
                    floor = np.float32(_floor(answers, row) - margins[at])


@njit(cache=True, nogil=True)
def _search_bytes(items: Catalog, coded: Coded, queries: Floats, asked: Coded, rules: Rules, answers: Answers) -> None:
    floors = np.empty(len(asked.codes), dtype=np.int32)
    out = np.empty((SIDE, SIDE), dtype=np.int32)
    tiles.begin(LAYOUT)
    for tile in range(len(coded.scales)):
        end = min((tile + 1) * TILE, len(items.order))
        for group in range(0, len(floors), SIDE):
            if not _set_floors(floors, group, tile, coded, asked, answers):
                continue
            for column in range(tile * TILE, end, SIDE):
                tiles.square(asked.codes, group, coded.codes, column, out)
                for row in range(group, group + SIDE):
                    if any_reaches(out[row - group], floors[row]):
                        for at in range(column, min(column + SIDE, end)):
                            if out[row - group, at - column] >= floors[row]:
                                _consider(row, items.order[at], items, queries, rules, answers)
                                floors[row] = _byte_floor(row, tile, coded, asked, answers)
    tiles.end()
    _arrange(answers)


@njit(cache=True, nogil=True)
def _set_floors(floors: Ints, group: int, tile: int, coded: Coded, asked: Coded, answers: Answers) -> bool:
    """What products of bytes must reach in this tile, for a group of queries; whether any query is still open."""
    still_open = False
    for row in range(group, group + SIDE):
        floors[row] = NEVER
        if row < len(answers.found) and asked.norms[row] * coded.norms[tile] * SLACK >= _floor(answers, row):
            floors[row] = _byte_floor(row, tile, coded, asked, answers)
            still_open = True
    return still_open


@njit(cache=True, nogil=True)
def _byte_floor(row: int, tile: int, coded: Coded, asked: Coded, answers: Answers) -> int:
    """|q v - q' v'| <= |q - q'| |v| + |q'| |v - v'|, where the dashed are the coded vectors (Cauchy-Schwarz)."""
    margin = asked.residuals[row] * coded.norms[tile]
    margin += (asked.norms[row] + asked.residuals[row]) * coded.residuals[tile]
    floor = (_floor(answers, row) - margin * SLACK) / (asked.scales[row] * coded.scales[tile])
    return np.int32(max(min(floor - 1.0, 2.0**30), -(2.0**30)))
