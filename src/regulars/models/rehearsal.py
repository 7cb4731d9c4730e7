"""Rehearsal: the newest part of a log asked for by what came before it, as the future will be asked for."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from regulars.core import Bools, Dataset, Ints, Longs, Queries

from .lives import Period, beginnings, discoveries

ENOUGH: Final = 100  # discoveries in the newest part of a log, below which nothing is decided by them
LEAST: Final = 0.5  # part of the events that has to be left to learn from


@dataclass(frozen=True)
class Rehearsal:
    """What was known at a moment, and what customers who had been there discovered after it.

    known: the events before; queries: each what a customer had done before the visit of a discovery, also after that
    moment; targets: int32 [n], what was discovered.
    """

    known: Dataset
    queries: Queries
    targets: Ints

    @classmethod
    def of(cls, data: Dataset) -> "Rehearsal | None":
        """None where times or returning customers are too few to tell."""
        newest = Period.newest(data)
        before = data.time < newest.begin
        later = newest.holds(data.time) & (data.time > beginnings(data)[data.user])
        asked = np.flatnonzero(discoveries(data) & later)
        if not newest.seconds or len(asked) < ENOUGH or before.sum() < LEAST * len(data):
            return None
        queries = data.queries(data.user[asked], data.time[asked])
        return cls(data.where(before), queries, data.item[asked])

    def some(self, wanted: Bools, most: int, random: np.random.Generator) -> "Rehearsal":
        """At most so many of the questions whose answer is one of the items wanted; bool [n_items]."""
        rows = np.flatnonzero(wanted[self.targets])
        rows = np.sort(random.permutation(rows)[:most])
        return Rehearsal(self.known, self.queries[rows], self.targets[rows])

    def share(self, counts: Longs, novelty: float) -> float:
        """Part of all that answers count which nobody had met, each answer by one over the root of its customers, and
        new ones by the odds of `novelty`; counts: int64 [n_items]."""
        each = np.maximum(counts[self.targets], 1) ** -0.5
        new = novelty * float(each[counts[self.targets] == 0].sum())
        return new / max(new + (1 - novelty) * float(each[counts[self.targets] > 0].sum()), 1e-12)
