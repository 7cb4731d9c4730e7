"""Items or customers in a database: documents by id, and the order of their changes."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from regulars.core import Frame
from regulars.core.errors import MissingColumn

from .checking import askable, check_ids, written
from .counting import advance
from .database import Database, Row, Transaction
from .framing import column
from .records import Entity
from .schema import Layout

_LOADED = 20_000  # documents in one transaction of a bulk load


class Documents:
    """The table of items or that of customers of a database."""

    def __init__(self, database: Database, layout: Layout, id_column: str) -> None:
        self._database = database
        self._layout = layout
        self.id_column = id_column

    def put(self, entities: Mapping[str, Mapping[str, Any]]) -> None:
        texts = {key: self._written(key, fields) for key, fields in entities.items()}
        if texts:
            with self._database.writing() as transaction:
                self._put(transaction, texts)

    def patch(self, entities: Mapping[str, Mapping[str, Any]]) -> list[str]:
        for key, fields in entities.items():
            self._written(key, fields)
        if not entities:
            return []
        with self._database.writing() as transaction:
            advance(transaction, self._layout.name, 0)  # nobody else writes from here on
            found = self._found(transaction, list(entities))
            changed = {key: {**json.loads(text), **entities[key]} for key, text in found.items()}
            self._put(transaction, {key: self._written(key, fields) for key, fields in changed.items()})
        return [key for key in entities if key not in found]

    def get(self, ids: Sequence[str]) -> list[Entity | None]:
        sql = f"SELECT {self._layout.listed} FROM {self._layout.name} WHERE id = {{key}} AND deleted = 0"
        return [_entity(rows[0]) if rows else None for rows in self._database.each(sql, askable(ids))]

    def delete(self, ids: Sequence[str]) -> int:
        check_ids(ids, f"an id of the {self._layout.name}")
        if not ids:
            return 0
        with self._database.writing() as transaction:
            advance(transaction, self._layout.name, 0)
            found = list(self._found(transaction, list(dict.fromkeys(ids))))
            self._put(transaction, dict.fromkeys(found, "{}"), deleted=1)
        return len(found)

    def since(self, place: int, limit: int = 10_000) -> list[Entity]:
        sql = f"SELECT {self._layout.listed} FROM {self._layout.name} WHERE place > ? ORDER BY place LIMIT ?"
        return [_entity(row) for row in self._database.rows(sql, (place, limit))]

    def last_place(self) -> int:
        return int(self._database.rows(f"SELECT coalesce(max(place), 0) FROM {self._layout.name}")[0][0])

    def deleted(self) -> list[str]:
        sql = f"SELECT id FROM {self._layout.name} WHERE deleted = 1 ORDER BY place"
        return [str(key) for (key,) in self._database.rows(sql)]

    def count(self) -> int:
        return int(self._database.rows(f"SELECT count(*) FROM {self._layout.name} WHERE deleted = 0")[0][0])

    def scan(self) -> Iterator[Entity]:
        sql = f"SELECT {self._layout.listed} FROM {self._layout.name} WHERE deleted = 0 ORDER BY id"
        with self._database.snapshot() as snapshot:
            for rows in snapshot.parts(sql, size=10_000):
                yield from map(_entity, rows)

    def frame(self) -> Frame:
        entities = list(self.scan())
        names = dict.fromkeys(name for one in entities for name in one.fields if name != self.id_column)
        columns = [column(name, [one.fields.get(name) for one in entities]) for name in names]
        return pl.DataFrame([pl.Series(self.id_column, [one.id for one in entities], dtype=pl.String), *columns])

    def load(self, table: Frame) -> int:
        if self.id_column not in table.columns:
            found = ", ".join(table.columns)
            raise MissingColumn(f"{self._layout.name} to load need {self.id_column}; the table has {found}")
        for part in table.iter_slices(_LOADED):
            rows = part.to_dicts()
            self.put({str(row.pop(self.id_column)): {n: _plain(v) for n, v in row.items()} for row in rows})
        return table.height

    def _written(self, key: str, fields: Mapping[str, Any]) -> str:
        check_ids([key], f"an id of the {self._layout.name}")
        return written(fields, f"{self._layout.name} {key!r}")

    def _found(self, transaction: Transaction, ids: list[str]) -> dict[str, str]:
        """The fields, as JSON, of those that are there."""
        sql = f"SELECT fields FROM {self._layout.name} WHERE id = {{key}} AND deleted = 0"
        return {key: rows[0][0] for key, rows in zip(ids, transaction.each(sql, ids), strict=True) if rows}

    def _put(self, transaction: Transaction, texts: Mapping[str, str], *, deleted: int = 0) -> None:
        place = advance(transaction, self._layout.name, len(texts))
        now = int(time.time())
        rows = [(key, text, place + n, now, deleted) for n, (key, text) in enumerate(texts.items(), 1)]
        if rows:
            transaction.put(self._layout, rows)


def _entity(row: Row) -> Entity:
    key, text, place, changed, deleted = row
    return Entity(key, json.loads(text), place, changed, bool(deleted))


def _plain(value: Any) -> Any:
    """A value of a table as JSON has it: days and times as ISO texts, decimals as numbers, NaN as nothing."""
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return float(value) if hasattr(value, "as_tuple") else str(value)
