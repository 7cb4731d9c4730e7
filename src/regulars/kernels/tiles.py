"""The machine's matrix unit (Intel AMX) for products of bytes: sixteen times the arithmetic of single precision.

A matrix of 16 rows of 64 bytes fits into one of eight tile registers; `square` multiplies 32 rows by 32 columns into
32 x 32 sums. numpy and BLAS do not reach this unit, LLVM does.
"""

from __future__ import annotations

import ctypes
import platform
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import llvmlite.binding  # type: ignore[import-untyped]
import numpy as np
from llvmlite import ir
from numba import config, njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

SIDE = 32  # rows and columns of one product
WIDTH = 64  # bytes of a row of a tile register

_BYTE, _WORD = ir.IntType(8), ir.IntType(64)
_ARCH_PRCTL, _REQUEST_PERMISSION, _TILE_DATA = 158, 0x1023, 18  # Linux asks for a word before the first use

LAYOUT: NDArray[np.uint8] = np.zeros(64, dtype=np.uint8)  # eight registers of 16 rows of 64 bytes (LDTILECFG)
LAYOUT[0] = 1
LAYOUT[16:32:2] = 64
LAYOUT[48:56] = 16


@cache
def available() -> bool:
    """Whether this machine has the unit, numba compiles for it and the system lets this process use it."""
    if sys.platform != "linux" or platform.machine() != "x86_64" or config.DISABLE_JIT:  # type: ignore[attr-defined]
        return False
    if config.CPU_NAME or config.CPU_FEATURES:  # type: ignore[attr-defined]
        return False
    features = llvmlite.binding.get_host_cpu_features()
    if not (features.get("amx-tile") and features.get("amx-int8")):
        return False
    return bool(ctypes.CDLL(None).syscall(_ARCH_PRCTL, _REQUEST_PERMISSION, _TILE_DATA) == 0)


def packed(rows: NDArray[np.int8]) -> NDArray[np.int8]:
    """Rows [m, d] as the columns of `square`: [m / 16, d / 64, 16, 16, 4], four bytes of each of 16 rows together."""
    m, d = rows.shape
    return np.ascontiguousarray(rows.reshape(m // 16, 16, d // WIDTH, 16, 4).transpose(0, 2, 3, 1, 4))


def operation(emit: Callable[..., None]) -> Any:
    """A function for kernels that takes integers and becomes what `emit(builder, *integers)` writes."""

    @intrinsic
    def operation(_context: Any, *words: Any) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, _signature: Any, values: Sequence[ir.Value]) -> ir.Value:
            emit(builder, *(builder.extract_value(values[0], at) for at in range(len(words))))
            return context.get_dummy_value()

        return types.void(types.StarArgTuple(words)), generate  # type: ignore[no-untyped-call]

    return operation


def instructions(emit: Callable[..., None]) -> Any:
    """The same for instructions of the processor: emit(write, pointer, *addresses and strides)."""

    def emit_all(builder: ir.IRBuilder, *given: ir.Value) -> None:
        def write(name: str, *operands: ir.Value | int) -> None:
            taken = [ir.Constant(_BYTE, value) if isinstance(value, int) else value for value in operands]
            kind = ir.FunctionType(ir.VoidType(), [value.type for value in taken])
            known = builder.module.globals.get(f"llvm.x86.{name}")
            builder.call(known or ir.Function(builder.module, kind, f"llvm.x86.{name}"), taken)

        emit(write, lambda value: builder.inttoptr(value, _BYTE.as_pointer()), *given)

    return operation(emit_all)


def _emit_clear(write: Callable[..., None], _pointer: Any) -> None:
    for register in range(4):
        write("tilezero", register)


def _emit_multiply(write: Callable[..., None], pointer: Any, *words: ir.Value) -> None:
    left, left_below, stride, right, right_below = words
    dense = ir.Constant(_WORD, WIDTH)
    for register, (address, step) in enumerate(
        ((left, stride), (left_below, stride), (right, dense), (right_below, dense)), start=4
    ):
        write("tileloadd64", register, pointer(address), step)
    for register in range(4):
        write("tdpbssd", register, 4 + register // 2, 6 + register % 2)


def _emit_store(write: Callable[..., None], pointer: Any, *words: ir.Value) -> None:
    *corners, stride = words
    for register, corner in enumerate(corners):
        write("tilestored64", register, pointer(corner), stride)


_configure = instructions(lambda write, pointer, layout: write("ldtilecfg", pointer(layout)))
_release = instructions(lambda write, _pointer: write("tilerelease"))
_clear = instructions(_emit_clear)
_multiply = instructions(_emit_multiply)
_store = instructions(_emit_store)


@njit(cache=True, nogil=True, inline="always")
def begin(layout: NDArray[np.uint8]) -> None:
    """Sets the registers of this thread up; to be called with LAYOUT before `square`, and `end` after it."""
    _configure(layout.ctypes.data)


@njit(cache=True, nogil=True, inline="always")
def end() -> None:
    """Gives the registers back, so that the system need not keep their content."""
    _release()


@njit(cache=True, nogil=True, inline="always")
def square(rows: NDArray[np.int8], row: int, columns: NDArray[np.int8], column: int, out: NDArray[np.int32]) -> None:
    """Inner products of rows [row : row + 32] with packed columns [column : column + 32] into out [32, 32]."""
    d, stride = rows.shape[1], 4 * SIDE
    left, right, target = rows.ctypes.data + row * d, columns.ctypes.data + column * d, out.ctypes.data
    _clear()
    for at in range(0, d, WIDTH):
        _multiply(left + at, left + 16 * d + at, d, right + 16 * at, right + 16 * (d + at))
    _store(target, target + 64, target + 16 * stride, target + 16 * stride + 64, stride)
