"""Dense vectors: a column of lists of numbers, of a text or a picture, as a network takes them."""

from dataclasses import dataclass
from typing import final

import numpy as np
import polars as pl

from regulars.core import Bools, Floats, floats
from regulars.core.errors import BadTable

from .numbers import refuse_infinite


@final
@dataclass(frozen=True)
class VectorColumn:
    """A column of vectors of one width: less their mean, in units of their mean deviation.

    mean: float32 [width]; deviation: one for all places, so that the angles between the vectors stay.
    """

    column: str
    mean: Floats
    deviation: float

    @classmethod
    def learn(cls, values: pl.Series) -> "VectorColumn":
        """The mean and the deviation of the vectors that are there. Raises BadTable for vectors of several widths."""
        table, known = _table(values, None)
        if not known.any():
            return cls(values.name, np.zeros(table.shape[1], dtype=np.float32), 1.0)
        mean = table[known].mean(axis=0, dtype=np.float64)
        return cls(values.name, floats(mean), float((table[known] - mean).std()) or 1.0)

    @property
    def width(self) -> int:
        return len(self.mean)

    def values(self, values: pl.Series) -> tuple[Floats, Bools]:
        """The vectors, zero where there is none; float32 [n, width], and which are there, bool [n]."""
        table, known = _table(values, self.width)
        standard = (table - self.mean) / np.float32(self.deviation)
        standard[~known] = 0
        return floats(standard), known


def _table(values: pl.Series, width: int | None) -> tuple[Floats, Bools]:
    if isinstance(values.dtype, pl.Array):
        values = values.arr.to_list()
    lengths = values.list.len()
    known = (lengths.fill_null(0) > 0).to_numpy()
    widths = lengths.filter(known).unique().sort().to_list()
    wanted = width if width is not None else (widths[0] if widths else 0)
    if widths not in ([], [wanted]):
        known_to = "" if width is None else ". The model was fitted on vectors of another encoder; take the same one"
        raise BadTable(
            f"the vectors of {values.name} need one width, {wanted}; the table has vectors of {widths}{known_to}"
        )
    flat = values.filter(known).explode()
    refuse_infinite(flat, values.name, np.repeat(np.flatnonzero(known), wanted))
    if flat.null_count():
        row = np.flatnonzero(known)[int(flat.is_null().arg_max() or 0) // wanted]
        raise BadTable(f"the vector of {values.name} in row {row} has a null inside; give null for the whole vector")
    table = np.zeros((len(values), wanted), dtype=np.float32)
    table[known] = flat.cast(pl.Float32).to_numpy().reshape(-1, wanted) if wanted else 0
    return table, known
