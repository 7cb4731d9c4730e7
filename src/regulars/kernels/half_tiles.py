"""Products of bfloat16 in the machine's matrix unit (`tiles`): 32 rows by 32 columns of float32 sums at once.

Addresses are multiples of 64: a row of a register across two lines of the cache makes a load six times as long
(measured: 18 ns instead of 3).
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import llvmlite.binding  # type: ignore[import-untyped]
import numpy as np
from llvmlite import ir
from numba import njit
from numpy.typing import NDArray

from . import tiles
from .tiles import WIDTH, instructions

_WORD = ir.IntType(64)


@cache
def available() -> bool:
    """Whether this machine has the unit, for bfloat16, and lets this process use it."""
    return tiles.available() and bool(llvmlite.binding.get_host_cpu_features().get("amx-bf16"))


def _emit_clear(write: Callable[..., None], _pointer: Any) -> None:
    for register in range(4):
        write("tilezero", register)


def _emit_move(name: str) -> Callable[..., None]:
    def emit(write: Callable[..., None], pointer: Any, *corners: ir.Value) -> None:
        *places, stride = corners
        for register, place in enumerate(places):
            write(name, register, pointer(place), stride)

    return emit


def _emit_multiply(write: Callable[..., None], pointer: Any, *words: ir.Value) -> None:
    left, left_below, left_stride, right, right_beside, right_stride = words
    write("tileloadd64", 4, pointer(left), left_stride)
    write("tileloadd64", 6, pointer(right), right_stride)
    write("tileloadd64", 7, pointer(right_beside), right_stride)
    write("tileloadd64", 5, pointer(left_below), left_stride)
    for register in range(4):
        write("tdpbf16ps", register, 4 + register // 2, 6 + register % 2)


_clear = instructions(_emit_clear)
_load, _store = instructions(_emit_move("tileloadd64")), instructions(_emit_move("tilestored64"))
_multiply = instructions(_emit_multiply)


@njit(cache=True, nogil=True, inline="always")
def clear() -> None:
    """The sums become 0."""
    _clear()


@njit(cache=True, nogil=True, inline="always")
def load(place: int, stride: int) -> None:
    """The sums become what stands at an address: float32 [32, 32], rows `stride` bytes apart."""
    _load(place, place + WIDTH, place + 16 * stride, place + 16 * stride + WIDTH, stride)


@njit(cache=True, nogil=True, inline="always")
def store(place: int, stride: int) -> None:
    """The sums to an address, as `load` takes them."""
    _store(place, place + WIDTH, place + 16 * stride, place + 16 * stride + WIDTH, stride)


@njit(cache=True, nogil=True, inline="always")
def multiply(left: int, left_stride: int, right: int, right_stride: int) -> None:
    """The sums grow by left @ right, both addresses.

    left: bfloat16 [32, 32]; right: [16, 32] pairs of bfloat16, row i holding those of the rows 2i and 2i + 1.
    """
    _multiply(left, left + 16 * left_stride, left_stride, right, right + WIDTH, right_stride)


@njit(cache=True, nogil=True)
def room(n: int) -> NDArray[np.uint8]:
    """So many bytes from an address that is a multiple of 64."""
    whole = np.empty(n + WIDTH, dtype=np.uint8)
    first = -whole.ctypes.data % WIDTH
    return whole[first : first + n]
