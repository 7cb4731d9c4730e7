"""A store in one SQLite file: write-ahead log, every commit synced, one writer and readers beside it."""

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from regulars.core.errors import (
    BadRecord,
    CannotWrite,
    ForeignStore,
    RegularsError,
    StoreError,
    StoreFull,
    StoreUnavailable,
)

from .database import Row, Snapshot, Transaction
from .schema import Layout

_MOST_IDLE = 4  # readers that are kept for the next call: each holds its pages
_EVERY = "PRAGMA temp_store = MEMORY"
_WRITER = (
    _EVERY,
    "PRAGMA cache_size = -16000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",  # who is erased is not left in free pages
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
)
_READER = (_EVERY, "PRAGMA cache_size = -2000", "PRAGMA query_only = ON")


class SqliteDatabase:
    """The database in a file; changes: its connections, opened anew after an error."""

    words: Mapping[str, str] = {
        "text": "TEXT",
        "whole": "INTEGER",
        "number": "REAL",
        # a past is read from the index alone: after every write of others SQLite's readers begin with empty caches
        "past": ", place, item_id, kind, weight, quantity",
    }
    shared = False

    def __init__(self, path: Path, *, timeout: float = 5.0) -> None:
        self.path = path
        self.timeout = timeout
        self._lock = threading.RLock()
        self._writer: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # the file that the connections are of
        self._readers: list[tuple[sqlite3.Connection, object]] = []  # idle, each with the file that it is of
        self._closed = False

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        with self._reading() as connection:
            return connection.execute(sql, values).fetchall()

    def each(
        self, sql: str, keys: Sequence[str], values: Sequence[Any] = (), *, order: str = "", limit: int = 0
    ) -> list[list[Row]]:
        sql += (f" ORDER BY {order}" if order else "") + (f" LIMIT {limit}" if limit else "")
        try:  # as `_reading` does, for those who ask three hundred times a second
            reader = self._reader()
            try:
                return _each(reader[0], sql, keys, values)
            finally:
                self._give_back(reader)
        except (sqlite3.Error, OverflowError) as error:
            raise _meant(error, self.path) from error

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        with self._translated(), closing(self._connect(_READER)) as connection:
            connection.execute("BEGIN")
            yield SqliteTransaction(connection)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        if not self._lock.acquire(timeout=self.timeout):
            raise StoreUnavailable(f"{self.path} was busy writing for {self.timeout:g} seconds")
        try:
            with self._translated():
                connection = self._open_writer()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield SqliteTransaction(connection)
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
        except StoreError:
            self._forget_writer()
            raise
        finally:
            self._lock.release()

    def tables(self, transaction: Transaction | None = None) -> set[str]:
        if transaction is None and (not self.path.exists() or self.path.stat().st_size == 0):
            return set()
        sql = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
        return {str(name) for (name,) in (transaction or self).rows(sql)}

    def claim(self, transaction: Transaction) -> None:
        """Whoever writes an SQLite file is alone."""

    def scrub(self) -> None:
        """Empties the write-ahead log, where pages lie as they were before; as far as nobody reads from it."""
        with self._lock, self._translated():
            self._open_writer().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def backup(self, path: Path) -> None:
        beside = path.with_name(path.name + ".part")
        try:
            beside.unlink(missing_ok=True)
            with self._translated(), self._reading() as connection, closing(sqlite3.connect(beside)) as copy:
                connection.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
            beside.replace(path)
        except (OSError, StoreError) as error:
            beside.unlink(missing_ok=True)
            raise CannotWrite(f"{path} cannot be written: {error}") from error

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._forget_writer()
        while self._readers:
            self._readers.pop()[0].close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._translated():
            reader = self._reader()
            try:
                yield reader[0]
            finally:
                self._give_back(reader)

    def _reader(self) -> tuple[sqlite3.Connection, object]:
        """An idle reader or a new one: as many are made as ever read at the same moment."""
        self._check_file()
        try:
            return self._readers.pop()
        except IndexError:
            return self._connect(_READER), self._file

    def _give_back(self, reader: tuple[sqlite3.Connection, object]) -> None:
        if self._closed or reader[1] != self._file or len(self._readers) >= _MOST_IDLE:
            reader[0].close()
        else:
            self._readers.append(reader)

    def _open_writer(self) -> sqlite3.Connection:
        self._check_file()
        if self._writer is None:
            self._writer = self._connect(_WRITER)
            self._file = _identity(self.path)
        return self._writer

    def _forget_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _connect(self, pragmas: Sequence[str]) -> sqlite3.Connection:
        if self._closed:
            raise StoreUnavailable(f"{self.path} was closed")
        connection = sqlite3.connect(
            self.path, timeout=self.timeout, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        try:
            for pragma in pragmas:
                connection.execute(pragma)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _check_file(self) -> None:
        """Raises StoreUnavailable when the file is not the one that was opened: writes would go to a deleted one."""
        if self._closed:
            raise StoreUnavailable(f"{self.path} was closed")
        found = _identity(self.path)
        if self._file is not None and found != self._file:
            with self._lock:
                self._forget_writer()
                self._file = found or self._file
            raise StoreUnavailable(f"{self.path} was removed or replaced while it was open")
        self._file = found

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OverflowError) as error:
            raise _meant(error, self.path) from error


