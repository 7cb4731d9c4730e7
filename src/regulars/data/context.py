"""Further columns of the events: what each is kept as while the log streams by, and as a column of the dataset."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from .codes import Codes
from .moments import UNKNOWN
from .storage import read_column

MOST_WORDS = 1_000_000  # different texts of a column; beyond, it is no attribute of events but a text of its own
STORAGE: Mapping[str, str] = {"number": "f8", "whole": "i8", "day": "i8", "moment": "i8", "truth": "i1", "text": "i4"}
_ABSENT = {"i8": UNKNOWN, "i4": -1, "i1": -1}
_NOT_KEPT = (pl.Binary, pl.Object, pl.Time, pl.Duration, pl.Null)
Stored = np.ndarray[Any, Any]


@dataclass
class Context:
    """One further column. Grows: `words` collects its different texts, `missing` is set by the first empty value,
    `left_out` when the texts are too many.
    """

    name: str
    dtype: pl.DataType
    words: Codes = field(default_factory=lambda: Codes(pl.String))
    missing: bool = False
    left_out: bool = False

    @property
    def kind(self) -> str:
        """number, whole, day, moment, truth or text."""
        if self.dtype == pl.Date:
            return "day"
        if self.dtype.is_temporal():
            return "moment"
        if self.dtype.is_float() or self.dtype.is_decimal():
            return "number"
        return "truth" if self.dtype == pl.Boolean else "whole" if self.dtype.is_integer() else "text"

    @property
    def storage(self) -> str:
        """The numpy type of a value; NaN, -1 or UNKNOWN stand for missing ones."""
        return STORAGE[self.kind]

    def stored(self, values: pl.Series) -> Stored:
        """The values as `storage`."""
        if self.kind == "text":
            return self._coded(values.cast(pl.String))
        plain = _plain(values, self.kind)
        self.missing |= plain.null_count() > 0
        return plain.fill_null(_ABSENT.get(self.storage, np.nan)).to_numpy()

    def _coded(self, values: pl.Series) -> Stored:
        out = np.full(len(values), -1, dtype=np.int32)
        if not self.left_out:
            present = (values != "").fill_null(False).to_numpy()
            out[present] = self.words.codes(values.filter(present))
            self.missing |= not present.all()
            self.left_out = len(self.words) > MOST_WORDS
        return out


def kept(schema: Mapping[str, pl.DataType]) -> tuple[list[Context], list[str]]:
    """A Context for each column that can be kept, and the names of those that cannot: lists, bytes, objects."""
    possible = {name: dtype for name, dtype in schema.items() if not dtype.is_nested() and dtype not in _NOT_KEPT}
    return [Context(name, dtype) for name, dtype in possible.items()], [name for name in schema if name not in possible]


def restored(path: Path, said: Mapping[str, Any], *, mapped: bool = True) -> pl.Series:
    """A column of the dataset from its file; numbers without gaps stay on the disk until they are looked at.

    said: name, kind and missing of the column; the texts of a column lie beside it.
    """
    values = pl.Series(said["name"], read_column(path, mapped=mapped))
    kind = said["kind"]
    if kind == "text":
        words = pl.read_parquet(path.with_suffix(".parquet"), glob=False)["word"]
        return _typed(words).gather(values.cast(pl.Int64).set(values < 0, None)).alias(said["name"])
    if said["missing"]:
        values = values.fill_nan(None) if kind == "number" else values.set(values == _ABSENT[STORAGE[kind]], None)
    if kind in ("day", "moment"):
        return values.cast(pl.Int32).cast(pl.Date) if kind == "day" else values.cast(pl.Datetime("us"))
    return values.cast(pl.Boolean) if kind == "truth" else values


def as_typed(values: pl.Series) -> pl.Series:
    """A column of text as numbers where every value is written like one; codes with leading zeros stay text."""
    if values.dtype != pl.String:
        return values
    filled = values.set(values == "", None) if (values == "").any() else values
    return _as_numbers(filled)


def _as_numbers(values: pl.Series) -> pl.Series:
    if values.null_count() == len(values) or values.str.contains(r"^[+-]?0\d|^\+|[a-zA-Z_]|^\s|\s$").any():
        return values
    for dtype in (pl.Int64, pl.Float64):
        numbers = values.cast(dtype, strict=False)
        if numbers.null_count() == values.null_count():
            return numbers
    return values


def _typed(words: pl.Series) -> pl.Series:
    """The texts as categories, or as numbers if every one of them is written like a number."""
    numbers = _as_numbers(words)
    return numbers if numbers.dtype != pl.String else words.cast(pl.Categorical)


def _plain(values: pl.Series, kind: str) -> pl.Series:
    if kind == "number":
        return values.cast(pl.Float64, strict=False)
    if kind == "day":
        return values.cast(pl.Date, strict=False).cast(pl.Int32).cast(pl.Int64)
    if kind == "moment":
        return values.cast(pl.Datetime("us"), strict=False).cast(pl.Int64)
    return values.cast(pl.Int8 if kind == "truth" else pl.Int64, strict=False)
