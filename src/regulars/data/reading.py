"""Readings: tables read a chunk at a time, each row with its place in its file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl

from regulars.core import Longs

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


def counted(start: int, n: int) -> Longs:
    """Row numbers from start + 1 on."""
    return np.arange(start + 1, start + n + 1, dtype=np.int64)


def flat(rows: pl.DataFrame) -> pl.DataFrame:
    """Nested columns spread out: {"user": {"id": 1}} becomes user.id."""
    while nested := [name for name, dtype in rows.schema.items() if dtype == pl.Struct]:
        for name in nested:
            inner = rows[name].struct.unnest()
            inner = inner.rename({field: f"{name}.{field}" for field in inner.columns})
            rows = rows.drop(name).hstack(inner)
    return rows
