"""Inputs: a table of attributes as what a network takes: codes of categories, bags of words, numbers, vectors."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, final

import numpy as np
import polars as pl

from regulars.core import Bools, Floats, Frame, Ints, Longs, floats, ints, spans, starts_of

from .categories import CategoryColumn
from .kinds import KINDS, check_kinds, echoes, kind_of, separator_of
from .numbers import ValueColumn, moments, refuse_infinite
from .text import TextColumn
from .vectors import VectorColumn

INPUT_KINDS: Final = (*KINDS, "vector")
FARTHEST: Final = 8.0  # standard deviations beyond which a number is cut: one wrong price must not rule a gradient
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Bag:
    """Several weighed values in a row: row i has the codes starts[i]:starts[i + 1], whose weights belong to them.

    starts: int64 [n + 1]; codes: int32; weights: float32.
    """

    starts: Longs
    codes: Ints
    weights: Floats

    def __getitem__(self, rows: Ints | Longs) -> "Bag":
        lengths = np.diff(self.starts)[rows]
        places = spans(self.starts[:-1][rows], lengths)
        return Bag(starts_of(lengths), self.codes[places], self.weights[places])


@dataclass(frozen=True)
class Encoded:
    """n rows of a table, as a network takes them.

    categories: int32 [n, c], from 1; 0 is a missing or an unknown value. bags: of lists and texts, one for each column.
    numbers: float32 [n, m], standardized, 0 where missing. vectors: float32 [n, width], one for each column.
    missing: float32 [n, m + columns of vectors], 1 where a number or a vector is missing.
    """

    categories: Ints
    bags: tuple[Bag, ...]
    numbers: Floats
    vectors: tuple[Floats, ...]
    missing: Floats

    def __len__(self) -> int:
        return len(self.categories)

    @property
    def told(self) -> Bools:
        """Of which rows anything is known; bool [n]."""
        found: Bools = (self.categories > 0).any(1) | (self.missing == 0).any(1)
        for bag in self.bags:
            found |= np.diff(bag.starts) > 0
        return found

    def __getitem__(self, rows: Ints | Longs) -> "Encoded":
        """These rows, in this order."""
        bags = tuple(bag[rows] for bag in self.bags)
        vectors = tuple(block[rows] for block in self.vectors)
        return Encoded(self.categories[rows], bags, self.numbers[rows], vectors, self.missing[rows])


@final
@dataclass(frozen=True)
class Inputs:
    """How a network reads a table: a value that models hold, and that reads tables which it has never seen.

    categories: columns of one value; bags: lists and texts; numbers: sizes and days; vectors: of texts or pictures.
    """

    categories: tuple[CategoryColumn, ...] = ()
    bags: tuple[CategoryColumn | TextColumn, ...] = ()
    numbers: tuple[ValueColumn, ...] = ()
    vectors: tuple[VectorColumn, ...] = ()

    @classmethod
    def learn(
        cls,
        frame: Frame,
        *,
        columns: tuple[str, ...] = (),
        kinds: Mapping[str, str] = _NOTHING,
        min_count: int = 2,
        max_words: int = 20_000,
    ) -> "Inputs":
        """Looks at a table, one row for each item, customer or event, and decides how each column is read.

        columns: those that are used, all unless given; kinds: what a column means where that is not told by its look,
        one of `INPUT_KINDS` by its name; min_count: rows that a value or a word needs, rarer ones are unknown;
        max_words: of a text. A column that says just what an earlier one says (a code beside its name) is left out.
        Raises MissingColumn, SettingError, and BadTable for a number that is NaN or infinite.
        """
        named = dict.fromkeys(columns or frame.columns, "")
        check_kinds(frame, {**dict.fromkeys(named, "skip"), **kinds}, INPUT_KINDS)
        meant = {name: kinds.get(name) or _kind(frame[name]) for name in named}
        repeated = echoes(frame, [name for name, kind in meant.items() if kind == "category" and name not in kinds])
        parts = [
            _part(frame[name], kind, min_count, max_words)
            for name, kind in meant.items()
            if kind != "skip" and name not in repeated
        ]
        single = [part for part in parts if isinstance(part, CategoryColumn) and not part.many and part.names]
        several = [p for p in parts if isinstance(p, TextColumn) or (isinstance(p, CategoryColumn) and p.many)]
        return cls(
            tuple(single),
            tuple(part for part in several if part.names),
            tuple(part for part in parts if isinstance(part, ValueColumn)),
            tuple(part for part in parts if isinstance(part, VectorColumn) and part.width),
        )

    def __bool__(self) -> bool:
        return bool(self.columns)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read."""
        return tuple(p.column for parts in (self.categories, self.bags, self.numbers, self.vectors) for p in parts)

    def encode(self, frame: Frame, n: int | None = None) -> Encoded:
        """The rows of a table, which may lack columns: they count as missing.

        n: the number of rows, for a frame without columns. Raises BadTable for a number that is NaN or infinite.
        """
        n = frame.height if frame.width else (n or 0)
        nothing = pl.Series([None], dtype=pl.String).new_from_index(0, n)
        taken = {name: frame[name] if name in frame.columns else nothing.alias(name) for name in self.columns}
        codes = np.zeros((n, len(self.categories)), dtype=np.int32)
        for place, part in enumerate(self.categories):
            entries = part.entries(taken[part.column])
            codes[entries.rows, place] = entries.features + 1
        numbers = np.zeros((n, len(self.numbers)), dtype=np.float32)
        missing = np.ones((n, len(self.numbers) + len(self.vectors)), dtype=np.float32)
        for place, number in enumerate(self.numbers):
            entries = number.entries(_finite(taken[number.column]))
            numbers[entries.rows, place] = np.clip(entries.values, -FARTHEST, FARTHEST)
            missing[entries.rows, place] = 0
        vectors = []
        for place, vector in enumerate(self.vectors):
            values, known = _vectors(vector, taken[vector.column])
            vectors.append(values)
            missing[known, len(self.numbers) + place] = 0
        bags = tuple(_bag(part, taken[part.column]) for part in self.bags)
        return Encoded(codes, bags, numbers, tuple(vectors), missing)


