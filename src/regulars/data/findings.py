"""Findings: a first look at a shop's files: which table is which, and what its columns seem to mean."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from regulars.core.errors import DataError, EmptyData, MissingColumn

from . import kinds
from .columns import guess
from .files import expanded, kind_of
from .layout import as_key
from .parquet import ParquetFile
from .readers import readings
from .reading import Reading
from .sources import Table

WORDS = 50  # kinds of events shown
SAMPLE = 5  # rows shown


@dataclass(frozen=True)
class Found:
    """One table. what: events, items, customers, or "other" with the reason in `notes`.

    paths: its files; note: their format; rows: exact, or estimated from the first part where `estimated`; columns:
    meaning -> the shop's column; names: all columns; kinds: the shop's word for a kind of event -> its usual weight.
    """

    what: str
    paths: tuple[str, ...]
    note: str
    rows: int
    estimated: bool
    columns: Mapping[str, str]
    names: tuple[str, ...]
    kinds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sample: pl.DataFrame = field(default_factory=pl.DataFrame, compare=False)


@dataclass(frozen=True)
class Findings:
    """Everything that was found, the events first; refused: files that cannot be read, each with the reason."""

    tables: tuple[Found, ...]
    refused: tuple[str, ...] = ()

    @property
    def events(self) -> tuple[Found, ...]:
        return self._of("events")

    @property
    def items(self) -> Found | None:
        return next(iter(self._of("items")), None)

    @property
    def customers(self) -> Found | None:
        return next(iter(self._of("customers")), None)

    @property
    def others(self) -> tuple[Found, ...]:
        return self._of("other")

    def _of(self, what: str) -> tuple[Found, ...]:
        return tuple(table for table in self.tables if table.what == what)

    def json(self) -> dict[str, Any]:
        """Everything, for machines."""
        return {"tables": [_json(table) for table in self.tables], "refused": list(self.refused)}


def inspect(paths: Iterable[str | Path], columns: Mapping[str, str] | None = None) -> Findings:
    """Looks at files, globs and folders; files of one layout in one folder are one table.

    columns: our name -> the shop's, for what guessing gets wrong in the events. Raises EmptyData when there is no file
    that can be read, MissingColumn when no table has a column of `columns`.
    """
    found = [path for given in paths for path in expanded(str(given))]
    groups: dict[tuple[Path, tuple[str, ...]], list[Reading]] = {}
    refused: list[str] = []
    for path in dict.fromkeys(found):
        try:
            reading = readings(Table(path, format=kind_of(path)))[0]
            groups.setdefault((path.parent, tuple(reading.schema())), []).append(reading)
        except DataError as error:
            refused.append(str(error))
    if not groups:
        reasons = "; ".join(refused) or "no file is there"
        raise EmptyData(f"nothing to look at: {reasons}; wanted CSV, TSV, JSON Lines or Parquet")
    looks = [_Look.at(group, columns or {}) for group in groups.values()]
    for meaning, column in (columns or {}).items():
        if not any(column in look.first.columns for look in looks):
            seen = "; ".join(f"{look.readings[0].name} has {', '.join(look.first.columns)}" for look in looks)
            raise MissingColumn(f"{meaning} is mapped to the column {column!r}, which no table has: {seen}")
    logs = [look for look in looks if look.is_log]
    hints = {key: logs[0].columns.get(key, "") if logs else "" for key in ("item", "user")}
    tables = [look.found(hints) for look in looks]
    return Findings(tuple(_sorted(_one_of_each(tables))), tuple(refused))


@dataclass(frozen=True)
class _Look:
    """A group of files of one layout, and the first part of the first of them."""

    readings: tuple[Reading, ...]
    first: pl.DataFrame
    rows: int
    estimated: bool
    columns: Mapping[str, str]
    notes: tuple[str, ...]

    @classmethod
    def at(cls, group: list[Reading], given: Mapping[str, str]) -> "_Look":
        chunk = next((chunk for chunk in group[0].chunks() if chunk.rows.height), None)
        first = chunk.rows if chunk else pl.DataFrame(schema=dict(group[0].schema()))
        rows, estimated = _count(group, first.height, chunk.share if chunk else 1.0)
        try:
            here = {meaning: column for meaning, column in given.items() if column in first.columns}
            mapped = guess(first.columns, "events", here)
            columns, notes = mapped.columns, mapped.notes
        except MissingColumn as error:
            columns, notes = {}, (str(error),)
        return cls(tuple(group), first, rows, estimated, columns, notes)

    @property
    def is_log(self) -> bool:
        """Whether it tells who did something with which item: by customer and item, and by what only events have."""
        told = any(self.columns.get(name) for name in ("time", "kind", "rating", "quantity", "session", "weight"))
        return bool(self.columns) and (told or len(self.first.columns) <= 4)

    def found(self, hints: Mapping[str, str]) -> Found:
        if self.is_log:
            return self._as("events", self.columns, self.notes, _kinds(self.first, self.columns))
        for what, key in (("items", "item"), ("customers", "user")):
            try:
                mapped = guess(self.first.columns, what, hint=hints[key])
            except MissingColumn:
                continue
            other = "user" if key == "item" else "item"
            if hints[other] and hints[other] in self.first.columns:
                continue
            ids = as_key(self.first[mapped.columns[key]], False).drop_nulls()
            if len(ids) and ids.n_unique() == len(ids):
                return self._as(what, mapped.columns, mapped.notes)
        reason = self.notes or ("neither events nor one row for each item or customer",)
        return self._as("other", {}, reason)

    def _as(
        self, what: str, columns: Mapping[str, str], notes: tuple[str, ...], words: Mapping[str, float] | None = None
    ) -> Found:
        paths = tuple(reading.name for reading in self.readings)
        names = tuple(self.first.columns)
        sample = self.first.head(SAMPLE)
        return Found(
            what, paths, self.readings[0].note, self.rows, self.estimated, columns, names, words or {}, notes, sample
        )


def _count(group: list[Reading], height: int, share: float) -> tuple[int, bool]:
    """Rows of all files; estimated from the bytes where counting would mean reading them all."""
    if all(isinstance(reading, ParquetFile) for reading in group):
        return sum(reading.height for reading in group if isinstance(reading, ParquetFile)), False
    if len(group) == 1 and share >= 1.0:
        return height, False
    read = max(1.0, share * group[0].size)
    return round(height * sum(reading.size for reading in group) / read), True


def _kinds(rows: pl.DataFrame, columns: Mapping[str, str]) -> dict[str, float]:
    """The shop's words for kinds of events, the most frequent first, each with its usual weight."""
    if "kind" not in columns:
        return {}
    words = rows[columns["kind"]].cast(pl.String).drop_nulls().value_counts(sort=True).head(WORDS)
    return {word: kinds.WEIGHTS.get(kinds.canonical(word), 1.0) for word in words[columns["kind"]].to_list()}


def _one_of_each(tables: list[Found]) -> list[Found]:
    """The largest table of items and of customers counts; the others are told as such."""
    kept: list[Found] = []
    for table in sorted(tables, key=lambda one: -one.rows):
        if table.what in ("items", "customers") and any(other.what == table.what for other in kept):
            note = f"a second table of {table.what}; the larger one is taken"
            kept.append(replace(table, what="other", columns={}, kinds={}, notes=(note,)))
        else:
            kept.append(table)
    return kept


def _sorted(tables: list[Found]) -> list[Found]:
    return sorted(tables, key=lambda table: (("events", "items", "customers", "other").index(table.what), -table.rows))


def _json(table: Found) -> dict[str, Any]:
    said = {name: value for name, value in vars(table).items() if name != "sample"}
    return said | {"sample": table.sample.select(pl.all().cast(pl.String, strict=False)).rows()}
