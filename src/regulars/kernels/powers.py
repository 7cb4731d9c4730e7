"""exp(x - top) of many numbers in their place, with the sum of each row: what a softmax is made of, in one look."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from . import lanes
from .lanes import FINE, FLOATS, LANES, SHORTS, WORDS, all_words, every

Floats = NDArray[np.float32]
Halves = NDArray[np.uint16]  # bfloat16, the upper half of a float32


def _vectorized(emit: Callable[[ir.IRBuilder, ir.Value, ir.Value], ir.Value]) -> Any:
    """A function for kernels of an address of LANES numbers, a top and the address of LANES sums.

    emit(builder, address, top) writes what turns the numbers into their powers and gives these as floats.
    """

    @intrinsic
    def operation(_context: Any, address: Any, top: Any, sums: Any) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, _: Any, values: Sequence[ir.Value]) -> ir.Value:
            total = builder.inttoptr(values[2], FLOATS.as_pointer())
            raised = emit(builder, values[0], lanes.spread(builder, values[1]))
            builder.store(builder.fadd(lanes.load(builder, total), raised), total, align=4)
            return context.get_dummy_value()

        return types.void(address, top, sums), generate

    return operation


def _half(builder: ir.IRBuilder, address: ir.Value, top: ir.Value) -> ir.Value:
    place = builder.inttoptr(address, SHORTS.as_pointer())
    words = builder.shl(builder.zext(lanes.load(builder, place), WORDS), all_words(16))
    bits = lanes.half_power(builder, builder.bitcast(words, FLOATS), top)
    builder.store(builder.trunc(bits, SHORTS), place, align=2)
    return builder.bitcast(builder.shl(bits, all_words(16)), FLOATS)


def _single(builder: ir.IRBuilder, address: ir.Value, top: ir.Value) -> ir.Value:
    place = builder.inttoptr(address, FLOATS.as_pointer())
    y = lanes.exponent(builder, lanes.load(builder, place), top)
    whole = lanes.call(builder, "floor", y)
    f = builder.fsub(y, whole)
    power = builder.fadd(lanes.call(builder, "fma", f, lanes.polynomial(builder, FINE, f), f), every(1))
    bits = builder.shl(builder.fptosi(whole, WORDS), all_words(23))
    raised = builder.bitcast(builder.add(builder.bitcast(power, WORDS), bits), FLOATS)
    builder.store(raised, place, align=4)
    return raised


_raise_half, _raise_single = _vectorized(_half), _vectorized(_single)
_NOTHING = np.uint16(0xF149)  # -1e30 in bfloat16


@njit(cache=True, nogil=True)
def powers_half(x: Halves, tops: Floats, sums: Floats) -> None:
    """x [n, m], bfloat16, becomes exp(x - tops[row]), sums [n] the sum of each row.

    What is more than e^69 times the top's, or less than e^-83 of it, counts as that much.
    """
    n, m = x.shape
    parts, rest = np.empty(LANES, dtype=np.float32), np.empty(LANES, dtype=np.uint16)
    whole = m // LANES * LANES
    for row in range(n):
        parts[:] = 0
        at = x.ctypes.data + 2 * m * row
        for column in range(0, whole, LANES):
            _raise_half(at + 2 * column, tops[row], parts.ctypes.data)
        if whole < m:
            rest[: m - whole], rest[m - whole :] = x[row, whole:], _NOTHING
            _raise_half(rest.ctypes.data, tops[row], parts.ctypes.data)
            x[row, whole:] = rest[: m - whole]
        sums[row] = parts.sum()


@njit(cache=True, nogil=True)
def powers_single(x: Floats, tops: Floats, sums: Floats) -> None:
    """As powers_half, of float32."""
    n, m = x.shape
    parts, rest = np.empty(LANES, dtype=np.float32), np.empty(LANES, dtype=np.float32)
    whole = m // LANES * LANES
    for row in range(n):
        parts[:] = 0
        at = x.ctypes.data + 4 * m * row
        for column in range(0, whole, LANES):
            _raise_single(at + 4 * column, tops[row], parts.ctypes.data)
        if whole < m:
            rest[: m - whole], rest[m - whole :] = x[row, whole:], np.float32(-1e30)
            _raise_single(rest.ctypes.data, tops[row], parts.ctypes.data)
            x[row, whole:] = rest[: m - whole]
        sums[row] = parts.sum()