def _kind(values: pl.Series) -> str:
    """As `kind_of`, but arrays of one width and lists of fractions are vectors."""
    dtype = values.dtype
    if isinstance(dtype, pl.Array):
        return "vector" if dtype.inner.is_numeric() else "list"
    if isinstance(dtype, pl.List) and dtype.inner.is_float():
        return "vector"
    return kind_of(_finite(values))


def _part(
    values: pl.Series, kind: str, min_count: int, max_words: int
) -> CategoryColumn | TextColumn | ValueColumn | VectorColumn:
    if kind == "vector":
        return VectorColumn.learn(values)
    if kind == "text":
        return TextColumn.learn(values, min_count, max_words)
    if kind in ("number", "value", "date"):
        return ValueColumn.learn(_finite(moments(values) if kind == "date" else values))
    return CategoryColumn.learn(values, min_count, separator_of(values) if kind == "list" else "")


def _finite(values: pl.Series) -> pl.Series:
    refuse_infinite(values, values.name)
    return values


def _vectors(part: VectorColumn, values: pl.Series) -> tuple[Floats, np.ndarray]:
    if not values.dtype.is_nested():  # the table lacks the column
        return np.zeros((len(values), part.width), dtype=np.float32), np.zeros(len(values), dtype=np.bool_)
    return part.values(values)


def _bag(part: CategoryColumn | TextColumn, values: pl.Series) -> Bag:
    """The words of a text by their TF-IDF, which has length 1; the values of a list in equal shares."""
    entries = part.entries(values)
    counts = np.bincount(entries.rows, minlength=len(values))
    weights = entries.values if isinstance(part, TextColumn) else 1 / counts[entries.rows]
    return Bag(starts_of(counts), ints(entries.features), floats(weights))
