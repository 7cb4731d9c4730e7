"""The array kinds that every folder speaks, and the one mark for "not there"."""

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int32]  # indices of users and items
Longs = npt.NDArray[np.int64]  # seconds UTC, starts of ragged rows
Floats = npt.NDArray[np.float32]  # scores, weights, vectors
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]  # small codes: the kind of an event
Frame = pl.DataFrame

MISSING: Final = -1  # an index that stands for nobody or nothing; its score is NaN
DAY: Final = 86_400  # seconds


def ints(values: npt.ArrayLike) -> Ints:
    """`values` as an array of indices, int32."""
    return np.asarray(values, dtype=np.int32)


def longs(values: npt.ArrayLike) -> Longs:
    """`values` as an array of seconds or offsets, int64."""
    return np.asarray(values, dtype=np.int64)


def floats(values: npt.ArrayLike) -> Floats:
    """`values` as an array of scores or weights, float32."""
    return np.asarray(values, dtype=np.float32)


def starts_of(lengths: npt.ArrayLike) -> Longs:
    """Where each row of a ragged array begins; int64 [n + 1], the last entry is the total length."""
    sizes = np.asarray(lengths)
    starts = np.zeros(sizes.size + 1, dtype=np.int64)
    sizes.cumsum(out=starts[1:])
    return starts


def spans(starts: Longs, lengths: Longs) -> Longs:
    """Positions start, start + 1, ..., start + length - 1 of every row, one row after another."""
    offsets = starts_of(lengths)
    return np.arange(offsets[-1], dtype=np.int64) + np.repeat(starts - offsets[:-1], lengths)
