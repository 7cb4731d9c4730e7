"""Judged: lists beside what was wanted; ties never flatter, and a place left empty is a miss."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from regulars.core import MISSING, Bools, Histories, Ints, Longs, Recommendations

from .split import keys


@dataclass(frozen=True)
class Judged:
    """The first k places of n lists, and how many items each customer wanted: all that a metric looks at.

    hits: bool [n, k], whether the place holds a wanted item; wanted: int64 [n], different items wanted.
    """

    hits: Bools
    wanted: Longs

    @property
    def k(self) -> int:
        return int(self.hits.shape[1])

    def __len__(self) -> int:
        return len(self.hits)

    @cached_property
    def found(self) -> Longs:
        """Hits of each list; int64 [n]."""
        found: Longs = self.hits.sum(axis=1, dtype=np.int64)
        return found

    def head(self, k: int) -> "Judged":
        """The same lists, cut at k."""
        return self if k == self.k else Judged(self.hits[:, :k], self.wanted)


@dataclass(frozen=True)
class Lists:
    """n lists of k + 1 answers: the last place only tells whether a tie goes on behind the k-th.

    Within a run of equal scores the order says nothing, so the worst is assumed: what was not wanted comes first.
    When the run goes on to the last place it may hold any number of further items, and all hits in it are misses.
    """

    answer: Recommendations

    @property
    def items(self) -> Ints:
        """The k items that are shown; int32 [n, k]."""
        return self.answer.items[:, :-1]

    def judged(self, hits: Bools, wanted: Longs) -> Judged:
        """The hits [n, k + 1] in the worst order that the scores allow, without the last place."""
        rows, runs, endless = self._ties
        if len(rows):
            worst = hits.copy()
            worst[rows] = np.sort(2 * runs + (hits[rows] & ~endless), axis=1) & 1
            hits = worst
        return Judged(hits[:, :-1], wanted)

    @cached_property
    def _ties(self) -> tuple[Longs, np.ndarray, Bools]:
        """Rows with ties; the number of each place's run [rows, k + 1]; places of runs that reach the last place."""
        scores, present = self.answer.scores, self.answer.items != MISSING
        same = (scores[:, 1:] == scores[:, :-1]) & present[:, 1:] & present[:, :-1]
        rows = np.flatnonzero(same.any(axis=1))
        runs = np.zeros((len(rows), self.answer.k), dtype=np.int16)
        np.cumsum(~same[rows], axis=1, out=runs[:, 1:])
        endless = (runs == runs[:, -1:]) & same[rows, -1:]
        return rows, runs, endless


def hits_of(items: Ints, wanted: Histories) -> tuple[Bools, Longs]:
    """Which places hold a wanted item (bool [n, k]), and for each such place, in order, which entry of `wanted` it is.

    wanted: n rows, each rising. An item that stands twice in a list counts once.
    """
    from regulars.kernels.metrics import hits as kernel

    found = kernel(items, wanted.starts, wanted.items)
    rows, places = np.nonzero(found)
    width = 1 + int(wanted.items.max(initial=0))
    known = keys(wanted.rows, wanted.items, width)
    which = np.searchsorted(known, keys(rows, items[rows, places], width))
    first = np.zeros(len(which), dtype=np.bool_)
    first[np.unique(which, return_index=True)[1]] = True
    found[rows[~first], places[~first]] = False
    return found, which[first]
