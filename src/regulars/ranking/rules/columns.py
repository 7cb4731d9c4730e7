"""What is known of the items, one typed column for each field; a column is never changed, `patched` makes another.

Every column covers the room of its catalog, which may be larger than the number of items; what is beyond is missing.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from regulars.core import MISSING, Floats, Ints

from .language import seconds_of
from .syntax import Number

Amounts = NDArray[np.float64] | NDArray[np.float32]
NOWHERE: Final = -2  # the code of a text that no item has
_LATER = 10_000  # up to so many texts are kept aside before the whole column gets codes
_SMALL = 65_536  # up to so many different texts a dictionary of all is made at the first look-up


class Spellings:
    """The different texts of a column and their codes. Grows only, so that the versions of a catalog share it."""

    def __init__(self, texts: pl.Series | None = None) -> None:
        self._first = pl.Series([], dtype=pl.String) if texts is None else texts
        self._codes: dict[str, int] = {}
        self._later: list[str] = []
        if len(self._first) <= _SMALL:
            self._codes = dict(zip(self._first.to_list(), range(len(self._first)), strict=True))

    def __len__(self) -> int:
        return len(self._first) + len(self._later)

    def code(self, text: str) -> int:
        """The code of a text, NOWHERE where it was never met."""
        found = self._codes.get(text)
        if found is None and len(self._first) > _SMALL:
            place = self._first.index_of(text)
            found = self._codes[text] = NOWHERE if place is None else place
        return NOWHERE if found is None else found

    def added(self, text: str) -> int:
        """The code of a text, a new one where it was never met."""
        found = self.code(text)
        if found == NOWHERE:
            found = self._codes[text] = len(self)
            self._later.append(text)
        return found

    def texts(self) -> list[str]:
        """All texts in the order of their codes."""
        return [*self._first.to_list(), *self._later]


@dataclass(frozen=True, eq=False)
class Numbers:
    """Numbers, flags (0 and 1) or times (seconds UTC); values: float64 or float32 [room], NaN for what is missing."""

    values: Amounts
    kind: str = "number"

    @classmethod
    def missing(cls, room: int, kind: str) -> "Numbers":
        values: Amounts = np.full(room, np.nan, np.float32) if kind == "flag" else np.full(room, np.nan, np.float64)
        return cls(values, kind)

    @cached_property
    def codes(self) -> Ints:
        """A code for each different number, MISSING for none; int32 [room]."""
        _, codes = np.unique(self.values, return_inverse=True)
        return np.where(np.isnan(self.values), MISSING, codes.reshape(-1)).astype(np.int32)

    @cached_property
    def middle(self) -> float:
        """The median of what is known and above zero; 1 where nothing is."""
        known = self.values[self.values > 0]
        return float(np.median(known)) if len(known) else 1.0

    def roomier(self, room: int) -> "Numbers":
        """The same for more items, of whom nothing is known."""
        more = Numbers.missing(room, self.kind)
        more.values[: len(self.values)] = self.values
        return more

    def patched(self, rows: Ints, values: Sequence[Any]) -> tuple["Numbers", int]:
        """With other values in some rows, None for missing; and how many of them are of another kind."""
        read = [None if value is None else _NUMBERS[self.kind](value) for value in values]
        copy = self.values.copy()
        copy[rows] = np.array([math.nan if value is None else value for value in read], dtype=copy.dtype)
        return Numbers(copy, self.kind), _lost(values, read)


@dataclass(frozen=True, eq=False)
class Texts:
    """One text for each item. They get codes when a rule first looks, which takes a second for a million titles.

    series: of the first items, as it was read; later: by index, what took its place. coded: the two, once they have
    codes, int32 [room], MISSING for none.
    """

    room: int
    series: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.String))
    later: Mapping[int, str | None] = field(default_factory=dict)
    coded: tuple[Ints, Spellings] | None = None
    kind: str = "text"

    def roomier(self, room: int) -> "Texts":
        """The same for more items, of whom nothing is known."""
        if self.coded is None:
            return Texts(room, self.series, self.later)
        more = np.full(room - self.room, MISSING, dtype=np.int32)
        return Texts(room, coded=(np.concatenate([self.codes, more]), self.spellings))

    def patched(self, rows: Ints, values: Sequence[Any]) -> tuple["Texts", int]:
        """With other texts in some rows, None for missing; and how many of the values are no texts."""
        read = [value if isinstance(value, str) else None for value in values]
        if not self.is_coded and len(self.later) + len(read) <= _LATER:
            later = {**self.later, **dict(zip(rows.tolist(), read, strict=True))}
            return Texts(self.room, self.series, later), _lost(values, read)
        copy = self.codes.copy()
        copy[rows] = [MISSING if text is None else self.spellings.added(text) for text in read]
        return Texts(self.room, coded=(copy, self.spellings)), _lost(values, read)

    @property
    def is_coded(self) -> bool:
        """Whether a rule has looked."""
        return self.coded is not None or "_coding" in self.__dict__

    @property
    def codes(self) -> Ints:
        """The code of each text; int32 [room]."""
        return self._coding[0]

    @property
    def spellings(self) -> Spellings:
        """The texts of the codes."""
        return self._coding[1]

    @cached_property
    def _coding(self) -> tuple[Ints, Spellings]:
        if self.coded is not None:
            return self.coded
        codes = np.full(self.room, MISSING, dtype=np.int32)
        codes[: len(self.series)], spellings = _coded(self.series)
        for row, text in self.later.items():
            codes[row] = MISSING if text is None else spellings.added(text)
        return codes, spellings


@dataclass(frozen=True, eq=False)
class Lists:
    """Several texts for each item; rows, codes: int32 [entries], in any order. An item without entries has none."""

    room: int
    rows: Ints
    codes: Ints
    spellings: Spellings
    kind: str = "list"

    @classmethod
    def missing(cls, room: int) -> "Lists":
        none = np.empty(0, dtype=np.int32)
        return cls(room, none, none, Spellings())

    def roomier(self, room: int) -> "Lists":
        return Lists(room, self.rows, self.codes, self.spellings)

    def patched(self, rows: Ints, values: Sequence[Any]) -> tuple["Lists", int]:
        read = [_words(value) for value in values]
        changed = np.zeros(self.room, dtype=np.bool_)
        changed[rows] = True
        kept = ~changed[self.rows]
        new = [(row, self.spellings.added(word)) for row, words in zip(rows, read, strict=True) for word in words or ()]
        more = np.array(new, dtype=np.int32).reshape(-1, 2)
        items = np.concatenate([self.rows[kept], more[:, 0]])
        codes = np.concatenate([self.codes[kept], more[:, 1]])
        return Lists(self.room, items, codes, self.spellings), _lost(values, read)


@dataclass(frozen=True, eq=False)
class Maps:
    """Numbers by key, such as the stock of each store."""

    room: int
    columns: Mapping[str, Numbers]
    kind: str = "map"

    @classmethod
    def missing(cls, room: int) -> "Maps":
        return cls(room, {})

    def roomier(self, room: int) -> "Maps":
        return Maps(room, {key: column.roomier(room) for key, column in self.columns.items()})

    def patched(self, rows: Ints, values: Sequence[Any]) -> tuple["Maps", int]:
        """The whole map of each row is replaced; only the columns in which something changes are copied."""
        read = [value if isinstance(value, Mapping) else None for value in values]
        columns, lost = dict(self.columns), _lost(values, read)
        for key in dict.fromkeys([*columns, *(str(key) for value in read for key in value or ())]):
            column = columns.get(key) or Numbers.missing(self.room, "number")
            new = [value.get(key) if value else None for value in read]
            numbers = [None if value is None else _amount(value) for value in new]
            lost += _lost(new, numbers)
            wanted = np.array([math.nan if number is None else number for number in numbers])
            if not np.array_equal(column.values[rows], wanted, equal_nan=True):
                columns[key] = column.patched(rows, numbers)[0]
        return Maps(self.room, columns), lost


@dataclass(frozen=True, eq=False)
class Vectors:
    """One direction for each item; values: float32 [room, d] of length 1, zeros for what is missing."""

    values: Floats
    kind: str = "vector"

    def roomier(self, room: int) -> "Vectors":
        more = np.zeros((room - len(self.values), self.values.shape[1]), dtype=np.float32)
        return Vectors(np.concatenate([self.values, more]))

    def patched(self, rows: Ints, values: Sequence[Any]) -> tuple["Vectors", int]:
        read = [_vector(value, self.values.shape[1]) for value in values]
        copy = self.values.copy()
        copy[rows] = [np.zeros(copy.shape[1]) if vector is None else vector for vector in read]
        return Vectors(copy), _lost(values, read)


Column = Numbers | Texts | Lists | Maps | Vectors


def column_of_values(values: Iterable[Any], room: int) -> Column | None:
    """An empty column of the kind that fits the first of some JSON values; None where nothing can be kept of them.

    Texts are times where all of them are ISO 8601.
    """
    known = [value for value in values if value is not None]
    match known[0] if known else None:
        case bool():
            return Numbers.missing(room, "flag")
        case int() | float():
            return Numbers.missing(room, "number")
        case date():
            return Numbers.missing(room, "time")
        case str():
            times = all(isinstance(value, str) and seconds_of(value) is not None for value in known)
            return Numbers.missing(room, "time") if times else Texts(room)
        case Mapping():
            return Maps.missing(room)
        case [float(), *_] as vector:
            return Vectors(np.zeros((room, len(vector)), dtype=np.float32))
        case list() | tuple():
            return Lists.missing(room)
        case _:
            return None


def column_of_series(series: pl.Series, room: int) -> Column | None:
    """A column of a table, filled up with what is missing; None where nothing can be kept of its type."""
    dtype = series.dtype
    if dtype == pl.Boolean:
        return _numbers(series.cast(pl.Float32), room, "flag")
    if dtype.is_numeric():
        return _numbers(series.cast(pl.Float64, strict=False), room, "number")
    if dtype in (pl.Date, pl.Datetime):
        return _numbers(_seconds(series), room, "time")
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return _texts(series.cast(pl.String), room)
    if isinstance(dtype, pl.Struct):
        inner = {field: column_of_series(series.struct.field(field), room) for field in series.struct.fields}
        return Maps(room, {key: column for key, column in inner.items() if isinstance(column, Numbers)})
    if isinstance(dtype, pl.Array | pl.List) and dtype.inner.is_float():
        return _vectors(series, room)
    if isinstance(dtype, pl.Array | pl.List):
        return _lists(series, room)
    return None


def word_of(value: Any) -> str | None:
    """An entry of a list as a text: numbers and flags as they are written in a condition."""
    if isinstance(value, str):
        return value
    number = _amount(int(value) if isinstance(value, bool) else value)
    return None if number is None or not math.isfinite(number) else str(Number(number))


def _amount(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return None if math.isnan(value) else float(value)
    except OverflowError:
        return None


def _flag(value: Any) -> float | None:
    return float(value) if isinstance(value, bool) else None


def _time(value: Any) -> float | None:
    if isinstance(value, str):
        return seconds_of(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, date):
        return seconds_of(value.isoformat())
    return _amount(value)


_NUMBERS = {"number": _amount, "flag": _flag, "time": _time}


def _words(value: Any) -> list[str] | None:
    """The different texts of a list; a text alone is a list of one."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list | tuple):
        return None
    words = [word_of(one) for one in value]
    return list(dict.fromkeys(word for word in words if word is not None))


