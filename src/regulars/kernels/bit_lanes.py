"""Products of pairs of bits for one question: sixteen items at a time, by an instruction for bytes where there is one.

VPDPBUSD (AVX-512 VNNI) adds four products of an unsigned and a signed byte to each of sixteen sums. A byte holds four
codes of two bits; each is left where it stands, so that its products are 1, 4, 16 or 64 times too large, and their sum
is shifted back. LLVM makes the same of plain vectors for other machines, only slower.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import llvmlite.binding  # type: ignore[import-untyped]
import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

LANES: Final = 16  # items whose products are made together
STEP: Final = 16  # numbers of a vector that are multiplied in a turn: two bits of each fill the four bytes of a lane
AHEAD: Final = 4096  # bytes that are fetched beforehand, as the machine itself does not look beyond a page
LINE: Final = 64  # bytes that memory gives at a time
_PARTS: Final = 4  # codes in a byte

_BYTE, _WORD, _LONG, _REAL = ir.IntType(8), ir.IntType(32), ir.IntType(64), ir.FloatType()
_WORDS, _BYTES, _REALS = ir.VectorType(_WORD, LANES), ir.VectorType(_BYTE, 4 * LANES), ir.VectorType(_REAL, LANES)
_ROUNDS = ir.VectorType(_BYTE, LANES)
_OPAQUE_SINCE: Final = 17  # the release of LLVM in which pointers lost their types
_I8_SINCE: Final = 22  # the release of LLVM in which the instruction came to take bytes


@cache
def available() -> bool:
    """Whether this machine has the instruction and numba compiles for it."""
    if platform.machine() not in ("x86_64", "AMD64") or config.DISABLE_JIT or config.CPU_NAME or config.CPU_FEATURES:  # type: ignore[attr-defined]
        return False
    features = llvmlite.binding.get_host_cpu_features()
    return bool(features.get("avx512vnni") and features.get("avx512f"))


def packed(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Codes of two bits [m, d] as `reaching` reads them: [m / 16, d / 16, 16, 4], sixteen codes of each of 16 items."""
    m, d = codes.shape
    turns = codes.reshape(m // LANES, LANES, d // STEP, _PARTS, 4).transpose(0, 2, 1, 4, 3)
    shifted = turns << np.array([0, 2, 4, 6], dtype=np.uint8)
    return np.ascontiguousarray(np.bitwise_or.reduce(shifted, axis=-1))


Add = Callable[[ir.IRBuilder, ir.Value, ir.Value, ir.Value], Any]


def _add_fast(builder: ir.IRBuilder, sums: ir.Value, codes: ir.Value, query: ir.Value) -> Any:
    """The instruction: sums + codes * query, both sixteen times four bytes."""
    taken = _BYTES if llvmlite.binding.llvm_version_info[0] >= _I8_SINCE else _WORDS
    name = "llvm.x86.avx512.vpdpbusd.512"
    kind = ir.FunctionType(_WORDS, [_WORDS, taken, taken])
    called = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    return builder.call(called, [sums, builder.bitcast(codes, taken), builder.bitcast(query, taken)])


def _add_plain(builder: ir.IRBuilder, sums: ir.Value, codes: ir.Value, query: ir.Value) -> Any:
    """The same in plain vectors."""
    for byte in range(4):
        low = builder.lshr(codes, _all(8 * byte))
        high = builder.ashr(builder.shl(query, _all(24 - 8 * byte)), _all(24))
        sums = builder.add(sums, builder.mul(builder.and_(low, _all(255)), high))
    return sums


def reaching_by(add: Add) -> Any:
    """A function of kernels: which of sixteen items reach a sum, as the bits of a number; `out` takes the sums.

    (codes, query, turns, before, out, left, reach, slope): addresses of the packed codes of the items, of the bytes of
    a question, of int32 [16] twice, of which `before` counts four times, and of a byte for each item; turns of STEP
    numbers. An item reaches whose sum + slope * byte is at least reach.
    """

    @intrinsic
    def reaching(
        _context: Any, codes: Any, query: Any, turns: Any, before: Any, out: Any, left: Any, reach: Any, slope: Any
    ) -> Any:  # the arguments are types
        def generate(_: Any, builder: ir.IRBuilder, _signature: Any, values: Any) -> ir.Value:
            codes, query, turns, before, out, left, reach, slope = values
            parts = [cgutils.alloca_once_value(builder, _all(0)) for _ in range(_PARTS)]  # type: ignore[no-untyped-call]
            with cgutils.for_range(builder, turns) as turn:
                here = builder.add(codes, builder.mul(turn.index, ir.Constant(_LONG, 4 * LANES)))
                asked = builder.add(query, builder.mul(turn.index, ir.Constant(_LONG, STEP)))
                items = builder.load(_at(builder, here, 0, _WORDS), align=1)
                _fetch(builder, builder.add(here, ir.Constant(_LONG, AHEAD)))
                for part, place in enumerate(parts):
                    mask = _all(0x03030303 << 2 * part)
                    four = builder.load(_at(builder, asked, 4 * part, _WORD), align=1)
                    here_sum = add(builder, builder.load(place), builder.and_(items, mask), _spread(builder, four))
                    builder.store(here_sum, place)
            total = builder.shl(builder.load(_at(builder, before, 0, _WORDS), align=1), _all(2))
            for part, place in enumerate(parts):
                total = builder.add(total, builder.ashr(builder.load(place), _all(2 * part)))
            builder.store(total, _at(builder, out, 0, _WORDS), align=1)
            rounds = builder.zext(builder.load(_at(builder, left, 0, _ROUNDS), align=1), _WORDS)
            further = builder.fmul(builder.sitofp(rounds, _REALS), _spread(builder, slope, _REALS))
            highest = builder.fadd(builder.sitofp(total, _REALS), further)
            reached = builder.fcmp_ordered(">=", highest, _spread(builder, reach, _REALS))
            return builder.zext(builder.bitcast(reached, ir.IntType(LANES)), _LONG)

        address, real = types.int64, types.float32
        return types.int64(address, address, address, address, address, address, real, real), generate

    return reaching


def _fetch_at(_context: Any, address: Any, size: Any) -> Any:
    """Asks memory for the bytes at an address, without waiting for them."""

    def generate(_: Any, builder: ir.IRBuilder, _signature: Any, values: Any) -> None:
        address, size = values
        lines = builder.udiv(builder.add(size, ir.Constant(_LONG, LINE - 1)), ir.Constant(_LONG, LINE))
        with cgutils.for_range(builder, lines) as line:
            _fetch(builder, builder.add(address, builder.mul(line.index, ir.Constant(_LONG, LINE))))

    return types.void(types.int64, types.int64), generate


def _taken_at(_context: Any, address: Any) -> Any:
    """The number, of eight bytes, at an address."""

    def generate(_: Any, builder: ir.IRBuilder, _signature: Any, values: Any) -> Any:
        return builder.load(_at(builder, values[0], 0, _LONG), align=1)

    return types.int64(types.int64), generate


def _taken_short_at(_context: Any, address: Any) -> Any:
    """The number, of two bytes and not negative, at an address."""

    def generate(_: Any, builder: ir.IRBuilder, _signature: Any, values: Any) -> Any:
        return builder.zext(builder.load(_at(builder, values[0], 0, ir.IntType(LANES)), align=1), _LONG)

    return types.int64(types.int64), generate


def _put_at(_context: Any, address: Any, number: Any) -> Any:
    """Writes a number of eight bytes to an address."""

    def generate(_: Any, builder: ir.IRBuilder, _signature: Any, values: Any) -> None:
        builder.store(values[1], _at(builder, values[0], 0, _LONG), align=1)

    return types.void(types.int64, types.int64), generate


def _lowest_at(_context: Any, bits: Any) -> Any:
    """The place of the lowest bit that is set; some bit must be."""

    def generate(_: Any, builder: ir.IRBuilder, _signature: Any, values: Any) -> ir.Value:
        kind = ir.FunctionType(_LONG, [_LONG, ir.IntType(1)])
        name = "llvm.cttz.i64"
        called = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        return builder.call(called, [values[0], ir.Constant(ir.IntType(1), 1)])

    return types.int64(types.int64), generate


def _fetch(builder: ir.IRBuilder, address: ir.Value) -> None:
    place = builder.inttoptr(address, _BYTE.as_pointer())
    kind = ir.FunctionType(ir.VoidType(), [place.type, _WORD, _WORD, _WORD])
    name = "llvm.prefetch.p0" if llvmlite.binding.llvm_version_info[0] >= _OPAQUE_SINCE else "llvm.prefetch.p0i8"
    called = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    builder.call(called, [place, *(ir.Constant(_WORD, value) for value in (0, 3, 1))])  # to read, to keep, data


def _at(builder: ir.IRBuilder, address: ir.Value, offset: int, kind: ir.Type) -> Any:
    return builder.inttoptr(builder.add(address, ir.Constant(_LONG, offset)), kind.as_pointer())


def _spread(builder: ir.IRBuilder, word: ir.Value, kind: ir.Type = _WORDS) -> Any:
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), word, ir.Constant(_WORD, 0))
    return builder.shuffle_vector(first, first, _all(0))


def _all(value: int) -> ir.Constant:
    signed = value - (1 << 32) if value >= 1 << 31 else value
    return ir.Constant(_WORDS, [signed] * LANES)


fetch: Any = intrinsic(_fetch_at)
taken: Any = intrinsic(_taken_at)
taken_short: Any = intrinsic(_taken_short_at)
put: Any = intrinsic(_put_at)
lowest: Any = intrinsic(_lowest_at)
plain = reaching_by(_add_plain)
reaching = reaching_by(_add_fast) if available() else plain
