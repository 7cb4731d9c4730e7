"""Columns: a table of attributes as a sparse matrix whose columns have names."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, final

import numpy as np
import polars as pl

from regulars.core import Frame, Ints, ints

from .categories import CategoryColumn
from .kinds import KINDS, check_kinds, echoes, kind_of, separator_of
from .numbers import BinColumn, ValueColumn, moments
from .parts import Part
from .text import TextColumn

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_NOTHING: Mapping[str, str] = MappingProxyType({})


@final
@dataclass(frozen=True)
class Columns:
    """How a table of attributes is read: a value that models hold. parts: one for each column that is used."""

    parts: tuple[Part, ...] = ()

    @classmethod
    def learn(
        cls,
        frame: Frame,
        *,
        kinds: Mapping[str, str] = _NOTHING,
        min_count: int = 2,
        bins: int = 8,
        max_words: int = 20_000,
    ) -> "Columns":
        """Looks at a table of items or customers, one row each, and decides how each column is read.

        kinds: what a column means where that is not told by its look, one of `KINDS` by its name. min_count: rows that
        a value or a word needs, rarer ones are left out; bins: of a number or day; max_words: of a text. A column
        that says just what an earlier one says (a code beside its name) is left out.
        Raises MissingColumn for a name that the table lacks, SettingError for a kind that there is not.
        """
        check_kinds(frame, kinds, KINDS)
        meant = {name: kinds.get(name) or kind_of(frame[name]) for name in frame.columns}
        repeated = echoes(frame, [name for name, kind in meant.items() if kind == "category" and name not in kinds])
        learned = (
            _part(frame[name], kind, min_count=min_count, bins=bins, max_words=max_words)
            for name, kind in meant.items()
            if kind != "skip" and name not in repeated
        )
        return cls(tuple(part for part in learned if part.names))

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What each feature is called: "brand = Nike", "price 10 to 20", "title: cotton"."""
        return tuple(name for part in self.parts for name in part.names)

    @cached_property
    def groups(self) -> Ints:
        """The part that each feature belongs to; int32 [n_features]."""
        return ints(np.repeat(np.arange(len(self.parts)), [len(part.names) for part in self.parts]))

    def matrix(self, frame: Frame) -> "csr_array":
        """The features of each row; float32 [n_rows, n_features].

        Categories and bins are 1, values are in standard deviations, the words of a text have length 1. A null, a
        value that was not learned and a column that the frame lacks leave no entry.
        """
        from scipy.sparse import coo_array, csr_array

        rows, features, values = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0, np.float32)]
        first = 0
        for part in self.parts:
            if part.column in frame.columns:
                entries = part.entries(frame[part.column])
                rows.append(entries.rows)
                features.append(entries.features + first)
                values.append(entries.values)
            first += len(part.names)
        at = (np.concatenate(rows).astype(np.int32), np.concatenate(features).astype(np.int32))
        matrix = csr_array(coo_array((np.concatenate(values), at), shape=(frame.height, len(self))))
        matrix.sort_indices()
        return matrix


def _part(values: pl.Series, kind: str, *, min_count: int, bins: int, max_words: int) -> Part:
    if kind == "text":
        return TextColumn.learn(values, min_count, max_words)
    if kind == "value":
        return ValueColumn.learn(values)
    if kind in ("number", "date"):
        return BinColumn.learn(moments(values) if kind == "date" else values, bins)
    return CategoryColumn.learn(values, min_count, separator_of(values) if kind == "list" else "")
