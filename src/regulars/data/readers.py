"""Readings: tables read a chunk at a time, each row with its place in its file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl

from regulars.core import Longs
from regulars.core.errors import EmptyData

from .sources import Table

CHUNK = 1_000_000  # rows read at a time
Schema = Mapping[str, pl.DataType]


@dataclass(frozen=True)
class Refused:
    """Raw lines that are no rows: lines [n], texts [n], and why."""

    lines: list[int]
    texts: list[str]
    reason: str


@dataclass(frozen=True)
class Chunk:
    """Some rows of a table as they stand there; lines: their place in the file, int64 [n]; share: read so far."""

    rows: pl.DataFrame
    lines: Longs
    refused: tuple[Refused, ...] = ()
    share: float = 1.0


class Reading(Protocol):
    """One file, frame or query of a table."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int:
        """How long reading takes compared with others: bytes."""
        ...

    @property
    def stamp(self) -> str:
        """What changes whenever the content does; empty if that cannot be told."""
        ...

    @property
    def note(self) -> str:
        """What had to be found out to read it: kind, separator, encoding."""
        ...

    def schema(self) -> Schema:
        """The columns and their types; the text formats know only text."""
        ...

    def chunks(self, columns: tuple[str, ...] = ()) -> Iterator[Chunk]:
        """The rows in their order; only these columns if any are named."""
        ...


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


def readings(table: Table, work: Path | None = None) -> list[Reading]:
    """Everything that `table` consists of, in the order of the names.

    work: a folder for what a database writes on its way here. Raises UnreadableFile, EmptyData, MissingExtra.
    """
    if table.frame is not None:
        return [FrameReading(as_polars(table.frame))]
    if table.url:
        from .databases import query

        return [query(table, work)]
    from .files import files

    found = files(table)
    if not found:
        raise EmptyData(f"no file at {', '.join(map(str, table.paths))}; wanted CSV, TSV, JSON Lines or Parquet")  # type: ignore[arg-type]
    return found


def counted(start: int, n: int) -> Longs:
    """Row numbers from start + 1 on."""
    return np.arange(start + 1, start + n + 1, dtype=np.int64)


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


def flat(rows: pl.DataFrame) -> pl.DataFrame:
    """Nested columns spread out: {"user": {"id": 1}} becomes user.id."""
    while nested := [name for name, dtype in rows.schema.items() if dtype == pl.Struct]:
        for name in nested:
            inner = rows[name].struct.unnest()
            inner = inner.rename({field: f"{name}.{field}" for field in inner.columns})
            rows = rows.drop(name).hstack(inner)
    return rows
