"""Bringing a database to the tables of this release."""

import time

from regulars.core.errors import ForeignStore

from .database import Database, Transaction
from .schema import HISTORY, LAYOUTS, MIGRATIONS


def migrate(database: Database, *, create: bool = True) -> list[str]:
    """Applies what is not applied yet, in one transaction; the names of those migrations.

    Raises ForeignStore for a database that is not a store, or one of a later release, or when `create` is False and
    there is no store.
    """
    if HISTORY in database.tables() and len(_applied(database)) == len(MIGRATIONS):
        return []
    with database.writing() as transaction:
        database.claim(transaction)
        _check(database.tables(transaction), shared=database.shared, create=create)
        transaction.run(
            f"CREATE TABLE IF NOT EXISTS {HISTORY} (number {{whole}} PRIMARY KEY, name {{text}} NOT NULL, "
            "applied {whole} NOT NULL)".format(**database.words)
        )
        done = len(_applied(transaction))
        for number, (name, statements) in enumerate(MIGRATIONS[done:], done + 1):
            for statement in statements:
                transaction.run(statement.format(**database.words))
            transaction.run(f"INSERT INTO {HISTORY} VALUES (?, ?, ?)", (number, name, int(time.time())))
    return [name for name, _ in MIGRATIONS[done:]]


def _applied(asked: Database | Transaction) -> list[str]:
    """The names of the migrations that were applied. Raises ForeignStore when this release does not know one."""
    found = [str(name) for (name,) in asked.rows(f"SELECT name FROM {HISTORY} ORDER BY number")]
    if len(found) > len(MIGRATIONS):
        raise ForeignStore(
            f"the store was made by a later release: it has {len(found)} migrations (the last: {found[-1]}), "
            f"this one knows {len(MIGRATIONS)}. Install that release"
        )
    return found


def _check(tables: set[str], *, shared: bool, create: bool) -> None:
    if HISTORY in tables:
        return
    if not create:
        raise ForeignStore("there is no store in this database; make one with: regulars serve, or regulars load")
    clash = sorted(tables & {layout.name for layout in LAYOUTS} if shared else tables)
    if clash:
        way_out = (
            "name a schema of its own: ?options=-csearch_path%3Dregulars" if shared else "name another file for it"
        )
        raise ForeignStore(f"this database is not a store of Regulars: it has {', '.join(clash[:5])}; {way_out}")
