"""Products of bytes for one question: sixteen items at a time, by an instruction for them where the machine has one.

VPDPBUSD (AVX-512 VNNI) adds four products of an unsigned and a signed byte to each of sixteen sums. LLVM makes the
same of plain vectors for other machines, only slower.
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
STEP: Final = 16  # numbers of a vector that are multiplied in a turn, four by four
ZERO: Final = 128  # what stands for 0 in the unsigned bytes of items

_BYTE, _WORD, _LONG = ir.IntType(8), ir.IntType(32), ir.IntType(64)
_WORDS, _BYTES = ir.VectorType(_WORD, LANES), ir.VectorType(_BYTE, 4 * LANES)
_I8_SINCE: Final = 22  # the release of LLVM in which the instruction came to take bytes


@cache
def available() -> bool:
    """Whether this machine has the instruction and numba compiles for it."""
    if platform.machine() not in ("x86_64", "AMD64") or config.DISABLE_JIT or config.CPU_NAME or config.CPU_FEATURES:  # type: ignore[attr-defined]
        return False
    features = llvmlite.binding.get_host_cpu_features()
    return bool(features.get("avx512vnni") and features.get("avx512f"))


def packed(codes: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Signed bytes [m, d] as `reaching` reads them: [m / 16, d / 4, 16, 4], four of each of 16 items together."""
    m, d = codes.shape
    lanes = codes.reshape(m // LANES, LANES, d // 4, 4).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(lanes).view(np.uint8) ^ np.uint8(ZERO)


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

    (codes, query, steps, start, reach, out): addresses of the packed bytes of the items, of the bytes of a question
    and of int32 [16]; turns of STEP numbers; what every sum begins with, and what it must reach.
    """

    @intrinsic
    def reaching(
        _context: Any, codes: Any, query: Any, steps: Any, start: Any, reach: Any, out: Any
    ) -> Any:  # the arguments are types
        def generate(_: Any, builder: ir.IRBuilder, _signature: Any, values: Any) -> ir.Value:
            codes, query, steps, start, reach, out = values
            parts = STEP // 4
            first = [_spread(builder, start), *[_all(0)] * (parts - 1)]
            sums = [cgutils.alloca_once_value(builder, value) for value in first]  # type: ignore[no-untyped-call]
            with cgutils.for_range(builder, steps) as turn:
                here = builder.add(codes, builder.mul(turn.index, ir.Constant(_LONG, STEP * LANES)))
                asked = builder.add(query, builder.mul(turn.index, ir.Constant(_LONG, STEP)))
                for part in range(parts):
                    items = builder.load(_at(builder, here, 4 * LANES * part, _WORDS), align=1)
                    four = builder.load(_at(builder, asked, 4 * part, _WORD), align=1)
                    builder.store(add(builder, builder.load(sums[part]), items, _spread(builder, four)), sums[part])
            total = builder.load(sums[0])
            for part in sums[1:]:
                total = builder.add(total, builder.load(part))
            builder.store(total, _at(builder, out, 0, _WORDS), align=1)
            reached = builder.icmp_signed(">=", total, _spread(builder, reach))
            return builder.zext(builder.bitcast(reached, ir.IntType(LANES)), _LONG)

        return types.int64(types.int64, types.int64, types.int64, types.int32, types.int32, types.int64), generate

    return reaching


def _at(builder: ir.IRBuilder, address: ir.Value, offset: int, kind: ir.Type) -> Any:
    return builder.inttoptr(builder.add(address, ir.Constant(_LONG, offset)), kind.as_pointer())


def _spread(builder: ir.IRBuilder, word: ir.Value) -> Any:
    first = builder.insert_element(ir.Constant(_WORDS, ir.Undefined), word, ir.Constant(_WORD, 0))
    return builder.shuffle_vector(first, first, _all(0))


def _all(value: int) -> ir.Constant:
    return ir.Constant(_WORDS, [value] * LANES)


plain = reaching_by(_add_plain)
reaching = reaching_by(_add_fast) if available() else plain
