"""The largest inner products with a handful of questions, proven: two bits of each number choose whom to look at.

Items stand by falling length, so that a search ends where the length can no longer reach the k-th best. Until then a
product with two bits of each number, then with four, says how large a score can be at most (Cauchy and Schwarz, of what
the bits leave out). Whoever could enter the answer is scored exactly. Memory is asked beforehand for what comes next.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit

from .answers import Bools, Floats, Ints, Longs, Rules, allows, among, offer
from .bit_codes import LEVELS, Codes, asked_as_bytes
from .bit_lanes import LANES, STEP, fetch, lowest, put, reaching, taken, taken_short
from .bit_masks import Masks, Shorts
from .products import SLACK, TINY, UNIT, Answers, product
from .vectors import TILE, Doubles

FAR: Final = 1e30  # more than any sum of codes
GROUPS: Final = TILE // LANES
ZEROS: Final = 16 * GROUPS + 4 * LANES  # bytes before the sums
ROOM: Final = (ZEROS + 4 * LANES * GROUPS) // 8
NO_BITS: Final = np.zeros(0, dtype=np.uint16)

Numbers = tuple[float, float, float, float]


class Bounds(NamedTuple):
    """What sums of codes must reach in a tile: reach <= sum + slope * what is left out."""

    reach: np.float32  # of four bits
    slope: np.float32
    quarter: np.float32  # of the upper two
    rise: np.float32


class Places(NamedTuple):
    """Addresses; a function that takes these alone need not count who holds the arrays, which takes as long as a tile.

    room: of ROOM numbers, for whom a tile leaves: the groups, who of them, their sums, and sixteen zeros.
    """

    coarse: int
    fine: int
    left: int
    further: int  # what four bits leave out
    opened: int  # 0 where nothing is known
    room: int


def search_parts(vectors: Floats, masks: Masks, queries: Floats, rules: Rules, answers: Answers) -> None:
    """Fills the answers to a handful of questions, the same ones as a search in full."""
    if len(rules.banned):
        rules = rules._replace(banned=_rising(rules.starts, rules.banned))
    opened = masks.of(rules.mask)
    if opened is not None and opened.listed is not None:
        _look_up(vectors, opened.listed, queries, *rules, *answers)
        return
    for at, part in enumerate(masks.parts):  # arrays one by one: to unpack tuples of them takes as long as a search
        _search(vectors, *part, NO_BITS if opened is None else opened.bits[at], queries, *rules, *answers)


@njit(cache=True, nogil=True)
def _look_up(
    vectors: Floats, listed: Ints, queries: Floats, mask: Bools, starts: Longs, banned: Ints,
    items: Ints, best: Floats, found: Longs,
) -> None:  # fmt: skip
    """Fills the answers with the best of the listed items by exact products."""
    bytes_each = vectors.shape[1] * vectors.itemsize
    for row in range(len(queries)):
        for at in range(len(listed)):
            item = listed[at]
            fetch(vectors.ctypes.data + listed[min(at + 8, len(listed) - 1)] * bytes_each, bytes_each)
            if item >= len(vectors):
                continue
            score = product(queries[row], vectors[item])
            forbidden = among(banned, starts[row], starts[row + 1], item) or not allows(mask, row, item)
            if np.isfinite(score) and not forbidden:
                found[row] = offer(items, best, row, found[row], item, score)


@njit(cache=True, nogil=True)
def _search(
    vectors: Floats, order: Ints, coarse: Codes, fine: Codes, left: Codes, widths: Doubles, norms: Doubles,
    rounds: Doubles, opened: Shorts, queries: Floats, mask: Bools, starts: Longs, banned: Ints,
    items: Ints, best: Floats, found: Longs,
) -> None:  # fmt: skip
    """Adds the best of one part to the answers."""
    n, k = items.shape
    asked, floors = asked_as_bytes(queries), np.full(n, -np.inf)
    width = asked.codes.shape[1]
    room, chosen = np.zeros(ROOM, dtype=np.int64), np.empty(TILE, dtype=np.int32)
    places = Places(
        coarse.ctypes.data, fine.ctypes.data, left.ctypes.data, left.ctypes.data + left.shape[1],
        opened.ctypes.data if len(opened) else 0, room.ctypes.data,
    )  # fmt: skip
    for tile in range(len(widths)):
        done = True
        begin, end = tile * GROUPS, min((tile + 1) * GROUPS, -(-len(order) // LANES))
        for row in range(n):
            if found[row] == k:
                floors[row] = best[row, k - 1]
            if not asked.norms[row] * norms[tile] * SLACK + TINY >= floors[row]:
                continue
            done = False
            weights = asked.scales[row], asked.norms[row], asked.residuals[row], asked.totals[row]
            bounds = _bounds((widths[tile], norms[tile], rounds[0, tile], rounds[1, tile]), weights, floors[row])
            query = asked.codes.ctypes.data + row * width
            some = _coarsely(places, (begin, end), query, width // STEP, bounds)
            if some:
                some = _finely(places, some, query, width // STEP, bounds)
            if some == 0:
                continue
            ruled = mask, len(opened) > 0, banned[starts[row] : starts[row + 1]]
            for at in range(_permitted(vectors, order, (room[: 2 * some], chosen), ruled, row)):
                item = chosen[at]
                score = product(queries[row], vectors[item])
                if np.isfinite(score) and score >= floors[row]:
                    found[row] = offer(items, best, row, found[row], item, score)
                    if found[row] == k:
                        floors[row] = best[row, k - 1]
        if done:
            break
    room[0] = 0  # held until here, as an address does not hold it


@njit(cache=True, nogil=True)
def _bounds(tile: Numbers, asked: Numbers, floor: float) -> Bounds:
    """q v <= q' v' + |q - q'| |v| + |q'| |v - v'|, where the dashed are coded; an exact score is rounded.

    tile: what a step is worth, the largest length, what steps of `left` are worth; asked: what a step is worth, the
    length, what the codes leave out, their total.
    """
    (width, norm, coarse, fine), (scale, length, missed, total) = tile, asked
    unit = scale * width
    margin = (missed + 2 * UNIT * length) * norm * SLACK + TINY
    slope = (length + missed) * SLACK / unit
    reach = max(min((floor - margin) / unit, FAR), -FAR)
    reach -= 2.0 + 1e-6 * (abs(reach) + LEVELS * abs(total))  # as float32 may round it
    middle = 0.5 * LEVELS  # codes of four bits stand for their number less 7.5, those of two for theirs less 1.5
    return Bounds(
        np.float32(reach + (middle - 0.5) * total),
        np.float32(slope * fine),
        np.float32(0.25 * (reach + (middle - 2.0) * total)),
        np.float32(0.25 * slope * coarse),
    )


@njit(cache=True, nogil=True)
def _coarsely(places: Places, groups: tuple[int, int], query: int, turns: int, bounds: Bounds) -> int:
    """The number of groups of a tile in which somebody may reach the floor by two bits; they are written down."""
    some, line = 0, turns * 4 * LANES
    zeros, sums = places.room + 16 * GROUPS, places.room + ZEROS
    for group in range(groups[0], groups[1]):
        bits = reaching(
            places.coarse + group * line, query, turns, zeros, sums + some * 4 * LANES, places.left + group * LANES,
            bounds.quarter, bounds.rise,
        )  # fmt: skip
        if bits and places.opened:
            bits &= taken_short(places.opened + 2 * group)
        if bits:
            put(places.room + 16 * some, group)
            put(places.room + 16 * some + 8, bits)
            fetch(places.fine + group * line, line)
            some += 1
    return some


@njit(cache=True, nogil=True)
def _finely(places: Places, some: int, query: int, turns: int, bounds: Bounds) -> int:
    """The number of those groups in which somebody may reach the floor by four bits; the others are struck out."""
    kept, line = 0, turns * 4 * LANES
    for at in range(some):
        group, sums = taken(places.room + 16 * at), places.room + ZEROS + at * 4 * LANES
        bits = taken(places.room + 16 * at + 8) & reaching(
            places.fine + group * line, query, turns, sums, sums, places.further + group * LANES,
            bounds.reach, bounds.slope,
        )  # fmt: skip
        if bits:
            put(places.room + 16 * kept, group)
            put(places.room + 16 * kept + 8, bits)
            kept += 1
    return kept


@njit(cache=True, nogil=True)
def _permitted(
    vectors: Floats, order: Ints, groups_to_items: tuple[Longs, Ints], ruled: tuple[Bools, bool, Ints], row: int
) -> int:
    """The number of items in those groups that a row may be answered; they are written down.

    ruled: the mask, whether it was looked at before, and what the row bans.
    """
    (groups, chosen), (mask, known, banned) = groups_to_items, ruled
    count, bytes_each = 0, vectors.shape[1] * vectors.itemsize
    for at in range(0, len(groups), 2):
        bits = groups[at + 1]
        while bits:
            place = groups[at] * LANES + lowest(bits)
            bits &= bits - 1
            if place >= len(order):
                break
            item = order[place]
            if (known or allows(mask, row, item)) and not among(banned, 0, len(banned), item):
                chosen[count] = item
                count += 1
                fetch(vectors.ctypes.data + item * bytes_each, bytes_each)
    return count


@njit(cache=True, nogil=True)
def _rising(starts: Longs, banned: Ints) -> Ints:
    """The banned items, each row's in rising order."""
    out = banned.copy()
    for row in range(len(starts) - 1):
        out[starts[row] : starts[row + 1]].sort()
    return out
