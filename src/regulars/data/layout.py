"""Layout: what a table's columns mean, agreed over all of its files before the first row is read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import polars as pl

from regulars.core.errors import BadTable, EmptyData, MissingColumn

from .columns import NAMES, NEEDED, Mapped, guess, plain
from .numbers import without_blanks
from .readers import readings
from .reading import Reading
from .sources import Table

MONEY = ("quantity", "price", "value", "rating")  # numbers that stay beside the events
_RESERVED = ("user_id", "item_id", "time", "weight", "kind", "session", "channel", "store", *MONEY)
_CLOCK = r"^\s*\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(\s*[AaPp][Mm])?\s*$"
_ORDERS = ("basket", "invoice", "order", "transaction", "receipt", "ticket")


@dataclass(frozen=True)
class Layout:
    """One table: its readings, the union of their columns, and which of them means what."""

    what: str
    table: Table
    readings: tuple[Reading, ...]
    schema: dict[str, pl.DataType]
    mapped: Mapped
    day: str = ""  # the column of the day, where the time is only that of a clock

    def column(self, meaning: str) -> str:
        """The shop's name for `meaning`, empty if it has none."""
        return self.mapped.columns.get(meaning, "")

    @property
    def extras(self) -> dict[str, pl.DataType]:
        """The columns without a meaning of their own."""
        taken = {*self.mapped.columns.values(), self.day}
        return {name: dtype for name, dtype in self.schema.items() if name not in taken}

    @property
    def further(self) -> dict[str, str]:
        """What the dataset calls each further column of the events, and what the shop calls it."""
        named = {name if name not in _RESERVED else f"other_{name}": name for name in self.extras}
        return named | {meaning: self.column(meaning) for meaning in ("channel", "store") if self.column(meaning)}

    @property
    def whole_ids(self) -> dict[str, bool]:
        """Whether the customers' and the items' ids are whole numbers in every file."""
        return {meaning: self.schema[self.column(meaning)].is_signed_integer() for meaning in NEEDED[self.what]}

    @property
    def kind(self) -> str:
        """What an event is where no column says it: by the columns that only orders or ratings have."""
        if self.table.kind:
            return self.table.kind
        if self.column("rating"):
            return "rating"
        session = plain(self.column("session"))
        bought = any(self.column(name) for name in ("quantity", "price", "value"))
        return "purchase" if bought or session.startswith(_ORDERS) else "event"

    def moments(self, rows: pl.DataFrame) -> pl.Series:
        """The times as they are written, the day and the clock of a log that parts them joined."""
        time = rows[self.column("time")]
        return rows[self.day].cast(pl.String) + " " + time.cast(pl.String) if self.day else time

    def complete(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of one file with all columns and types of the table."""
        return rows.select(
            pl.col(name).cast(dtype, strict=False) if name in rows.columns else pl.lit(None, dtype=dtype).alias(name)
            for name, dtype in self.schema.items()
        )


def layout(table: Table, what: str, *, work: Path | None = None, hint: str = "") -> Layout:
    """Looks at every file of a table; hint: what the events call this table's key.

    Raises MissingColumn and BadTable, naming the file, and EmptyData when no file has a row.
    """
    found = readings(table, work)
    schemas = [dict(reading.schema()) for reading in found]
    schema: dict[str, pl.DataType] = {}
    for reading, one in zip(found, schemas, strict=True):
        for name, dtype in one.items():
            schema[name] = _agreed(f"{what}: {name}", schema.get(name, dtype), dtype, reading.name)
    if not schema:
        raise EmptyData(f"{what}: {', '.join(reading.name for reading in found)} has no rows")
    mapped = guess(list(schema), what, table.columns, hint=hint)
    for reading, one in zip(found, schemas, strict=True):
        missing = [mapped.columns[m] for m in NEEDED[what] if one and mapped.columns[m] not in one]
        if missing:
            raise MissingColumn(
                f"{what}: {reading.name} lacks {', '.join(missing)}, which other files have; it has {', '.join(one)}. "
                "Give tables of another layout apart, each with its own columns"
            )
    made = Layout(what, table, tuple(found), schema, mapped)
    return replace(made, day=_day_beside(made)) if what == "events" else made


def _day_beside(made: Layout) -> str:
    """The column of days beside a time that is only that of a clock, as tills write it: 2024-01-31 and 10:23."""
    column = made.column("time")
    free = [name for name in made.extras if plain(name) in NAMES["time"].split()]
    if not column or not free or made.schema[column] not in (pl.String, pl.Time):
        return ""
    first = next((chunk.rows for chunk in made.readings[0].chunks((column,)) if chunk.rows.height), None)
    if first is None:
        return ""
    clocks = first[column].drop_nulls().cast(pl.String).head(1000).str.contains(_CLOCK)
    return free[0] if len(clocks) and clocks.all() else ""


def as_key(values: pl.Series, whole: bool) -> pl.Series:
    """Ids as Int64 or as text, null for those that stand for nobody; 17850.0 is 17850, as a pandas export means it."""
    if whole:
        return values.cast(pl.Int64)
    if values.dtype.is_float():
        return _of_floats(values)
    text = without_blanks(values.cast(pl.String))
    present = text.drop_nulls()
    if len(present) and present.head(1000).str.ends_with(".0").all() and present.str.contains(r"^-?\d+\.0$").all():
        return text.str.strip_suffix(".0")
    return text


def _of_floats(values: pl.Series) -> pl.Series:
    numbers = values.fill_nan(None)
    whole = numbers.cast(pl.Int64, strict=False)
    exact = whole.cast(pl.Float64) == numbers.cast(pl.Float64)
    return (
        pl.DataFrame({"n": numbers, "w": whole, "e": exact})
        .select(pl.when("e").then(pl.col("w").cast(pl.String)).otherwise(pl.col("n").cast(pl.String)))
        .to_series()
    )


def _agreed(column: str, before: pl.DataType, dtype: pl.DataType, where: str) -> pl.DataType:
    """The type of a column that holds both. Raises BadTable."""
    common = _common(before, dtype)
    if common is None:
        raise BadTable(
            f"{column} holds {_said(dtype)} in {where}, and {_said(before)} before; give it one type, and vectors one "
            "width"
        )
    return common


def _common(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    """The type that holds both; None if there is none."""
    if one == other:
        return one
    if one == pl.Null or other == pl.Null:
        return other if one == pl.Null else one
    if one.is_signed_integer() and other.is_signed_integer():
        return pl.Int64()
    if one.is_numeric() and other.is_numeric():
        return pl.Float64()
    if one == pl.Datetime and other == pl.Datetime and _zone(one) == _zone(other):
        return pl.Datetime("us", _zone(one))
    if one.is_nested() or other.is_nested():
        return _common_list(one, other)
    return pl.String()


def _common_list(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    if not isinstance(one, pl.List | pl.Array) or not isinstance(other, pl.List | pl.Array):
        return None
    inner = _common(cast("pl.DataType", one.inner), cast("pl.DataType", other.inner))
    if inner is None:
        return None
    if isinstance(one, pl.Array) and isinstance(other, pl.Array):
        return pl.Array(inner, one.size) if one.size == other.size else None
    return pl.List(inner)


def _said(dtype: pl.DataType) -> str:
    return f"vectors of the width {dtype.size}" if isinstance(dtype, pl.Array) else str(dtype)


def _zone(dtype: pl.DataType) -> str | None:
    return getattr(dtype, "time_zone", None)


def columns_of(layouts: Sequence[Layout]) -> dict[str, pl.DataType]:
    """The further columns of all logs, under the names that they have in the dataset."""
    found: dict[str, pl.DataType] = {}
    for one in layouts:
        for name, column in one.further.items():
            dtype = one.schema[column]
            found[name] = _agreed(f"events: {column}", found.get(name, dtype), dtype, "another log")
    return found
