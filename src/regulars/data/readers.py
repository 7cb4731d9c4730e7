"""The readings of a table, wherever it is."""

from pathlib import Path

from regulars.core.errors import EmptyData

from .databases import query
from .files import files
from .frames import FrameReading, as_polars
from .reading import Reading
from .sources import Table


def readings(table: Table, work: Path | None = None) -> list[Reading]:
    """Everything that `table` consists of, in the order of the names.

    work: a folder for what a database writes on its way here. Raises UnreadableFile, EmptyData, MissingExtra.
    """
    if table.frame is not None:
        return [FrameReading(as_polars(table.frame))]
    if table.url:
        return [query(table, work)]
    found = files(table)
    if not found:
        raise EmptyData(f"no file at {', '.join(map(str, table.paths))}; wanted CSV, TSV, JSON Lines or Parquet")  # type: ignore[arg-type]
    return found
