"""Sixteen floats at a time, written for LLVM, which left to itself takes eight.

2^y is 2^floor(y) times a polynomial of the rest; added to y, what that differs from a straight line by is the bits of
the result.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]

LANES: Final = 16
LOG2E: Final = 1.4426950408889634
LOWEST, HIGHEST = -120.0, 100.0  # powers of two that are told apart: sums stay finite
# (2^f - 1 - f) / f for f from 0 to 1, highest power first: within 1e-4 of 2^f for bfloat16, 1e-7 for float32
ROUGH: Final = (0.07816385, 0.22644174, -0.30460559)
FINE: Final = (1.87794125e-3, 8.99391646e-3, 5.58167208e-2, 2.40159691e-1, -3.0684827e-1)

FLOATS: Final = ir.VectorType(ir.FloatType(), LANES)
WORDS: Final = ir.VectorType(ir.IntType(32), LANES)
SHORTS: Final = ir.VectorType(ir.IntType(16), LANES)


def half_power(builder: ir.IRBuilder, x: ir.Value, top: ir.Value) -> Any:
    """exp(x - top) of floats as the bits of bfloat16, in the lower halves of words."""
    y = exponent(builder, x, top)
    f = builder.fsub(y, call(builder, "floor", y))
    bent = builder.fmul(f, polynomial(builder, ROUGH, f))  # what 2^f - 1 is more than f
    straight = call(builder, "fma", y, every(128), every(127 * 128 + 0.5))
    return builder.fptosi(call(builder, "fma", bent, every(128), straight), WORDS)


def exponent(builder: ir.IRBuilder, x: ir.Value, top: ir.Value) -> ir.Value:
    """Of two: (x - top) / log(2), within the powers that are told apart."""
    y = builder.fmul(builder.fsub(x, top), every(LOG2E))
    y = builder.select(builder.fcmp_ordered(">", y, every(LOWEST)), y, every(LOWEST))
    return builder.select(builder.fcmp_ordered("<", y, every(HIGHEST)), y, every(HIGHEST))


def polynomial(builder: ir.IRBuilder, coefficients: Sequence[float], f: ir.Value) -> ir.Value:
    """Highest power first."""
    value: ir.Value = every(coefficients[0])
    for coefficient in coefficients[1:]:
        value = call(builder, "fma", value, f, every(coefficient))
    return value


def spread(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    """One float in all lanes."""
    first = builder.insert_element(ir.Constant(FLOATS, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, first, all_words(0))


def load(builder: ir.IRBuilder, place: ir.Value) -> Any:
    """What stands at a pointer, wherever that is."""
    return builder.load(place, align=2)  # numpy promises no more


def every(value: float) -> ir.Constant:
    """The same float in all lanes."""
    return ir.Constant(FLOATS, [ir.Constant(ir.FloatType(), float(np.float32(value)))] * LANES)


def all_words(value: int) -> ir.Constant:
    """The same integer in all lanes."""
    return ir.Constant(WORDS, [value] * LANES)


def call(builder: ir.IRBuilder, name: str, *values: ir.Value) -> Any:
    """A function of vectors that LLVM knows."""
    called = f"llvm.{name}.v{LANES}f32"
    kind = ir.FunctionType(FLOATS, [FLOATS] * len(values))
    known = builder.module.globals.get(called) or ir.Function(builder.module, kind, called)
    return builder.call(known, values)
