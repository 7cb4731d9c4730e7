"""Rehearsal: the newest part of a log asked for by what came before it, as the future will be asked for."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from regulars.core import Bools, Dataset, Ints, Longs, Queries

from .jury import rarities
from .lives import Period, beginnings, discoveries

ENOUGH: Final = 100  # discoveries in the newest part of a log, below which nothing is decided by them
LEAST: Final = 0.5  # part of the events that has to be left to learn from
REPEATED: Final = 0.05  # part of what customers take for which they come back, from which on it must not suffer


@dataclass(frozen=True)
class Rehearsal:
    """What was known at a moment, and what customers who had been there took after it.

    known: the events before; found: int64, the events of `whole` after it in which something was discovered; again: in
    which customers came back for what they had met at an earlier visit; none where these are few.
    """

    known: Dataset
    whole: Dataset
    found: Longs
    again: Longs

    @classmethod
    def of(cls, data: Dataset) -> "Rehearsal | None":
        """None where times or returning customers are too few to tell."""
        newest = Period.newest(data)
        before, new = data.time < newest.begin, discoveries(data)
        later = newest.holds(data.time) & (data.time > beginnings(data)[data.user]) & (data.weight > 0)
        found = np.flatnonzero(later & new)
        if not newest.seconds or len(found) < ENOUGH or before.sum() < LEAST * len(data):
            return None
        again = np.flatnonzero(later & ~new)
        again = again[data.time[again] > _met_first(data, again)]
        if len(again) < REPEATED * (len(again) + len(found)):
            again = again[:0]
        return cls(data.where(before), data, found, again)

    def discovered(self, wanted: Bools, most: int, random: np.random.Generator) -> tuple[Queries, Ints]:
        """At most so many questions whose answer is one of the items wanted, bool [n_items], with the answers."""
        return self._asked(self.found[wanted[self.whole.item[self.found]]], most, random)

    def returned(self, most: int, random: np.random.Generator) -> tuple[Queries, Ints]:
        """At most so many questions whose answer was met before."""
        return self._asked(self.again, most, random)

    def share(self, counts: Longs, novelty: float) -> float:
        """Part of all that answers count which nobody had met, each answer by its rarity, and new ones by the odds of
        `novelty`; counts: int64 [n_items]."""
        targets = self.whole.item[self.found]
        each = rarities(counts, targets)
        new = novelty * float(each[counts[targets] == 0].sum())
        return new / max(new + (1 - novelty) * float(each[counts[targets] > 0].sum()), 1e-12)

    def _asked(self, events: Longs, most: int, random: np.random.Generator) -> tuple[Queries, Ints]:
        """Each is asked by what the customer had done before that visit, also after the moment."""
        some = np.sort(random.permutation(events)[:most])
        return self.whole.queries(self.whole.user[some], self.whole.time[some]), self.whole.item[some]


def _met_first(data: Dataset, events: Longs) -> Longs:
    """When the customer of each event first met its item; int64 [n]."""
    pairs = data.user.astype(np.int64) * data.n_items + data.item
    known, first = np.unique(pairs, return_index=True)
    times: Longs = data.time[first[np.searchsorted(known, pairs[events])]]
    return times