def _vector(value: Any, d: int) -> Floats | None:
    if not isinstance(value, list | tuple) or len(value) != d or not all(_amount(one) is not None for one in value):
        return None
    return _unit(np.array([value], dtype=np.float64)).ravel()


def _unit(vectors: NDArray[Any]) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        directions = np.where(np.isfinite(lengths) & (lengths > 0), vectors / lengths, 0)
    return directions.astype(np.float32)


def _lost(values: Sequence[Any], read: Sequence[Any]) -> int:
    """How many values were given that could not be read."""
    return sum(value is not None and got is None for value, got in zip(values, read, strict=True))


def _numbers(series: pl.Series, room: int, kind: str) -> Numbers:
    column = Numbers.missing(room, kind)
    column.values[: len(series)] = series.to_numpy()
    return column


def _seconds(series: pl.Series) -> pl.Series:
    return series.cast(pl.Datetime("us")).cast(pl.Int64).cast(pl.Float64) / 1e6


def _texts(series: pl.Series, room: int) -> Numbers | Texts:
    known = series.drop_nulls()
    if len(known) and all(seconds_of(text) is not None for text in known.head(100).to_list()):
        seconds = [None if text is None else seconds_of(text) for text in series.to_list()]
        if sum(value is None for value in seconds) == series.null_count():
            return _numbers(pl.Series(seconds, dtype=pl.Float64), room, "time")
    return Texts(room, series)


