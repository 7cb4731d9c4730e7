"""Vectors as codes of two and of four bits for each number, with what the codes leave out.

Numbers are mixed beforehand by a rotation, which changes no product: afterwards the numbers of a vector are spread like
those of any other, and one width of codes suits all of them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .answers import Floats, Ints
from .bit_lanes import STEP, packed
from .vectors import TILE, Doubles, catalog, norms_of

NEWER: Final = 16_384  # items that may join the newest part before it is left alone
STEPS: Final = np.array([0.18, 0.22, 0.26, 0.30, 0.36, 0.44])  # widths that are tried for a code, in deviations
LEVELS: Final = 16  # codes of four bits
SAMPLE: Final = 8  # of so many vectors one is looked at to choose the width

Codes = NDArray[np.uint8]


class Part(NamedTuple):
    """Items by falling length, as codes of two and of four bits; 256 at a time share a width of the codes."""

    order: Ints  # [m] items
    coarse: Codes  # [m / 16, d / 16, 16, 4] the upper two bits, filled up to whole tiles and turns
    fine: Codes  # the lower two bits
    left: Codes  # [2, m] how much the upper two and all four bits leave out, in shares of `rounds`, rounded up
    widths: Doubles  # [m / 256] what one step of a code of four bits is worth
    norms: Doubles  # [m / 256] the largest length
    rounds: Doubles  # [2, m / 256] what one step of `left` is worth


class Asked(NamedTuple):
    """Questions as signed bytes."""

    vectors: Floats  # [n, d]
    codes: NDArray[np.int8]  # [n, whole turns]
    totals: Doubles  # [n] of the codes
    scales: Doubles  # [n] what one step of a code is worth
    norms: Doubles  # [n] NaN for what is not finite
    residuals: Doubles  # [n] the length of what the codes leave out


def part_of(vectors: Floats, begin: int = 0) -> Part:
    """The items from `begin` on as codes."""
    items = catalog(vectors[begin:])
    codes, left, widths, rounds = _codes_of(items.vectors, items.order, STEPS)
    order = (items.order + begin).astype(np.int32)
    return Part(
        order,
        packed(codes >> np.uint8(2)),
        packed(codes & np.uint8(3)),
        left,
        widths,
        items.norms[::TILE].copy(),
        rounds,
    )


def further(parts: tuple[Part, ...], vectors: Floats, begin: int) -> tuple[Part, ...]:
    """Parts of items that came later, and of those from `begin` on; the last part takes them while it is small."""
    if parts and len(parts[-1].order) < NEWER:
        return (*parts[:-1], part_of(vectors, int(parts[-1].order.min(initial=begin))))
    return (*parts, part_of(vectors, begin))


@njit(cache=True, nogil=True)
def asked_as_bytes(queries: Floats) -> Asked:
    """The questions, mixed, as bytes."""
    n, d = queries.shape
    codes, totals = np.zeros((n, -(-d // STEP) * STEP), dtype=np.int8), np.zeros(n)
    scales, norms, residuals = np.ones(n), norms_of(queries), np.zeros(n)
    mixed = np.empty(d)
    for row in range(n):
        if not np.isfinite(norms[row]):
            norms[row] = np.nan
            continue
        _mix(queries[row], mixed)
        largest = np.abs(mixed).max()
        if largest == 0.0:
            continue
        scales[row], missed = largest / 127.0, 0.0
        for at in range(d):
            code = np.rint(mixed[at] / scales[row])
            codes[row, at] = np.int8(code)
            totals[row] += code
            missed += (mixed[at] - scales[row] * code) ** 2
        residuals[row] = np.sqrt(missed)
    return Asked(queries, codes, totals, scales, norms, residuals)


@njit(cache=True, nogil=True)
def _codes_of(vectors: Floats, order: Ints, steps: Doubles) -> tuple[Codes, Codes, Doubles, Doubles]:
    """Codes [m, d] of four bits of the items in their order, and what a Part holds of them; whole tiles and turns."""
    d = vectors.shape[1]
    tiles = -(-len(order) // TILE)
    codes = np.zeros((tiles * TILE, -(-d // STEP) * STEP), dtype=np.uint8)
    left = np.zeros((2, tiles * TILE), dtype=np.uint8)
    widths, rounds = np.ones(tiles), np.zeros((2, tiles))
    mixed, missed = np.empty((TILE, d)), np.empty((2, TILE))
    for tile in range(tiles):
        begin = tile * TILE
        size = min(TILE, len(order) - begin)
        for at in range(size):
            _mix(vectors[order[begin + at]], mixed[at])
        width = _width(mixed[:size], steps)
        widths[tile] = width
        for at in range(size):
            for column in range(d):
                codes[begin + at, column] = _code(mixed[at, column], width)
            missed[0, at], missed[1, at] = _left_out(mixed[at], width)
        for part in range(2):
            rounds[part, tile] = missed[part, :size].max() / 254.0
            for at in range(size):
                if rounds[part, tile] > 0.0:
                    share = np.ceil(missed[part, at] / rounds[part, tile] + 1e-6)
                    left[part, begin + at] = np.uint8(min(share, 255.0))
    return codes, left, widths, rounds


@njit(cache=True, nogil=True)
def _width(mixed: Doubles, steps: Doubles) -> float:
    """The width of a code with which two and four bits together leave out least of some vectors; 1 if all are zero."""
    deviation = np.sqrt(np.mean(mixed**2))
    best, least = 1.0, np.inf
    for step in steps:
        width, missed = step * deviation, 0.0
        if width == 0.0:
            break
        for at in range(0, len(mixed), SAMPLE):
            coarse, fine = _left_out(mixed[at], width)
            missed += coarse + fine
        if missed < least:
            best, least = width, missed
    return best


@njit(cache=True, nogil=True)
def _left_out(mixed: Doubles, width: float) -> tuple[float, float]:
    """The lengths of what codes of two and of four bits leave out of a vector."""
    coarse, fine = 0.0, 0.0
    for value in mixed:
        code = _code(value, width)
        coarse += (value - width * (4.0 * (code // 4) + 2.0 - 0.5 * LEVELS)) ** 2
        fine += (value - width * (code + 0.5 - 0.5 * LEVELS)) ** 2
    return np.sqrt(coarse), np.sqrt(fine)


@njit(cache=True, nogil=True, inline="always")
def _code(value: float, width: float) -> np.int64:
    return np.int64(min(max(np.floor(value / width) + LEVELS // 2, 0.0), LEVELS - 1.0))


@njit(cache=True, nogil=True)
def _mix(vector: Floats, mixed: Doubles) -> None:
    """Changes some signs, then turns the first and the last numbers by Hadamard's rotation of a power of two."""
    d = len(vector)
    size = 1
    while 2 * size <= d:
        size *= 2
    state = np.uint32(1)
    for at in range(d):
        state = np.uint32(state * np.uint32(1664525) + np.uint32(1013904223))  # Knuth's linear congruences
        mixed[at] = vector[at] if state >> np.uint32(31) else -np.float64(vector[at])
    _turn(mixed[:size])
    if size < d:
        _turn(mixed[d - size :])


@njit(cache=True, nogil=True)
def _turn(values: Doubles) -> None:
    """Hadamard's rotation of a power of two of numbers, in place."""
    half = 1
    while half < len(values):
        for begin in range(0, len(values), 2 * half):
            for at in range(begin, begin + half):
                left, right = values[at], values[at + half]
                values[at], values[at + half] = left + right, left - right
        half *= 2
    values *= 1.0 / np.sqrt(len(values))
