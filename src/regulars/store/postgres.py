"""A store in PostgreSQL (extra `postgres`): several services may share one."""

import select
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from regulars.core.errors import (
    BadRecord,
    CannotDo,
    ForeignStore,
    MissingExtra,
    RegularsError,
    StoreFull,
    StoreUnavailable,
)

from .database import Row, Snapshot, Transaction
from .schema import NUMBER, WHOLE, Layout
from .watching import Watch

try:
    import psycopg
    from psycopg import pq
    from psycopg.conninfo import make_conninfo
except ImportError as error:
    raise MissingExtra("psycopg", "postgres") from error

Connection = psycopg.Connection[Row]
_MIGRATING = 7_236_482_110  # of the advisory lock that writers of a new store wait for
_COPIED = 2_000  # rows from which COPY into a temporary table is faster than one statement with arrays
_FULL = ("53100",)  # disk_full
_UNFIT = ("22", "54")  # data exceptions, limits of the program
_NAMES = 'TEXT COLLATE "C"'


class PostgresDatabase:
    """A pool of connections to one server; changes: the connections, made anew after it was away."""

    words: Mapping[str, str] = {"text": _NAMES, "whole": "BIGINT", "number": "DOUBLE PRECISION", "past": ", place"}
    shared = True

    def __init__(self, url: str, *, timeout: float = 5.0, most: int = 16) -> None:
        self.name = urlsplit(url).hostname or "PostgreSQL"
        self.timeout = timeout
        seconds = max(1, round(timeout))
        try:
            self._address = make_conninfo(
                url,
                client_encoding="UTF8",
                connect_timeout=max(2, seconds),
                tcp_user_timeout=seconds * 1000,
                keepalives_idle=seconds,
            )
        except psycopg.Error as error:
            raise ForeignStore(f"the address of the store cannot be understood: {str(error).strip()}") from error
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(most)
        self._closed = False
        self._watch = Watch(self._answers)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        with self._connection() as connection:
            return _rows(connection, _own(sql), values)

    def each(
        self, sql: str, keys: Sequence[str], values: Sequence[Any] = (), *, order: str = "", limit: int = 0
    ) -> list[list[Row]]:
        with self._connection() as connection:
            return _each(connection, sql, keys, values, order=order, limit=limit)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        with self._connection() as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield PostgresTransaction(connection)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        with self._connection() as connection, connection.transaction():
            yield PostgresTransaction(connection)

    def tables(self, transaction: Transaction | None = None) -> set[str]:
        sql = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()"
        return {str(name) for (name,) in (transaction or self).rows(sql)}

    def claim(self, transaction: Transaction) -> None:
        """Makes the schema that the address names first, where it names one that is not there."""
        transaction.rows("SELECT 1 FROM pg_advisory_xact_lock(?)", (_MIGRATING,))
        schema, path = transaction.rows("SELECT current_schema(), current_setting('search_path')")[0]
        if schema is None:
            name = next(name.strip() for name in path.split(",") if "$" not in name)
            transaction.run("CREATE SCHEMA " + (name if name.startswith('"') else f'"{name.lower()}"'))

    def scrub(self) -> None:
        """VACUUM, which the server does by itself, clears the pages; its write-ahead log is the operator's."""

    def backup(self, path: Path) -> None:
        raise CannotDo("a copy of one file is for SQLite; on PostgreSQL use: regulars store dump, or pg_dump")

    def close(self) -> None:
        self._watch.close()
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection of the pool for one statement or transaction; one that failed is not used again."""
        if self._watch.away:
            raise StoreUnavailable(f"{self.name} takes connections and does not answer")
        if not self._room.acquire(timeout=self.timeout):
            raise StoreUnavailable(f"all connections to {self.name} were busy for {self.timeout:g} seconds")
        try:
            with self._translated():
                connection = self._taken() or self._connect()
                try:
                    with self._watch.over(connection):
                        yield connection
                finally:
                    self._give_back(connection)
        finally:
            self._room.release()

    def _taken(self) -> Connection | None:
        """An idle connection whose server has not hung up meanwhile."""
        while True:
            with self._lock:
                if self._closed:
                    raise StoreUnavailable(f"the store on {self.name} was closed")
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if not connection.closed and not _speaks(connection):
                return connection
            connection.close()

    def _connect(self) -> Connection:
        try:
            connection: Connection = psycopg.connect(self._address, autocommit=True, prepare_threshold=2)
        except psycopg.errors.ConnectionTimeout:
            self._watch.lost()
            raise
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            connection.close()
            raise ForeignStore(f"the database on {self.name} keeps texts as {encoding}; a store needs one in UTF8")
        try:
            connection.execute(f"SET synchronous_commit = on; SET lock_timeout = {round(self.timeout * 1000)}")
        except psycopg.Error:
            connection.close()
            raise
        return connection

    def _answers(self) -> bool:
        """Whether the server says anything, were it that it takes nobody."""
        try:
            psycopg.connect(self._address).close()
        except psycopg.errors.ConnectionTimeout:
            return False
        except psycopg.Error:
            return True
        return True

    def _give_back(self, connection: Connection) -> None:
        if connection.closed or connection.info.transaction_status != pq.TransactionStatus.IDLE:
            connection.close()
            return
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise _meant(error, self.name) from error


class PostgresTransaction:
    """Statements on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        return _rows(self._connection, _own(sql), values)

    def parts(self, sql: str, values: Sequence[Any] = (), *, size: int = 100_000) -> Iterator[list[Row]]:
        with self._connection.cursor(name="parts", binary=True) as cursor:
            cursor.execute(_own(sql), values)
            while rows := cursor.fetchmany(size):
                yield rows

    def each(self, sql: str, keys: Sequence[str]) -> list[list[Row]]:
        return _each(self._connection, sql, keys, ())

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        return self._connection.execute(_own(sql), values).rowcount

    def add(self, layout: Layout, batches: Sequence[Sequence[Row]]) -> list[int]:
        rows = [row for batch in batches for row in batch]
        ending = f"ON CONFLICT ({layout.key}) DO NOTHING RETURNING {layout.key}"
        stored = {key for (key,) in self._insert(layout, rows, ending)}
        key = list(layout.columns).index(layout.key)
        return [_claimed(stored, [row[key] for row in batch]) for batch in batches]

    def put(self, layout: Layout, rows: Sequence[Row]) -> None:
        others = ", ".join(f"{name} = excluded.{name}" for name in layout.columns if name != layout.key)
        self._insert(layout, rows, f"ON CONFLICT ({layout.key}) DO UPDATE SET {others}")

    def _insert(self, layout: Layout, rows: Sequence[Row], ending: str) -> list[Row]:
        if not rows:
            return []
        source = f"SELECT {layout.listed} FROM arriving" if len(rows) > _COPIED else _unnested(layout)
        sql = f"INSERT INTO {layout.name} ({layout.listed}) {source} {ending}"
        if len(rows) <= _COPIED:
            return _rows(self._connection, sql, _columns(layout, rows))
        columns = f"SELECT {layout.listed} FROM {layout.name} WITH NO DATA"
        self._connection.execute(f"CREATE TEMPORARY TABLE arriving ON COMMIT DROP AS {columns}")
        with self._connection.cursor().copy(f"COPY arriving ({layout.listed}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        found = _rows(self._connection, sql, ())
        self._connection.execute("DROP TABLE arriving")
        return found


def _rows(connection: Connection, sql: str, values: Sequence[Any]) -> list[Row]:
    cursor = connection.execute(sql, values, binary=True)
    return cursor.fetchall() if cursor.description else []


def _each(
    connection: Connection,
    sql: str,
    keys: Sequence[str],
    values: Sequence[Any],
    *,
    order: str = "",
    limit: int = 0,
) -> list[list[Row]]:
    """One statement for all keys: the SELECT of each, in its order, beside the number of the key."""
    found: list[list[Row]] = [[] for _ in keys]
    if not keys:
        return found
    inner = _own(sql).replace("{key}", "asked.key")
    inner += (f" ORDER BY {order}" if order else "") + (f" LIMIT {limit}" if limit else "")
    keyed = "unnest(%s::text[]) WITH ORDINALITY AS asked (key, n)"
    whole = f"SELECT asked.n, found.* FROM {keyed} CROSS JOIN LATERAL ({inner}) AS found"
    for n, *row in _rows(connection, whole, (list(keys), *values)):
        found[n - 1].append(tuple(row))
    return found


def _unnested(layout: Layout) -> str:
    types = {WHOLE: "bigint", NUMBER: "float8"}
    arrays = ", ".join(f"%s::{types.get(kind, 'text')}[]" for kind in layout.columns.values())
    return f"SELECT * FROM unnest({arrays})"


def _columns(layout: Layout, rows: Sequence[Row]) -> list[list[Any]]:
    """The rows as columns; an array takes numbers of one type alone."""
    return [
        [value if value is None else float(value) for value in values] if kind == NUMBER else list(values)
        for kind, values in zip(layout.columns.values(), zip(*rows, strict=True), strict=True)
    ]


def _claimed(stored: set[str], keys: Sequence[str]) -> int:
    """How many of the stored keys came with this batch first; they are nobody else's then."""
    mine = stored & set(keys)
    stored -= mine
    return len(mine)


def _own(sql: str) -> str:
    return sql.replace("?", "%s")


def _speaks(connection: Connection) -> bool:
    """Whether an idle connection has something to say: nothing but its end is to be expected."""
    try:
        waiting = select.poll()
        waiting.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
        return bool(waiting.poll(0))
    except (OSError, psycopg.Error):
        return True


def _meant(error: psycopg.Error, name: str) -> RegularsError:
    said = " ".join(str(error).split())
    if error.sqlstate in _FULL:
        return StoreFull(f"the disk of {name} is full ({said}); nothing of this was written")
    if (error.sqlstate or "").startswith(_UNFIT):
        return BadRecord(f"{name} cannot hold this: {said}")
    return StoreUnavailable(f"{name} does not answer: {said or type(error).__name__}")
