"""Codes: numbers for ids that arrive bit by bit, in the order of their first appearance."""

import numpy as np
import polars as pl

from regulars.core import Ints
from regulars.kernels.codes import find_or_add, rehash

_SEEDS = (0x5EED, 0xC0DE)


class Codes:
    """Grows: holds the ids met so far and the number of each.

    Text is looked up by two 64-bit hashes of it: two of 100 million ids share both with a chance of 10^-23.
    Memory: about 40 bytes for each id, and the ids.
    """

    def __init__(self, dtype: pl.DataType | type[pl.DataType]) -> None:
        self.dtype = pl.Int64() if dtype == pl.Int64 else pl.String()
        self._ids: list[pl.Series] = []
        self._known = 0
        self._slots, self._first, self._second = _table(1 << 12)

    def __len__(self) -> int:
        return self._known

    def codes(self, ids: pl.Series) -> Ints:
        """The number of each id, new ones added; int32 [n]. ids: without nulls, of this dtype."""
        self._reserve(len(ids))
        first, second = _keys(ids)
        out = np.empty(len(ids), dtype=np.int32)
        fresh = np.empty(len(ids), dtype=np.int64)
        before = self._known
        self._known = find_or_add(first, second, self._slots, self._first, self._second, before, out, fresh)
        if self._known > before:
            self._ids.append(ids.gather(fresh[: self._known - before]))
        return out

    def ids(self) -> pl.Series:
        """All ids in the order of their numbers."""
        return pl.concat(self._ids).rechunk() if self._ids else pl.Series([], dtype=self.dtype)

    def _reserve(self, n: int) -> None:
        size = len(self._slots)
        while size < 2 * (self._known + n):
            size *= 2
        if size > len(self._slots):
            wide = _table(size)
            rehash(self._slots, self._first, self._second, *wide)
            self._slots, self._first, self._second = wide


def _table(size: int) -> tuple[Ints, np.ndarray, np.ndarray]:
    return np.full(size, -1, dtype=np.int32), np.zeros(size, dtype=np.uint64), np.zeros(size, dtype=np.uint64)


def _keys(ids: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    if ids.dtype == pl.Int64:
        numbers = ids.to_numpy().view(np.uint64)
        return numbers, np.zeros(len(ids), dtype=np.uint64)
    return ids.hash(_SEEDS[0]).to_numpy(), ids.hash(_SEEDS[1]).to_numpy()