class SqliteTransaction:
    """Statements on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        return self._connection.execute(sql, values).fetchall()

    def parts(self, sql: str, values: Sequence[Any] = (), *, size: int = 100_000) -> Iterator[list[Row]]:
        cursor = self._connection.execute(sql, values)
        while rows := cursor.fetchmany(size):
            yield rows

    def each(self, sql: str, keys: Sequence[str]) -> list[list[Row]]:
        return _each(self._connection, sql, keys, ())

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        return self._connection.execute(sql, values).rowcount

    def add(self, layout: Layout, batches: Sequence[Sequence[Row]]) -> list[int]:
        sql = f"{_insert(layout)} ON CONFLICT ({layout.key}) DO NOTHING"
        return [self._connection.executemany(sql, batch).rowcount if batch else 0 for batch in batches]

    def put(self, layout: Layout, rows: Sequence[Row]) -> None:
        others = ", ".join(f"{name} = excluded.{name}" for name in layout.columns if name != layout.key)
        self._connection.executemany(f"{_insert(layout)} ON CONFLICT ({layout.key}) DO UPDATE SET {others}", rows)


def _insert(layout: Layout) -> str:
    return f"INSERT INTO {layout.name} ({layout.listed}) VALUES ({', '.join('?' * len(layout.columns))})"


def _each(connection: sqlite3.Connection, sql: str, keys: Sequence[str], values: Sequence[Any]) -> list[list[Row]]:
    slots = sql.count("{key}")
    asked = sql.replace("{key}", "?")
    return [connection.execute(asked, (key,) * slots + tuple(values)).fetchall() for key in keys]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # every reading looks, and Path.stat takes twice as long
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _meant(error: sqlite3.Error | OverflowError, path: Path) -> RegularsError:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name == "SQLITE_FULL":
        return StoreFull(f"{path} cannot grow: {error}. Nothing of this was written; free some space on its disk")
    if name == "SQLITE_NOTADB":
        return ForeignStore(f"{path} is not an SQLite file; a store needs one of its own")
    if name == "SQLITE_TOOBIG" or isinstance(error, sqlite3.DataError | OverflowError):
        return BadRecord(f"{path} cannot hold this: {error}")
    if name.startswith("SQLITE_CORRUPT"):
        return StoreUnavailable(f"{path} is damaged ({error}); put a backup in its place: regulars store restore")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreUnavailable(f"{path} is locked by another program ({error})")
    return StoreUnavailable(f"{path} does not answer: {error}")
