"""The three products of a softmax over a catalog, and the powers between them, 32 rows by 32 columns at a time.

Logits never leave the first cache: a block of them is made in tiles (`half_tiles`), raised while it lies there, and its
powers, in bfloat16, are what the next product takes. n, m and d are multiples of 32 here: what is more than asked has
rows of zeros, and columns whose bias is -1e30. Addresses of rows are multiples of 64.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit
from numpy.typing import NDArray

from . import lanes
from .half_tiles import clear, load, multiply, room, store
from .lanes import FLOATS, SHORTS, WORDS
from .tiles import LAYOUT, SIDE, begin, end, operation

Floats = NDArray[np.float32]
Halves = NDArray[np.uint16]  # bfloat16, the upper half of a float32
Pairs = NDArray[np.uint32]  # two of them
Longs = NDArray[np.int64]

CHUNK: Final = 512  # columns whose powers wait together for their product
_SCORES, _SUMS = 4 * SIDE * SIDE, 64 * SIDE  # bytes of a block, and of 16 sums for each of its rows
_NOTHING = np.float32(-1e30)


class Columns(NamedTuple):
    """Columns of a product [d, m] as the tiles take them.

    down: [m / 32, d / 2, 32], pairs of neighboring numbers of one column; across: [m / 2, d], pairs of two columns'
    numbers at one place; bias: [m], what is added to the products.
    """

    down: Pairs
    across: Pairs
    bias: Floats


class Sums(NamedTuple):
    """Of rows: tops [n], totals of their powers [n], and powers @ the columns [n, d], or [0, d] for none."""

    tops: Floats
    totals: Floats
    products: Floats


def _emit_raise(builder: ir.IRBuilder, *places: ir.Value) -> None:
    scores, bias, tops, sums, half, half_stride, pair = places
    added = builder.load(_at(builder, bias, FLOATS), align=4)
    raised = []
    for row in range(2):
        x = builder.fadd(builder.load(_at(builder, scores, FLOATS, 128 * row), align=4), added)
        top = builder.load(_at(builder, tops, ir.FloatType(), 4 * row), align=4)
        bits = lanes.half_power(builder, x, lanes.spread(builder, top))
        upper = builder.shl(bits, lanes.all_words(16))
        total = _at(builder, sums, FLOATS, 64 * row)
        builder.store(builder.fadd(builder.load(total, align=4), builder.bitcast(upper, FLOATS)), total, align=4)
        place = builder.add(half, builder.mul(half_stride, ir.Constant(ir.IntType(64), row)))
        builder.store(builder.trunc(bits, SHORTS), _at(builder, place, SHORTS), align=2)
        raised.append((bits, upper))
    builder.store(builder.or_(raised[0][0], raised[1][1]), _at(builder, pair, WORDS), align=4)


def _emit_highest(builder: ir.IRBuilder, scores: ir.Value, bias: ir.Value, most: ir.Value) -> None:
    x = builder.fadd(
        builder.load(_at(builder, scores, FLOATS), align=4), builder.load(_at(builder, bias, FLOATS), align=4)
    )
    place = _at(builder, most, FLOATS)
    before = builder.load(place, align=4)
    builder.store(builder.select(builder.fcmp_ordered(">", x, before), x, before), place, align=4)


def _at(builder: ir.IRBuilder, address: ir.Value, kind: ir.Type, more: int = 0) -> Any:
    return builder.inttoptr(builder.add(address, ir.Constant(ir.IntType(64), more)), kind.as_pointer())


_raise_pair = operation(_emit_raise)
"""The powers of two rows of 16 scores, from (scores, bias, tops, sums, half, half_stride, pair), all addresses."""
_keep_highest = operation(_emit_highest)
"""The larger ones of 16 numbers and of 16 scores with their bias, from (scores, bias, most), all addresses."""


@njit(cache=True, nogil=True)
def raise_tops(rows: Halves, columns: Columns, tops: Floats) -> None:
    """tops [n] become at least the largest of rows [n, d] @ columns + bias of their row."""
    n = len(rows)
    space = room(_SCORES + _SUMS)
    scores, most = space.ctypes.data, space[_SCORES:].view(np.float32).reshape(SIDE, 16)
    begin(LAYOUT)
    for row in range(0, n, SIDE):
        most[:] = _NOTHING
        for block in range(len(columns.down)):
            _scores(rows, row, columns.down, block, scores)
            at = columns.bias.ctypes.data + 4 * SIDE * block
            for r in range(SIDE):
                _keep_highest(scores + 128 * r, at, most.ctypes.data + 64 * r)
                _keep_highest(scores + 128 * r + 64, at + 64, most.ctypes.data + 64 * r)
        for r in range(SIDE):
            tops[row + r] = max(tops[row + r], most[r].max())
    end()


@njit(cache=True, nogil=True)
def raise_rows(rows: Halves, columns: Columns, own: Longs, sums: Sums, pairs: Pairs) -> None:
    """The powers exp(rows @ columns + bias - top), 0 in the column `own` of a row; 1e-4 exact, then bfloat16.

    rows: [n, d]; own: [n], -1 for none. sums: totals and products grow. pairs: [n / 2, at least m], become the powers,
    those of two rows together.
    """
    n, d = rows.shape
    space = room(_SCORES + _SUMS + 2 * SIDE * CHUNK)
    scores, powers = space[:_SCORES].view(np.float32).reshape(SIDE, SIDE), space[_SCORES + _SUMS :].ctypes.data
    parts = space[_SCORES : _SCORES + _SUMS].view(np.float32).reshape(SIDE, 16)
    begin(LAYOUT)
    for row in range(0, n, SIDE):
        parts[:] = 0
        for first in range(0, SIDE * len(columns.down), CHUNK):
            last = min(first + CHUNK, SIDE * len(columns.down))
            for column in range(first, last, SIDE):
                _scores(rows, row, columns.down, column // SIDE, scores.ctypes.data)
                for r in range(SIDE):
                    mine = own[row + r] - column
                    if 0 <= mine < SIDE:
                        scores[r, mine] = _NOTHING
                for r in range(0, SIDE, 2):
                    x, added = scores.ctypes.data + 128 * r, columns.bias.ctypes.data + 4 * column
                    top, total = sums.tops.ctypes.data + 4 * (row + r), parts.ctypes.data + 64 * r
                    half = powers + 2 * (CHUNK * r + column - first)
                    pair = pairs.ctypes.data + 4 * ((row + r) // 2 * pairs.shape[1] + column)
                    _raise_pair(x, added, top, total, half, 2 * CHUNK, pair)
                    _raise_pair(x + 64, added + 64, top, total, half + 32, 2 * CHUNK, pair + 64)
            for part in range(0, d if len(sums.products) else 0, SIDE):
                place = sums.products.ctypes.data + 4 * (row * d + part)
                load(place, 4 * d)
                for column in range(first, last, SIDE):
                    right = columns.across.ctypes.data + 4 * (column // 2 * d + part)
                    multiply(powers + 2 * (column - first), 2 * CHUNK, right, 4 * d)
                store(place, 4 * d)
        for r in range(SIDE):
            sums.totals[row + r] += parts[r].sum()
    end()


@njit(cache=True, nogil=True)
def add_products(rows: Halves, pairs: Pairs, sums: Floats, first: int, last: int) -> None:
    """sums[:, first:last] grow by rows @ pairs[:, first:last].

    rows: [d, at least n]; pairs: [n / 2, at least m], those of two rows together; sums: [d, m]; first, last: multiples
    of 32.
    """
    d, m = sums.shape
    begin(LAYOUT)
    for column in range(first, last, SIDE):
        for part in range(0, d, SIDE):
            place = sums.ctypes.data + 4 * (part * m + column)
            load(place, 4 * m)
            for pair in range(0, len(pairs), SIDE // 2):
                left = rows.ctypes.data + 2 * (part * rows.shape[1] + 2 * pair)
                right = pairs.ctypes.data + 4 * (pair * pairs.shape[1] + column)
                multiply(left, 2 * rows.shape[1], right, 4 * pairs.shape[1])
            store(place, 4 * m)
    end()


@njit(cache=True, nogil=True)
def _scores(rows: Halves, row: int, down: Pairs, block: int, scores: int) -> None:
    """32 rows times 32 columns, to an address."""
    d = rows.shape[1]
    clear()
    for k in range(0, d, SIDE):
        right = down.ctypes.data + 4 * SIDE * (block * (d // 2) + k // 2)
        multiply(rows.ctypes.data + 2 * (row * d + k), 2 * d, right, 4 * SIDE)
    store(scores, 4 * SIDE)
