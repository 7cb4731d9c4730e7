"""Categories: one feature for each value of a column that holds one value, or a list of them."""

from dataclasses import dataclass
from typing import final

import numpy as np
import polars as pl

from regulars.core import MISSING, Longs, Vocabulary, longs

from .parts import Entries


@final
@dataclass(frozen=True)
class CategoryColumn:
    """A column whose every value is a feature, 1 where a row has it. separator: of a list that is written as text."""

    column: str
    values: Vocabulary
    separator: str = ""
    many: bool = False  # the column held lists: only its names differ

    @classmethod
    def learn(cls, values: pl.Series, min_count: int, separator: str = "") -> "CategoryColumn":
        """The values that `min_count` rows have, most frequent first."""
        rows, single = _single(values, separator)
        counted = pl.DataFrame({"row": rows, "value": single}).unique().group_by("value").len()
        kept = counted.filter(pl.col("len") >= min_count).sort(["len", "value"], descending=[True, False])
        many = bool(separator) or values.dtype.is_nested()
        return cls(values.name, Vocabulary(kept["value"]), separator, many)

    @property
    def names(self) -> tuple[str, ...]:
        between = ": " if self.many else " = "
        return tuple(f"{self.column}{between}{value}" for value in self.values.ids.to_list())

    def entries(self, values: pl.Series) -> Entries:
        rows, single = _single(values, self.separator)
        features = self.values.index(single).astype(np.int64)
        known = features != MISSING
        width = max(1, len(self.values))
        pairs = np.unique(rows[known] * width + features[known])
        return Entries(pairs // width, pairs % width, np.ones(len(pairs), dtype=np.float32))


def _single(values: pl.Series, separator: str) -> tuple[Longs, pl.Series]:
    """The row of each single value, and the values; nulls and empty texts left out."""
    if separator and values.dtype == pl.String:
        values = values.str.split(separator).list.eval(pl.element().str.strip_chars())
    if isinstance(values.dtype, pl.Array):
        values = values.arr.to_list()
    rows = np.arange(len(values), dtype=np.int64)
    if isinstance(values.dtype, pl.List):
        lengths = longs(values.list.len().fill_null(0).to_numpy())
        rows = np.repeat(rows, lengths)
        values = values.filter(lengths > 0).explode()
    if values.dtype == pl.Boolean:
        values = values.replace_strict([True, False], ["yes", "no"], default=None, return_dtype=pl.String)
    if not values.dtype.is_integer():
        values = values.cast(pl.String)
        values = values.set(values == "", None)
    present = values.is_not_null().to_numpy()
    return rows[present], values.filter(present)
