"""Tables in SQLite, DuckDB and PostgreSQL, read with the rights of a reader and a bounded memory."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import polars as pl

from regulars.core.errors import ConfigError, MissingExtra, UnreadableFile

from .delimited import delimited
from .opening import stamp
from .parquet import ParquetFile
from .reading import Chunk, Reading, Schema, counted
from .sources import Table

_ROWS = 200_000  # rows fetched at a time


def query(table: Table, work: Path | None = None) -> Reading:
    """What `table.query` answers, or all of `table.table`.

    work: folder for the files through which DuckDB and PostgreSQL hand over; whoever made it removes it.
    Raises MissingExtra, UnreadableFile (no such database, no such table), ConfigError (another kind of database).
    """
    scheme = urlsplit(table.url).scheme
    sql = table.query or f"SELECT * FROM {_quoted(table.table)}"
    name = f"{scheme}: {table.table or table.query}"
    if scheme == "sqlite":
        return SqliteQuery(_path(table.url), sql, name)
    if scheme == "duckdb":
        return _duckdb(_path(table.url), sql, name, work)
    if scheme in ("postgresql", "postgres"):
        return _postgres(table.url, sql, name, work)
    raise ConfigError(f"the address begins with {scheme!r}; wanted sqlite:///, duckdb:/// or postgresql://")


@dataclass(frozen=True)
class SqliteQuery:
    """A query of an SQLite file; the line of a row is its number from 1."""

    path: Path
    sql: str
    name: str
    note: str = "SQLite"

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    @property
    def stamp(self) -> str:
        log = self.path.with_name(self.path.name + "-wal")
        return f"{stamp(self.path)} {stamp(log) if log.exists() else ''} {self.sql}"

    def schema(self) -> Schema:
        """The column types of the first rows: SQLite lets every row choose its own."""
        first = next(self._parts(1000), None)
        return dict(first.schema) if first is not None else {}

    def chunks(self, columns: tuple[str, ...] = ()) -> Iterator[Chunk]:
        total = self._count()
        start = 0
        types = self.schema()
        for part in self._parts(_ROWS):
            unlike = [name for name in part.columns if part[name].dtype != types[name]]
            rows = part.with_columns(pl.col(unlike).cast(pl.String)) if unlike else part
            yield Chunk(
                rows.select(columns) if columns else rows,
                counted(start, rows.height),
                share=(start + rows.height) / total,
            )
            start += rows.height

    def _count(self) -> int:
        with closing(_sqlite(self.path)) as connection:
            return int(self._run(connection, f"SELECT count(*) FROM ({self.sql})").fetchone()[0]) or 1

    def _parts(self, size: int) -> Iterator[pl.DataFrame]:
        with closing(_sqlite(self.path)) as connection:
            cursor = self._run(connection, self.sql)
            names = [column[0] for column in cursor.description]
            rows = cursor.fetchmany(size)
            while True:
                columns = zip(*rows, strict=True) if rows else ([] for _ in names)
                yield pl.DataFrame([_column(name, list(values)) for name, values in zip(names, columns, strict=True)])
                rows = cursor.fetchmany(size)
                if not rows:
                    return

    def _run(self, connection: sqlite3.Connection, sql: str) -> sqlite3.Cursor:
        try:
            return connection.execute(sql)
        except sqlite3.Error as error:
            raise UnreadableFile(f"{self.path} does not answer {sql!r}: {error}. {_tables(connection)}") from error


@dataclass(frozen=True)
class Handed:
    """What a database wrote to a file of ours, read from there."""

    inner: Reading
    name: str
    note: str
    stamp: str

    @property
    def size(self) -> int:
        return self.inner.size

    def schema(self) -> Schema:
        return self.inner.schema()

    def chunks(self, columns: tuple[str, ...] = ()) -> Iterator[Chunk]:
        return self.inner.chunks(columns)


def _duckdb(path: Path, sql: str, name: str, work: Path | None) -> Reading:
    try:
        import duckdb
    except ImportError as error:
        raise MissingExtra("duckdb", "duckdb") from error
    if not path.is_file():
        raise UnreadableFile(f"there is no DuckDB file {path}")
    file = Path(tempfile.mkdtemp(dir=work)) / "rows.parquet"
    try:
        with closing(duckdb.connect(str(path), read_only=True)) as connection:
            connection.execute(f"COPY ({sql}) TO '{str(file).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)")
    except duckdb.Error as error:
        raise UnreadableFile(f"{path} does not answer {sql!r}: {str(error).splitlines()[0]}") from error
    return Handed(ParquetFile(file), name, "DuckDB", f"{stamp(path)} {sql}")


def _postgres(url: str, sql: str, name: str, work: Path | None) -> Reading:
    """Through COPY, several times as fast as rows; everything arrives as text, as from a CSV file."""
    try:
        import psycopg
    except ImportError as error:
        raise MissingExtra("psycopg", "postgres") from error
    file = Path(tempfile.mkdtemp(dir=work)) / "rows.csv"
    try:
        with psycopg.connect(url, client_encoding="UTF8") as connection:  # the address may have options of its own
            connection.execute("SET TRANSACTION READ ONLY")
            connection.execute("SET TimeZone TO 'UTC'")
            connection.execute("SET DateStyle TO 'ISO'")
            with (
                file.open("wb") as out,
                connection.cursor().copy(f"COPY ({sql}) TO STDOUT (FORMAT csv, HEADER)") as copy,
            ):
                for block in copy:
                    out.write(block)
    except psycopg.Error as error:
        raise UnreadableFile(f"PostgreSQL does not answer {sql!r}: {str(error).splitlines()[0]}") from error
    return Handed(delimited(file, ",", "utf-8"), name, "PostgreSQL", "")


def _sqlite(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise UnreadableFile(
            f"there is no SQLite file {path}; three slashes begin a relative path, four an absolute one"
        )
    return sqlite3.connect(f"file:{path.resolve()}?mode=ro", uri=True)


def _tables(connection: sqlite3.Connection) -> str:
    try:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
    except sqlite3.Error:
        return "Is it an SQLite database?"
    return f"It has the tables {', '.join(names)}"


def _column(name: str, values: list[Any]) -> pl.Series:
    """One column; mixed types become text, and bytes are read as text."""
    kinds = {type(value) for value in values} - {type(None)}
    if kinds <= {int}:
        return pl.Series(name, values, dtype=pl.Int64)
    if kinds <= {int, float}:
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    texts = [
        v.decode("utf-8", errors="replace") if isinstance(v, bytes) else v if v is None else str(v) for v in values
    ]
    return pl.Series(name, texts, dtype=pl.String)


def _path(url: str) -> Path:
    return Path(unquote(urlsplit(url).path).removeprefix("/"))


def _quoted(table: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in table.split("."))
