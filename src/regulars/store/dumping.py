"""A store as a folder of parquet files, and back: the same for every database."""

import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from regulars.core.errors import CannotDo, CannotWrite, ForeignStore

from .database import Database, Row
from .framing import framed
from .schema import COUNTERS, LAYOUTS, MIGRATIONS, Layout

PAGE = "store.json"
_ROWS = 200_000  # of one file


def dump(database: Database, folder: Path) -> None:
    """Writes all tables as they are at one moment. Raises CannotWrite when the folder is there or cannot be made."""
    if folder.exists():
        raise CannotWrite(f"{folder} is there already; name a folder that is not")
    beside = folder.with_name(folder.name + ".part")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        rows: dict[str, int] = {}
        with database.snapshot() as snapshot:
            for layout in LAYOUTS:
                sql = f"SELECT {layout.listed} FROM {layout.name} ORDER BY {layout.order}"
                rows[layout.name] = _written(layout, beside, snapshot.parts(sql, size=_ROWS))
        page = {"kind": "regulars store", "migrations": len(MIGRATIONS), "rows": rows}
        (beside / PAGE).write_text(json.dumps(page, indent=2), encoding="utf-8")
        beside.rename(folder)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        raise CannotWrite(f"{folder} cannot be written: {error.strerror or error}") from error


def restore(database: Database, folder: Path) -> None:
    """Fills an empty store with a dump, all or nothing. Raises ForeignStore for what is no dump of this release."""
    rows = _page(folder)
    with database.writing() as transaction:
        for layout in LAYOUTS:
            if layout is not COUNTERS and transaction.rows(f"SELECT 1 FROM {layout.name} LIMIT 1"):
                raise CannotDo(f"the store is not empty: it has {layout.name}; restore into a new one")
        transaction.run("DELETE FROM counters")
        for layout in LAYOUTS:
            stored = 0
            for file in sorted(folder.glob(f"{layout.name}-*.parquet")):
                stored += transaction.add(layout, [_read(layout, file)])[0]
            if stored != rows.get(layout.name, 0):
                raise ForeignStore(f"{folder} is damaged: {stored} {layout.name} where {PAGE} says {rows[layout.name]}")


def _written(layout: Layout, folder: Path, parts: Iterable[Sequence[Row]]) -> int:
    rows = 0
    for number, part in enumerate(parts):
        table = framed([part], layout.columns)
        table.write_parquet(folder / f"{layout.name}-{number:05}.parquet", compression="zstd")
        rows += table.height
    return rows


def _read(layout: Layout, file: Path) -> list[Row]:
    try:
        return pl.read_parquet(file, glob=False).select(*layout.columns).rows()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ForeignStore(f"{file} is damaged: {str(error).splitlines()[0][:200]}") from error


def _page(folder: Path) -> dict[str, int]:
    try:
        page = json.loads((folder / PAGE).read_text(encoding="utf-8"))
        migrations, rows = int(page["migrations"]), dict(page["rows"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ForeignStore(f"{folder} is not the dump of a store: it has no readable {PAGE} ({error})") from error
    if migrations > len(MIGRATIONS):
        raise ForeignStore(f"{folder} was dumped by a later release; restore it with that one")
    return rows
