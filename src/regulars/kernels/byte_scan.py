"""The largest inner products with a handful of questions, proven: bytes choose whom to look at, exact products decide.

What a product of bytes can be wrong by is bounded (Cauchy-Schwarz), so each item has a lowest and a highest possible
score. Whose highest is below the k-th of the lowest ones is out; the others, a few more than k, are computed exactly.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .answers import Bools, Floats, Ints, Longs, Rules, allows, offer
from .byte_lanes import LANES, STEP, ZERO, packed, reaching
from .products import SLACK, TINY, UNIT, Answers, product, reach_in_bytes
from .vectors import TILE, Doubles, catalog, codes_of, norms_of

RARE: Final = 0.04  # where fewer of the items are allowed, they are looked up one by one
NEWER: Final = 16_384  # items that may join the newest part before it is left alone
LARGE: Final = 1e38  # beyond, a score may not fit into float32, and nothing is known of the lowest possible one

Codes = NDArray[np.uint8]


class Part(NamedTuple):
    """Items by falling norm, as unsigned bytes; 256 at a time share a scale and bounds."""

    order: Ints  # [m] items
    codes: Codes  # [m / 16, d / 4, 16, 4], filled up to whole tiles and turns
    scales: Doubles  # [m / 256] what one step of a byte is worth
    norms: Doubles  # [m / 256] the largest length
    residuals: Doubles  # [m / 256] the largest length of what the bytes leave out


class Asked(NamedTuple):
    """Questions as signed bytes."""

    vectors: Floats  # [n, d]
    codes: NDArray[np.int8]  # [n, whole turns]
    scales: Doubles  # [n]
    norms: Doubles  # [n] NaN for what is not finite
    residuals: Doubles  # [n]


class Pool(NamedTuple):
    """Who may be among the k best of each row: bounds of the score, in any order."""

    items: Ints  # [n, size]
    lows: Doubles  # [n, size]
    highs: Doubles  # [n, size]
    counts: Longs  # [n]
    floors: Doubles  # [n] what the highest possible score must reach


def part_of(vectors: Floats, begin: int = 0) -> Part:
    """The items from `begin` on as bytes."""
    items = catalog(vectors[begin:])
    codes, scales, residuals = codes_of(items.vectors, items.order, TILE)
    lanes = packed(_whole_turns(codes, vectors))
    return Part((items.order + begin).astype(np.int32), lanes, scales, items.norms[::TILE].copy(), residuals)


def further(parts: tuple[Part, ...], vectors: Floats, begin: int) -> tuple[Part, ...]:
    """Parts of items that came later, and of those from `begin` on; the last part takes them while it is small."""
    if parts and len(parts[-1].order) < NEWER:
        return (*parts[:-1], part_of(vectors, int(parts[-1].order.min(initial=begin))))
    return (*parts, part_of(vectors, begin))


def search_parts(vectors: Floats, parts: tuple[Part, ...], queries: Floats, rules: Rules, answers: Answers) -> None:
    """Fills the answers to a handful of questions, the same ones as a search in full."""
    if len(rules.banned):
        rules = rules._replace(banned=_rising(rules.starts, rules.banned))
    listed = _rare(rules.mask)
    if listed is not None:
        _look_up(vectors, listed, queries, *rules, *answers)
        return
    for part in parts:  # arrays one by one: tuples of them are unpacked for as long as some thousand items take
        _search(vectors, *part, queries, *rules, *answers)


def _rare(mask: Bools) -> Ints | None:
    """The items that a mask of few allows for any row; None if there are many."""
    if not mask.shape[1]:
        return None
    some: Bools = mask[0] if len(mask) == 1 else np.logical_or.reduce(mask)
    if np.count_nonzero(some) > RARE * len(some):
        return None
    return np.flatnonzero(some).astype(np.int32)


def _whole_turns(codes: NDArray[np.int8], vectors: Floats) -> NDArray[np.int8]:
    return np.ascontiguousarray(codes[:, : -(-vectors.shape[1] // STEP) * STEP])


@njit(cache=True, nogil=True)
def _look_up(
    vectors: Floats, listed: Ints, queries: Floats, mask: Bools, starts: Longs, banned: Ints,
    items: Ints, best: Floats, found: Longs,
) -> None:  # fmt: skip
    """Fills the answers with the best of the listed items by exact products."""
    for row in range(len(queries)):
        for item in listed:
            score = product(queries[row], vectors[item])
            forbidden = _among(banned, starts[row], starts[row + 1], item) or not allows(mask, row, item)
            if np.isfinite(score) and not forbidden:
                found[row] = offer(items, best, row, found[row], item, score)


@njit(cache=True, nogil=True)
def _search(
    vectors: Floats, order: Ints, codes: Codes, scales: Doubles, norms: Doubles, residuals: Doubles,
    queries: Floats, mask: Bools, starts: Longs, banned: Ints, items: Ints, best: Floats, found: Longs,
) -> None:  # fmt: skip
    """Adds the best of one part to the answers."""
    n, k = items.shape
    sound = np.arange(n).astype(np.int32)
    size = 2 * k + TILE
    rooms = np.empty((n, size), dtype=np.int32), np.empty((n, size)), np.empty((n, size))
    pool = Pool(rooms[0], rooms[1], rooms[2], np.zeros(n, dtype=np.int64), np.full(n, -np.inf))
    for row in range(n):
        if not np.isfinite(queries[row]).all():
            sound[row] = -1
        if found[row] == k:
            pool.floors[row] = best[row, k - 1]
    coded, units, left = codes_of(queries, sound, 1)
    turns = (queries.shape[1] + STEP - 1) // STEP
    asked = Asked(queries, np.ascontiguousarray(coded[:, : turns * STEP]), units, norms_of(queries), left)
    _scan(vectors, Part(order, codes, scales, norms, residuals), asked, Rules(mask, starts, banned), (pool, k))
    _decide(vectors, asked, pool, Answers(items, best, found))


@njit(cache=True, nogil=True)
def _scan(vectors: Floats, part: Part, asked: Asked, rules: Rules, wanted: tuple[Pool, int]) -> None:
    """Puts into the pool whoever may be among the k best."""
    pool, k = wanted
    mask, starts, banned = rules
    order = part.order
    n, width = asked.codes.shape
    out = np.empty(LANES, dtype=np.int32)
    first = np.empty(n, dtype=np.int32)
    for row in range(n):
        first[row] = -ZERO * asked.codes[row].astype(np.int32).sum()
    room, turns, place = pool.items.shape[1] - LANES, width // STEP, out.ctypes.data
    items_place, queries_place = part.codes.ctypes.data, asked.codes.ctypes.data
    for tile in range(len(part.scales)):
        begin, end = tile * TILE, min((tile + 1) * TILE, len(part.order))
        norm, residual, scale = part.norms[tile], part.residuals[tile], part.scales[tile]
        for row in range(n):
            length = asked.norms[row]
            if not length * norm * SLACK + TINY >= pool.floors[row]:
                continue
            unit = asked.scales[row] * scale
            # |q v - q' v'| <= |q - q'| |v| + |q'| |v - v'|, where the dashed are the coded vectors
            margin = asked.residuals[row] * norm + (length + asked.residuals[row]) * residual
            margin = (margin + 2 * UNIT * length * norm) * SLACK + TINY  # the exact score is rounded
            reach = reach_in_bytes(pool.floors[row], margin, unit)
            for group in range(begin, end, LANES):
                bits = reaching(
                    items_place + group * width, queries_place + row * width, turns, first[row], reach, place
                )
                if bits == 0:
                    continue
                for lane in range(min(LANES, end - group)):
                    if (bits >> lane) & 1 == 0:
                        continue
                    item = order[group + lane]
                    if allows(mask, row, item) and not _among(banned, starts[row], starts[row + 1], item):
                        _put(pool, row, item, (out[lane] * unit - margin, out[lane] * unit + margin))
                if pool.counts[row] > room:
                    _tighten(vectors, asked.vectors[row], pool, row, k)
                    reach = reach_in_bytes(pool.floors[row], margin, unit)


@njit(cache=True, nogil=True, inline="always")
def _put(pool: Pool, row: int, item: int, bounds: tuple[float, float]) -> None:
    at = pool.counts[row]
    pool.items[row, at] = item
    pool.lows[row, at] = bounds[0] if bounds[1] < LARGE else -np.inf
    pool.highs[row, at] = bounds[1]
    pool.counts[row] = at + 1


@njit(cache=True, nogil=True)
def _tighten(vectors: Floats, query: Floats, pool: Pool, row: int, k: int) -> None:
    """Drops who is out; where bounds cannot tell them apart, exact products do."""
    _raise_floor(pool, row, k)
    if 2 * pool.counts[row] <= pool.items.shape[1]:
        return
    kept = 0
    for at in range(pool.counts[row]):
        item = pool.items[row, at]
        score = product(query, vectors[item])
        if np.isfinite(score):
            pool.items[row, kept], pool.lows[row, kept], pool.highs[row, kept] = item, score, score
            kept += 1
    pool.counts[row] = kept
    _raise_floor(pool, row, k)
    _drop_ties(pool, row, k)


@njit(cache=True, nogil=True)
def _raise_floor(pool: Pool, row: int, k: int) -> None:
    """The k-th best of the lowest possible scores becomes the floor; who cannot reach it leaves."""
    count = pool.counts[row]
    if count <= k:
        return
    floor = np.partition(pool.lows[row, :count], count - k)[count - k]
    pool.floors[row] = max(pool.floors[row], floor)
    kept = 0
    for at in range(count):
        if pool.highs[row, at] >= pool.floors[row]:
            _move(pool, row, at, kept)
            kept += 1
    pool.counts[row] = kept


@njit(cache=True, nogil=True)
def _drop_ties(pool: Pool, row: int, k: int) -> None:
    """Of more than k whose scores are known, those at the floor with the lowest items stay."""
    count = pool.counts[row]
    if count <= k:
        return
    above = np.sum(pool.lows[row, :count] > pool.floors[row])
    tied = pool.items[row, :count][pool.lows[row, :count] == pool.floors[row]]
    last = np.partition(tied, k - above - 1)[k - above - 1]
    kept = 0
    for at in range(count):
        if pool.lows[row, at] > pool.floors[row] or pool.items[row, at] <= last:
            _move(pool, row, at, kept)
            kept += 1
    pool.counts[row] = kept


@njit(cache=True, nogil=True, inline="always")
def _move(pool: Pool, row: int, at: int, to: int) -> None:
    pool.items[row, to], pool.lows[row, to], pool.highs[row, to] = (
        pool.items[row, at],
        pool.lows[row, at],
        pool.highs[row, at],
    )


@njit(cache=True, nogil=True)
def _decide(vectors: Floats, asked: Asked, pool: Pool, answers: Answers) -> None:
    """The k best of each row's pool by exact products."""
    items, best, found = answers
    for row in range(len(items)):
        _raise_floor(pool, row, items.shape[1])
        for at in range(pool.counts[row]):
            item = pool.items[row, at]
            score = product(asked.vectors[row], vectors[item])
            if np.isfinite(score):
                found[row] = offer(items, best, row, found[row], item, score)


@njit(cache=True, nogil=True)
def _among(rising: Ints, begin: int, end: int, item: int) -> bool:
    """Whether the item is in a part of a list that rises there."""
    low, high = begin, end
    while low < high:
        middle = (low + high) // 2
        if rising[middle] < item:
            low = middle + 1
        else:
            high = middle
    return low < end and rising[low] == item


@njit(cache=True, nogil=True)
def _rising(starts: Longs, banned: Ints) -> Ints:
    """The banned items, each row's in rising order."""
    out = banned.copy()
    for row in range(len(starts) - 1):
        out[starts[row] : starts[row + 1]].sort()
    return out
