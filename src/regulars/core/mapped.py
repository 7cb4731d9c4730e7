"""Columns longer than memory: arrays mapped from the disk are looked at, and cut, piece by piece, and stay there."""

import mmap
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numpy as np

from .arrays import Bools, Ints, Longs

PIECE: Final = 1 << 22  # rows looked at together
LARGE = 1 << 26  # bytes from which on what is made of a mapped column goes to the disk, too

Column = np.ndarray[Any, np.dtype[Any]]
C = TypeVar("C", bound=Column)


def pieces(n: int) -> Iterator[slice]:
    """Slices of n rows, one after another."""
    return (slice(start, min(n, start + PIECE)) for start in range(0, n, PIECE))


def is_mapped(column: Column) -> bool:
    """Whether its content lies in a file, or is a view of such an array."""
    return _file_of(column) is not None


def kept(column: C, keep: Bools | Longs) -> C:
    """column[keep]; what a mask keeps of a large mapped column is a file without a name beside it, gone with the array.

    keep: a mask, or positions.
    """
    if keep.dtype != np.bool_ or not _stays(column):
        return cast("C", column[keep])
    parts = (column[part][keep[part]] for part in pieces(len(column)))
    return cast("C", _spilled(column, parts, column.dtype, int(np.count_nonzero(keep))))


def looked_up(table: Column, column: Ints) -> Column:
    """table[column], mapped as `kept` is."""
    if not _stays(column):
        return np.asarray(table[column])
    return _spilled(column, (table[column[part]] for part in pieces(len(column))), table.dtype, len(column))


def counts_of(column: Ints, n: int) -> Longs:
    """How often each of 0 ... n - 1 occurs; int64 [n]."""
    counts = np.zeros(n, dtype=np.int64)
    for part in pieces(len(column)):
        counts += np.bincount(column[part], minlength=n)
    return counts


def kept_before(keep: Bools, starts: Longs) -> Longs:
    """How many rows before each of `starts` (rising, up to len(keep)) are kept; int64 [len(starts)]."""
    before, total = np.empty(len(starts), dtype=np.int64), 0
    for part in pieces(len(keep)):
        sums = np.cumsum(keep[part])
        inside = slice(*np.searchsorted(starts, [part.start + 1, part.stop + 1]))
        before[inside] = total + sums[starts[inside] - part.start - 1]
        total += int(sums[-1])
    before[: np.searchsorted(starts, 1)] = 0
    return before


def _stays(column: Column) -> bool:
    return column.nbytes >= LARGE and is_mapped(column)


def _file_of(column: Any) -> str | None:
    """The file that a column lies in; empty when its name is not known."""
    while column is not None:
        if isinstance(column, np.memmap):
            return str(column.filename or "")
        if isinstance(column, mmap.mmap):
            return ""
        column = getattr(column, "base", None)
    return None


def _spilled(like: Column, parts: Iterable[Column], kind: np.dtype[Any], n: int) -> Column:
    if not n:
        return np.empty(0, dtype=kind)
    folder = Path(_file_of(like) or "").parent.absolute()
    where = folder if folder.is_dir() and os.access(folder, os.W_OK) else None
    handle, name = tempfile.mkstemp(prefix=".regulars-", dir=where)
    os.close(handle)
    try:
        column: Column = np.memmap(name, dtype=kind, mode="w+", shape=(n,))
        begin = 0
        for part in parts:
            column[begin : begin + len(part)] = part
            begin += len(part)
    finally:
        with suppress(OSError):  # Windows keeps a mapped file
            Path(name).unlink()
    return np.asarray(column)
