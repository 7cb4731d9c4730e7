"""exp(x - top) of many numbers in their place, with the sum of each row: what a softmax is made of, in one look.

Sixteen numbers at a time, written for LLVM, which left to itself takes eight. 2^y is 2^floor(y) times a polynomial of
the rest; added to y, what that differs from a straight line by is the bits of the result.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Halves = NDArray[np.uint16]  # bfloat16, the upper half of a float32

LANES = 16
_LOG2E = 1.4426950408889634
_LOWEST, _HIGHEST = -120.0, 100.0  # powers of two that are told apart: sums stay finite
# (2^f - 1 - f) / f for f from 0 to 1, highest power first: within 1e-4 of 2^f for bfloat16, 1e-7 for float32
_ROUGH = (0.07816385, 0.22644174, -0.30460559)
_FINE = (1.87794125e-3, 8.99391646e-3, 5.58167208e-2, 2.40159691e-1, -3.0684827e-1)

_FLOATS = ir.VectorType(ir.FloatType(), LANES)
_WORDS = ir.VectorType(ir.IntType(32), LANES)
_SHORTS = ir.VectorType(ir.IntType(16), LANES)


def _vectorized(emit: Callable[[ir.IRBuilder, ir.Value, ir.Value], ir.Value]) -> Any:
    """A function for kernels of an address of LANES numbers, a top and the address of LANES sums.

    emit(builder, address, top) writes what turns the numbers into their powers and gives these as floats.
    """

    @intrinsic
    def operation(_context: Any, address: Any, top: Any, sums: Any) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, _: Any, values: Sequence[ir.Value]) -> ir.Value:
            top = builder.insert_element(ir.Constant(_FLOATS, ir.Undefined), values[1], ir.Constant(ir.IntType(32), 0))
            top = builder.shuffle_vector(top, top, _words(0))
            total = builder.inttoptr(values[2], _FLOATS.as_pointer())
            raised = emit(builder, values[0], top)
            builder.store(builder.fadd(_load(builder, total), raised), total, align=4)
            return context.get_dummy_value()

        return types.void(address, top, sums), generate

    return operation


def _half(builder: ir.IRBuilder, address: ir.Value, top: ir.Value) -> ir.Value:
    place = builder.inttoptr(address, _SHORTS.as_pointer())
    words = builder.shl(builder.zext(_load(builder, place), _WORDS), _words(16))
    y = _exponent(builder, builder.bitcast(words, _FLOATS), top)
    f = builder.fsub(y, _call(builder, "floor", y))
    bent = builder.fmul(f, _polynomial(builder, _ROUGH, f))  # what 2^f - 1 is more than f
    straight = _call(builder, "fma", y, _all(128), _all(127 * 128 + 0.5))
    bits = builder.fptosi(_call(builder, "fma", bent, _all(128), straight), _WORDS)
    builder.store(builder.trunc(bits, _SHORTS), place, align=2)
    return builder.bitcast(builder.shl(bits, _words(16)), _FLOATS)


def _single(builder: ir.IRBuilder, address: ir.Value, top: ir.Value) -> ir.Value:
    place = builder.inttoptr(address, _FLOATS.as_pointer())
    y = _exponent(builder, _load(builder, place), top)
    whole = _call(builder, "floor", y)
    f = builder.fsub(y, whole)
    power = builder.fadd(_call(builder, "fma", f, _polynomial(builder, _FINE, f), f), _all(1))
    bits = builder.shl(builder.fptosi(whole, _WORDS), _words(23))
    raised = builder.bitcast(builder.add(builder.bitcast(power, _WORDS), bits), _FLOATS)
    builder.store(raised, place, align=4)
    return raised


def _exponent(builder: ir.IRBuilder, x: ir.Value, top: ir.Value) -> ir.Value:
    """Of two: (x - top) / log(2), within the powers that are told apart."""
    y = builder.fmul(builder.fsub(x, top), _all(_LOG2E))
    y = builder.select(builder.fcmp_ordered(">", y, _all(_LOWEST)), y, _all(_LOWEST))
    return builder.select(builder.fcmp_ordered("<", y, _all(_HIGHEST)), y, _all(_HIGHEST))


def _polynomial(builder: ir.IRBuilder, coefficients: Sequence[float], f: ir.Value) -> ir.Value:
    value: ir.Value = _all(coefficients[0])
    for coefficient in coefficients[1:]:
        value = _call(builder, "fma", value, f, _all(coefficient))
    return value


def _load(builder: ir.IRBuilder, place: ir.Value) -> Any:
    return builder.load(place, align=2)  # numpy promises no more


def _all(value: float) -> ir.Constant:
    return ir.Constant(_FLOATS, [ir.Constant(ir.FloatType(), float(np.float32(value)))] * LANES)


def _words(value: int) -> ir.Constant:
    return ir.Constant(_WORDS, [value] * LANES)


def _call(builder: ir.IRBuilder, name: str, *values: ir.Value) -> Any:
    """A function of vectors that LLVM knows."""
    called = f"llvm.{name}.v{LANES}f32"
    kind = ir.FunctionType(_FLOATS, [_FLOATS] * len(values))
    known = builder.module.globals.get(called) or ir.Function(builder.module, kind, called)
    return builder.call(known, values)


_raise_half, _raise_single = _vectorized(_half), _vectorized(_single)
_NOTHING = np.uint16(0xF149)  # -1e30 in bfloat16


@njit(cache=True, nogil=True)
def powers_half(x: Halves, tops: Floats, sums: Floats) -> None:
    """x [n, m], bfloat16, becomes exp(x - tops[row]), sums [n] the sum of each row.

    What is more than e^69 times the top's, or less than e^-83 of it, counts as that much.
    """
    n, m = x.shape
    lanes, rest = np.empty(LANES, dtype=np.float32), np.empty(LANES, dtype=np.uint16)
    whole = m // LANES * LANES
    for row in range(n):
        lanes[:] = 0
        at = x.ctypes.data + 2 * m * row
        for column in range(0, whole, LANES):
            _raise_half(at + 2 * column, tops[row], lanes.ctypes.data)
        if whole < m:
            rest[: m - whole], rest[m - whole :] = x[row, whole:], _NOTHING
            _raise_half(rest.ctypes.data, tops[row], lanes.ctypes.data)
            x[row, whole:] = rest[: m - whole]
        sums[row] = lanes.sum()


@njit(cache=True, nogil=True)
def powers_single(x: Floats, tops: Floats, sums: Floats) -> None:
    """As powers_half, of float32."""
    n, m = x.shape
    lanes, rest = np.empty(LANES, dtype=np.float32), np.empty(LANES, dtype=np.float32)
    whole = m // LANES * LANES
    for row in range(n):
        lanes[:] = 0
        at = x.ctypes.data + 4 * m * row
        for column in range(0, whole, LANES):
            _raise_single(at + 4 * column, tops[row], lanes.ctypes.data)
        if whole < m:
            rest[: m - whole], rest[m - whole :] = x[row, whole:], np.float32(-1e30)
            _raise_single(rest.ctypes.data, tops[row], lanes.ctypes.data)
            x[row, whole:] = rest[: m - whole]
        sums[row] = lanes.sum()
