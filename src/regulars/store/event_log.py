"""Events in a database."""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import polars as pl

from regulars.core import Frame
from regulars.core.errors import BadTable, MissingColumn

from .checking import LONGEST_ID, askable, check_events, check_ids
from .counting import advance
from .database import Database, Row, Transaction
from .framing import framed
from .records import Appended, Did, Event, Placed
from .schema import EVENTS, TEXT

_COLUMNS = EVENTS.listed.removeprefix("place, ")
_READ = (
    "event_id, user_id, item_id, kind, time, weight, quantity, value, coalesce(session, ''), coalesce(context, ''), "
    "coalesce(exposure_id, '')"
)
_OF_USER = (
    "SELECT {columns} FROM events WHERE user_id = coalesce((SELECT customer FROM aliases WHERE visitor = {key}), "
    "{key}) AND time < ?"
)
_NEVER = 2**63 - 1
_LOADED = 20_000  # events in one transaction of a bulk load
_did: Callable[[Row], Did] = partial(tuple.__new__, Did)  # as Did._make does, at a fifth of the time
_DEFAULTS: dict[str, Any] = {"kind": "event", "weight": 1.0, "session": "", "context": "", "exposure_id": ""}


class EventLog:
    """The table of events of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, events: Sequence[Event]) -> Appended:
        return self.append_all([events])[0]

    def append_all(self, batches: Sequence[Sequence[Event]]) -> list[Appended]:
        for batch in batches:
            check_events(batch)
        if not any(batches):
            return [Appended(0, 0) for _ in batches]
        with self._database.writing() as transaction:
            place = advance(transaction, "events", sum(map(len, batches)))
            owners = _owners(transaction, {event[1] for batch in batches for event in batch})
            rows: list[list[Row]] = []
            for batch in batches:
                rows.append([_row(place + n, event, owners) for n, event in enumerate(batch, 1)])
                place += len(batch)
            stored = transaction.add(EVENTS, rows)
        return [Appended(new, len(batch) - new) for new, batch in zip(stored, batches, strict=True)]

    def histories(self, user_ids: Sequence[str], *, before: int | None = None, last: int = 500) -> list[list[Event]]:
        return [list(map(Event._make, rows)) for rows in self._newest(_READ, user_ids, before, last)]

    def pasts(self, user_ids: Sequence[str], *, before: int | None = None, last: int = 500) -> list[list[Did]]:
        columns = "item_id, kind, time, weight, quantity"
        return [list(map(_did, rows)) for rows in self._newest(columns, user_ids, before, last)]

    def users(self, after: str = "", limit: int = 10_000) -> list[str]:
        sql = "SELECT DISTINCT user_id FROM events WHERE user_id > ? ORDER BY user_id LIMIT ?"
        return [str(user_id) for (user_id,) in self._database.rows(sql, (*askable([after]), limit))]

    def users_since(self, place: int) -> list[str]:
        found = self._database.rows("SELECT DISTINCT user_id FROM events WHERE place > ?", (place,))
        return [str(user_id) for (user_id,) in found]

    def since(self, place: int, limit: int = 10_000) -> list[Placed]:
        sql = f"SELECT place, {_READ} FROM events WHERE place > ? ORDER BY place LIMIT ?"
        return [Placed(row[0], Event._make(row[1:])) for row in self._database.rows(sql, (place, limit))]

    def last_place(self) -> int:
        return int(self._database.rows("SELECT coalesce(max(place), 0) FROM events")[0][0])

    def count(self) -> int:
        return int(self._database.rows("SELECT count(*) FROM events")[0][0])

    def merge(self, visitor: str, customer: str) -> int:
        check_ids([visitor], "the visitor")
        check_ids([customer], "the customer")
        with self._database.writing() as transaction:
            advance(transaction, "events", 0)
            owner = _owners(transaction, {customer}).get(customer, customer)
            if owner == visitor:
                return 0
            transaction.run("UPDATE aliases SET customer = ? WHERE customer = ?", (owner, visitor))
            transaction.run("DELETE FROM aliases WHERE visitor = ?", (visitor,))
            transaction.run("INSERT INTO aliases VALUES (?, ?)", (visitor, owner))
            transaction.run("UPDATE exposures SET user_id = ? WHERE user_id = ?", (owner, visitor))
            return transaction.run("UPDATE events SET user_id = ? WHERE user_id = ?", (owner, visitor))

    def owner(self, user_id: str) -> str:
        found = self._database.rows("SELECT customer FROM aliases WHERE visitor = ?", askable([user_id]))
        return str(found[0][0]) if found else user_id

    def erase(self, user_id: str) -> int:
        check_ids([user_id], "the customer")
        with self._database.writing() as transaction:
            advance(transaction, "events", 0)
            owner = _owners(transaction, {user_id}).get(user_id, user_id)
            transaction.run("DELETE FROM aliases WHERE customer = ?", (owner,))
            erased = transaction.run("DELETE FROM events WHERE user_id = ?", (owner,))
        self._database.scrub()
        return erased

    def frame(self, *, until: int | None = None) -> Frame:
        sql = f"SELECT {_READ} FROM events WHERE place <= ? ORDER BY user_id, time, place"
        columns = {name: kind for name, kind in EVENTS.columns.items() if name != "place"}
        with self._database.snapshot() as snapshot:
            return framed(snapshot.parts(sql, (_NEVER if until is None else until,)), columns)

    def _newest(self, columns: str, user_ids: Sequence[str], before: int | None, last: int) -> list[list[Row]]:
        """The rows of each customer, oldest first."""
        if last < 1:
            return [[] for _ in user_ids]
        sql = _OF_USER.replace("{columns}", columns)
        until = _NEVER if before is None else before
        order = "time DESC, place DESC"
        found = self._database.each(sql, askable(user_ids), (until,), order=order, limit=int(last))
        for rows in found:
            rows.reverse()
        return found

    def load(self, events: Frame) -> Appended:
        table = _completed(events)
        if not _is_fine(table):
            check_events([Event._make(row) for row in table.iter_rows()])
        stored = 0
        for part in table.iter_slices(_LOADED):
            with self._database.writing() as transaction:
                place = advance(transaction, "events", part.height)
                owners = _owners(transaction, set(part["user_id"].unique()))
                stored += transaction.add(EVENTS, [_rows(part, place, owners)])[0]
        return Appended(stored, table.height - stored)


def _owners(transaction: Transaction, user_ids: set[str]) -> dict[str, str]:
    """The customer of each visitor among them who was merged."""
    asked = list(user_ids)
    found = transaction.each("SELECT customer FROM aliases WHERE visitor = {key}", asked)
    return {user_id: rows[0][0] for user_id, rows in zip(asked, found, strict=True) if rows}


def _row(place: int, event: Event, owners: dict[str, str]) -> Row:
    event_id, user_id, *line, session, context, exposure_id = event
    owner = owners.get(user_id, user_id)
    return (place, event_id, owner, *line, session or None, context or None, exposure_id or None)


def _rows(table: Frame, place: int, owners: dict[str, str]) -> list[Row]:
    """The rows of a table with the columns of Event, of which the first gets the place after `place`."""
    unused = [pl.col(name).replace("", None) for name in ("session", "context", "exposure_id")]
    mine = table.with_columns(pl.col("user_id").replace(owners), *unused) if owners else table.with_columns(unused)
    return mine.with_row_index("place", place + 1).rows()


def _is_fine(table: Frame) -> bool:
    """Whether `check_events` would let all pass; in columns, for which polars needs a tenth of the time."""
    texts = [name for name, kind in table.schema.items() if kind == TEXT]
    ids, short = pl.col("event_id", "user_id", "item_id", "kind"), pl.col("session", "exposure_id")
    wrong = [
        ids.is_null() | ~ids.str.len_chars().is_between(1, LONGEST_ID),
        short.str.len_chars() > LONGEST_ID,
        pl.col(texts).str.contains("\0", literal=True),
        pl.col("weight", "time").is_null(),
        ~pl.col("weight", "quantity", "value").is_finite(),
    ]
    return not any(table.select(one.any()).row(0).count(True) for one in wrong)


def _completed(events: Frame) -> Frame:
    """A table with exactly the columns of Event, in their order. Raises MissingColumn and BadTable."""
    if missing := [name for name in ("user_id", "item_id", "time") if name not in events.columns]:
        found = ", ".join(events.columns)
        raise MissingColumn(f"events to load need {' and '.join(missing)}; the table has {found}")
    types = {name: kind for name, kind in EVENTS.columns.items() if name != "place"}
    try:
        table = events.select(
            pl.col(name).cast(kind).fill_null(_DEFAULTS[name])
            if name in events.columns and name in _DEFAULTS
            else pl.col(name).cast(kind)
            if name in events.columns
            else pl.lit(_DEFAULTS.get(name), dtype=kind).alias(name)
            for name, kind in types.items()
        )
    except pl.exceptions.PolarsError as error:
        raise BadTable(f"events to load have a column of another type: {str(error).splitlines()[0][:200]}") from error
    return table.with_columns(pl.col("event_id").fill_null(_named(table))) if table["event_id"].null_count() else table


def _named(table: Frame) -> pl.Series:
    """Ids made of what each event says and of how often that was said above: loading twice is loading once."""
    names = [pl.col(name).fill_null("") for name in ("user_id", "item_id", "kind")]
    again = pl.int_range(pl.len()).over("user_id", "item_id", "kind", "time")
    told = [part for name in names for part in (name.str.len_bytes(), pl.lit(":"), name)]
    texts = table.select(pl.concat_str(*told, pl.lit(" "), "time", pl.lit(" "), again)).to_series()
    users = {user: _digest(user or "", 4) for user in table["user_id"].unique()}
    # those of a customer begin alike: they stand together in the index of ids, which is written as the log is read
    ids = [users[user] + _digest(text or "", 12) for user, text in zip(table["user_id"], texts, strict=True)]
    return pl.Series("event_id", ids, dtype=TEXT)


def _digest(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()
