"""Parquet files, read a chunk at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from regulars.core.errors import UnreadableFile

from .opening import FileReading
from .reading import CHUNK, Chunk, Schema, counted, flat


@dataclass(frozen=True)
class ParquetFile(FileReading):
    """One Parquet file; the line of a row is its number from 1."""

    note: str = "Parquet"

    @cached_property
    def height(self) -> int:
        """Rows in the file."""
        try:
            return int(pl.scan_parquet(self.path, glob=False).select(pl.len()).collect().item())
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._damaged(error) from error

    def schema(self) -> Schema:
        try:
            nested = pl.scan_parquet(self.path, glob=False).collect_schema()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._damaged(error) from error
        return dict(flat(nested.to_frame()).schema)

    def chunks(self, columns: tuple[str, ...] = ()) -> Iterator[Chunk]:
        scan = pl.scan_parquet(self.path, glob=False)
        start = 0
        try:
            if columns and not any(dtype == pl.Struct for dtype in scan.collect_schema().dtypes()):
                scan = scan.select(columns)
            for part in scan.collect_batches(chunk_size=CHUNK, maintain_order=True):
                rows = flat(part).select(columns) if columns else flat(part)
                yield Chunk(rows, counted(start, rows.height), share=(start + rows.height) / max(1, self.height))
                start += rows.height
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> UnreadableFile:
        first = str(error).splitlines()[0][:200]
        return UnreadableFile(
            f"{self.path} is a damaged or cut-off Parquet file ({first}); a whole one ends with the letters PAR1. "
            "Copy or export it again"
        )
