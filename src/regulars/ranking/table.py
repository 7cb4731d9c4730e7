"""Table: what rankers read of pairs of a customer and a candidate; Lists: the same with what was wanted."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from regulars.core import Bools, Floats, Ints, Longs, starts_of
from regulars.kernels.pairs import looked_at

UNKNOWN = -1.0  # stands where nothing can be told; what can be told is 0 or more, or has a flag of its own


class Table(NamedTuple):
    """One row for each pair, made the same way when a ranker learns and when it answers.

    numbers: float32 [p, c], never NaN; codes: int32 [p, g], categories from 1, 0 for an unknown or a missing one.
    """

    numbers: Floats
    codes: Ints

    @classmethod
    def beside(cls, tables: Sequence["Table"]) -> "Table":
        """The columns of all tables, side by side."""
        numbers, codes = zip(*tables, strict=True)
        return cls(np.concatenate(numbers, axis=1, dtype=np.float32), np.concatenate(codes, axis=1, dtype=np.int32))

    @classmethod
    def below(cls, tables: Sequence["Table"]) -> "Table":
        """The rows of all tables, one table after another."""
        numbers, codes = zip(*tables, strict=True)
        return cls(np.concatenate(numbers), np.concatenate(codes))

    @classmethod
    def of_numbers(cls, *columns: np.ndarray) -> "Table":
        """Numbers alone: columns [p], or several at once [p, c]."""
        numbers = np.column_stack(columns).astype(np.float32)
        return cls(numbers, np.zeros((len(numbers), 0), dtype=np.int32))

    def rows(self, picked: Bools | Longs | slice) -> "Table":
        """These rows."""
        return Table(self.numbers[picked], self.codes[picked])


class Lists(NamedTuple):
    """What a ranker learns from: lists of candidates, in each of which something was wanted, but not everything.

    starts: int64 [n + 1], the rows of each list; wanted: bool [p]. sources: how many there are; the first columns of
    the numbers are the surprise by each, then the place by each (see `Evidence`). sizes: how many categories each
    column of codes can hold, 0 included.
    """

    table: Table
    starts: Longs
    wanted: Bools
    sources: int = 0
    sizes: tuple[int, ...] = ()

    @property
    def lengths(self) -> Longs:
        """Candidates of each list."""
        return np.diff(self.starts)

    def only(self, lists: Bools) -> "Lists":
        """These lists (bool [n]) alone."""
        rows = np.repeat(lists, self.lengths)
        kept = starts_of(self.lengths[lists])
        return Lists(self.table.rows(rows), kept, self.wanted[rows], self.sources, self.sizes)

    def fewer(self, negatives: int, random: np.random.Generator) -> "Lists":
        """The same lists with at most so many candidates each that were not wanted, drawn at random."""
        owners = np.repeat(np.arange(len(self.lengths)), self.lengths)
        kept = looked_at(owners, self.wanted, negatives, random)
        starts = starts_of(np.bincount(owners[kept], minlength=len(self.lengths)))
        return Lists(self.table.rows(kept), starts, self.wanted[kept], self.sources, self.sizes)

    def decided(self) -> "Lists":
        """Only the lists in which something was wanted, but not everything."""
        found = np.bincount(np.repeat(np.arange(len(self.lengths)), self.lengths), self.wanted, len(self.lengths))
        return self.only((found > 0) & (found < self.lengths))

    @classmethod
    def joined(cls, parts: Sequence["Lists"]) -> "Lists":
        """All lists, one part after another; all have the same columns."""
        starts = starts_of(np.concatenate([part.lengths for part in parts]))
        wanted = np.concatenate([part.wanted for part in parts])
        return cls(Table.below([part.table for part in parts]), starts, wanted, parts[0].sources, parts[0].sizes)
