"""From the address of a database to a store."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from regulars.core.errors import CannotWrite, ConfigError, ForeignStore

from .database import Database
from .migrating import migrate
from .protocols import Store
from .stores import DatabaseStore


def open_store(url: str, *, create: bool = True, timeout: float = 5.0) -> Store:
    """The store at sqlite:///path or postgresql://user:password@host/database, brought to this release's tables.

    create: make it where there is none. timeout: seconds to wait for a database that is busy or away, until
    StoreUnavailable. Raises ForeignStore when there is something else, or a store of a later release, and ConfigError
    for another kind of address.
    """
    database = _database(url, create=create, timeout=timeout)
    try:
        migrate(database, create=create)
    except BaseException:
        database.close()
        raise
    return DatabaseStore(database)


def _database(url: str, *, create: bool, timeout: float) -> Database:
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        return _sqlite(Path(unquote(urlsplit(url).path).removeprefix("/")), create=create, timeout=timeout)
    if scheme in ("postgresql", "postgres"):
        from .postgres import PostgresDatabase

        return PostgresDatabase(url, timeout=timeout)
    raise ConfigError(f"the address of the store begins with {scheme!r}; wanted sqlite:///path or postgresql://")


def _sqlite(path: Path, *, create: bool, timeout: float) -> Database:
    from .sqlite import SqliteDatabase

    if path.name in ("", ".", ".."):
        raise ConfigError("the address of the store names no file; wanted sqlite:///shop.db")
    if not create and not path.is_file():
        raise ForeignStore(f"there is no store {path}; make one with: regulars serve, or regulars load")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"{path.parent} cannot be made: {error.strerror}") from error
    return SqliteDatabase(path, timeout=timeout)
