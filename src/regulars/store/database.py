"""What the tables of a store ask of a database: SQL that both understand, with ? for each value."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from .schema import Layout

Row = tuple[Any, ...]


class Snapshot(Protocol):
    """The database as it was at one moment."""

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]: ...

    def parts(self, sql: str, values: Sequence[Any] = (), *, size: int = 100_000) -> Iterator[list[Row]]:
        """The rows of a large answer, `size` at a time."""
        ...


class Transaction(Protocol):
    """Writes that become visible and durable together, or not at all."""

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]: ...

    def each(self, sql: str, keys: Sequence[str]) -> list[list[Row]]: ...

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """How many rows were changed."""
        ...

    def add(self, layout: Layout, batches: Sequence[Sequence[Row]]) -> list[int]:
        """Adds the rows whose key is not there yet; how many those were in each batch."""
        ...

    def put(self, layout: Layout, rows: Sequence[Row]) -> None:
        """Adds rows or replaces those of the same key; no key may come twice."""
        ...


class Database(Protocol):
    """One database, asked from several threads.

    Raises StoreUnavailable, StoreFull, ForeignStore, and BadRecord for values that it cannot hold.
    """

    @property
    def words(self) -> Mapping[str, str]:
        """The types of columns in this database's words, for migrations."""
        ...

    @property
    def shared(self) -> bool:
        """Whether tables of others may stand beside those of the store."""
        ...

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]: ...

    def each(
        self, sql: str, keys: Sequence[str], values: Sequence[Any] = (), *, order: str = "", limit: int = 0
    ) -> list[list[Row]]:
        """The answer to one SELECT for each key, which stands as {key} in it before every ?, in `order`."""
        ...

    def snapshot(self) -> AbstractContextManager[Snapshot]: ...

    def writing(self) -> AbstractContextManager[Transaction]:
        """One at a time; durable at the end, rolled back by an error."""
        ...

    def tables(self, transaction: Transaction | None = None) -> set[str]: ...

    def claim(self, transaction: Transaction) -> None:
        """Makes room for tables, and waits until nobody else makes any; until the transaction ends."""
        ...

    def scrub(self) -> None:
        """Nothing of what was deleted is left in files of its own beside the tables."""
        ...

    def backup(self, path: Path) -> None: ...

    def close(self) -> None: ...
