"""Frames of polars and pandas as readings."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from regulars.core.errors import EmptyData

from .reading import CHUNK, Chunk, Schema, counted


@dataclass(frozen=True)
class FrameReading:
    """A polars frame."""

    frame: pl.DataFrame
    name: str = "frame"
    note: str = "frame"

    @property
    def size(self) -> int:
        return int(self.frame.estimated_size())

    @property
    def stamp(self) -> str:
        hashes = self.frame.select(pl.exclude(pl.Binary, pl.Object)).hash_rows(7).to_numpy()
        mixed = hashes * np.arange(1, 2 * len(hashes), 2, dtype=np.uint64)
        return f"{self.frame.shape}{self.frame.columns}{int(np.bitwise_xor.reduce(mixed, initial=0))}"

    def schema(self) -> Schema:
        return dict(self.frame.schema)

    def chunks(self, columns: tuple[str, ...] = ()) -> Iterator[Chunk]:
        frame = self.frame.select(columns) if columns else self.frame
        for start in range(0, frame.height, CHUNK):
            rows = frame.slice(start, CHUNK)
            yield Chunk(rows, counted(start, rows.height), share=(start + rows.height) / frame.height)


def as_polars(frame: Any) -> pl.DataFrame:
    """A polars frame from a polars (lazy) or pandas frame; a pandas index that has a name becomes a column."""
    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if not (hasattr(frame, "columns") and hasattr(frame, "dtypes") and hasattr(frame, "reset_index")):
        raise EmptyData(f"a table must be a polars or a pandas frame; it is {type(frame).__name__}")
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    return pl.DataFrame([_of_pandas(str(name), frame[name]) for name in frame.columns])


def _of_pandas(name: str, column: Any) -> pl.Series:
    """Without pyarrow, which polars' own conversion needs."""
    kind = getattr(column.dtype, "kind", "O")
    zone = getattr(column.dtype, "tz", None)
    if zone is not None:
        plain = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        return pl.Series(name, plain.astype("datetime64[us]")).dt.replace_time_zone("UTC")
    if isinstance(column.dtype, np.dtype) and kind in "iufb":
        return pl.Series(name, column.to_numpy())
    if isinstance(column.dtype, np.dtype) and kind == "M":
        return pl.Series(name, column.to_numpy().astype("datetime64[us]"))
    values = [
        None if missing else value for value, missing in zip(column.tolist(), column.isna().tolist(), strict=True)
    ]
    return pl.Series(name, values, strict=False)