def _coded(series: pl.Series) -> tuple[Ints, Spellings]:
    texts = series.drop_nulls().unique(maintain_order=True)
    codes = series.cast(pl.Enum(texts)).to_physical().cast(pl.Int32).fill_null(MISSING)
    return codes.to_numpy(), Spellings(texts)


def _lists(series: pl.Series, room: int) -> Lists | None:
    entries = pl.DataFrame({"row": np.arange(len(series), dtype=np.int32), "word": series}).explode("word").drop_nulls()
    if entries["word"].dtype.is_nested():
        return None
    if entries["word"].dtype != pl.String:
        words = pl.Series([word_of(value) for value in entries["word"].to_list()], dtype=pl.String)
        entries = entries.with_columns(word=words).drop_nulls()
    codes, spellings = _coded(entries["word"])
    return Lists(room, entries["row"].to_numpy(), codes, spellings)


def _vectors(series: pl.Series, room: int) -> Vectors | None:
    lengths = series.drop_nulls().list.len() if series.dtype == pl.List else None
    if lengths is not None and lengths.n_unique() != 1:
        return None
    d = int(lengths[0]) if lengths is not None else int(series.dtype.shape[0])  # type: ignore[attr-defined]
    values = np.zeros((room, d), dtype=np.float32)
    known = series.is_not_null().to_numpy()
    flat = series.drop_nulls().explode().cast(pl.Float64).to_numpy()
    values[: len(series)][known] = _unit(flat.reshape(-1, d))
    return Vectors(values)
