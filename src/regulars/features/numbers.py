"""Numbers and days: read by the bin that they fall into, or as standardized values."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, final

import numpy as np
import polars as pl

from regulars.core import Bools, Longs, floats
from regulars.core.errors import BadTable

from .parts import Entries

Doubles = np.ndarray[Any, np.dtype[np.float64]]


@final
@dataclass(frozen=True)
class BinColumn:
    """A column of sizes, one feature for each bin; the bins hold about equally many rows.

    edges: float64, rising, where one bin ends and the next begins; days: the column is a day or a moment.
    """

    column: str
    edges: Doubles
    days: bool = False

    @classmethod
    def learn(cls, values: pl.Series, bins: int) -> "BinColumn":
        """Bins between the quantiles of the values; fewer where many values are equal."""
        numbers, known = sizes(values)
        ordered = np.sort(numbers[known])
        edges = np.unique(ordered[np.arange(1, bins) * len(ordered) // bins]) if len(ordered) else ordered
        return cls(values.name, edges[edges > ordered[:1]], values.dtype.is_temporal() and values.dtype != pl.Duration)

    @property
    def names(self) -> tuple[str, ...]:
        if not len(self.edges):  # one value for all says nothing
            return ()
        said = [self._said(edge) for edge in self.edges.tolist()]
        between = [f"{self.column} {low} to {high}" for low, high in pairwise(said)]
        return (f"{self.column} below {said[0]}", *between, f"{self.column} from {said[-1]}")

    def entries(self, values: pl.Series) -> Entries:
        numbers, known = sizes(values)
        rows = np.flatnonzero(known)
        bins = np.searchsorted(self.edges, numbers[known], side="right")
        return Entries(rows, bins, np.ones(len(rows), dtype=np.float32))

    def _said(self, edge: float) -> str:
        if self.days:
            return str(np.datetime64(int(edge), "s").astype("datetime64[D]"))
        return f"{edge:,.0f}" if edge == round(edge) and abs(edge) < 1e9 else f"{edge:.4g}"


@final
@dataclass(frozen=True)
class ValueColumn:
    """A column of sizes as one feature: how many standard deviations a value is above the mean."""

    column: str
    mean: float
    deviation: float

    @classmethod
    def learn(cls, values: pl.Series) -> "ValueColumn":
        numbers, known = sizes(values)
        if not known.any():
            return cls(values.name, 0.0, 1.0)
        return cls(values.name, float(numbers[known].mean()), float(numbers[known].std()) or 1.0)

    @property
    def names(self) -> tuple[str, ...]:
        return (self.column,)

    def entries(self, values: pl.Series) -> Entries:
        numbers, known = sizes(values)
        rows = np.flatnonzero(known)
        return Entries(rows, np.zeros(len(rows), dtype=np.int64), floats((numbers[known] - self.mean) / self.deviation))


def sizes(values: pl.Series) -> tuple[Doubles, Bools]:
    """The values as float64, seconds since 1970 where they are days, and which of them are finite numbers."""
    if values.dtype == pl.String:
        numbers = values.cast(pl.Float64, strict=False)
        values = numbers if numbers.is_not_null().any() else moments(values)
    if values.dtype in (pl.Date, pl.Datetime):
        values = values.cast(pl.Datetime("us")).dt.epoch("s")
    elif values.dtype == pl.Duration:
        values = values.dt.total_seconds()
    found = values.cast(pl.Float64, strict=False).to_numpy()
    return found, np.isfinite(found)


def moments(values: pl.Series) -> pl.Series:
    """Days and moments that are written as text, null where they cannot be read; other columns as they are."""
    if values.dtype != pl.String:
        return values
    try:
        return values.str.to_datetime(strict=False)
    except pl.exceptions.ComputeError:  # none of the first values looks like a day
        return pl.Series(values.name, [None] * len(values), dtype=pl.Datetime("us"))


def refuse_infinite(values: pl.Series, column: str, rows: Longs | None = None) -> None:
    """Raises BadTable where a number is NaN or infinite, naming the column and the first rows; null is no mistake.

    rows: the row of the table that each value is from, unless it is its own place.
    """
    if not values.dtype.is_float():
        return
    wrong = np.flatnonzero((~values.is_finite()).fill_null(False).to_numpy())
    if not len(wrong):
        return
    places = wrong if rows is None else np.unique(rows[wrong])
    shown = ", ".join(map(str, places[:5].tolist())) + (", ..." if len(places) > 5 else "")
    raise BadTable(
        f"the column {column} holds NaN or infinite numbers in {len(places):,} rows ({shown}, counted from 0), the"
        f" first is {values[int(wrong[0])]}. Give a number, or null where it is not known: .fill_nan(None)"
    )
