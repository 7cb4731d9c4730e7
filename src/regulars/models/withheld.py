"""Withheld: the newest events of some customers, kept from a network to see when it has learned enough."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from regulars.core import MISSING, Bools, Dataset, Floats, Ints, Longs, Queries, spans
from regulars.core.mapped import pieces

MOST = 5_000  # customers: the figure is then known to about .003, and judging stays a small part of an epoch
SCORES = 16_000_000  # held at a time: 64 MB
REPEATING = 0.05  # when more of the withheld events repeat their history, a list may hold what was met before

Score = Callable[[Queries], Floats]  # float32 [n, n_items], NaN for "cannot tell", as Model.score


@dataclass(frozen=True)
class Withheld:
    """What is known, and the questions whose answers are withheld from it.

    known: the events without those that are withheld; queries: what the chosen customers had done before; targets:
    int32 [n], the item that each met next; repeats: whether the judged lists may hold what a history holds.
    """

    known: Dataset
    queries: Queries
    targets: Ints
    repeats: bool = False

    @classmethod
    def of(
        cls,
        data: Dataset,
        share: float,
        random: np.random.Generator,
        *,
        eligible: Bools | None = None,
    ) -> "Withheld":
        """Withholds the newest event of a random share of those who can be asked, at most MOST; a share of 0: nothing.

        eligible: bool [n_events], the events that can be asked for; those of positive weight unless given. Of events
        at the same time one is drawn, so that the order within an order slip says nothing; what a chosen customer did
        after it is left out, too, and so are further lines with the same item at the same time, which would tell the
        answer to whatever learns from `known`. A customer of whom nothing would be known, and an item that nobody else
        met, stay.
        """
        users = _drawn(data, share, random, eligible)
        events = spans(data.starts[users], data.starts[users + 1] - data.starts[users])
        asked = data.weight[events] > 0 if eligible is None else eligible[events]
        chosen, left_out = _newest(data, events, asked, random)
        left_out = np.union1d(left_out, _same_lines(data, events, chosen))
        out = np.zeros(len(data), dtype=np.bool_)
        out[left_out] = True
        lost = _would_be_lost(data, left_out, out)
        out[left_out[np.isin(data.user[left_out], lost)]] = False
        chosen = chosen[~np.isin(data.user[chosen], lost)]
        known = data.where(~out) if len(chosen) else data
        queries = known.queries(data.user[chosen], data.time[chosen] + 1)
        return cls(known, queries, data.item[chosen], _repeating(queries, data.item[chosen]))

    def __len__(self) -> int:
        return len(self.targets)

    def ndcg(self, score: Score, k: int = 10) -> float:
        """Mean NDCG@k of the withheld events among the whole catalog; NaN when nothing was withheld.

        score: of all items for some of the questions at a time; a target that scores NaN is not found. Equal scores
        go to the lower item, as in every answer.
        """
        if not len(self):
            return math.nan
        size = max(1, SCORES // max(1, self.known.n_items))
        parts = (slice(start, start + size) for start in range(0, len(self), size))
        ranks = np.concatenate([self._ranks(score(self.queries[rows]), rows) for rows in parts])
        return float(np.where(ranks < k, 1 / np.log2(2.0 + ranks), 0.0).mean())

    def _ranks(self, scores: Floats, rows: slice) -> Longs:
        """How many items stand before the target of each row; all of them when it scores NaN."""
        history, targets = self.queries.history[rows], self.targets[rows, np.newaxis]
        reached = np.take_along_axis(scores, targets, axis=1)
        before = scores > reached
        before |= (scores == reached) & (np.arange(scores.shape[1]) < targets)
        if not self.repeats:
            before[history.rows, history.items] = False
        ranks: Longs = before.sum(axis=1, dtype=np.int64)
        return np.where(np.isnan(reached[:, 0]), scores.shape[1], ranks)


def _drawn(data: Dataset, share: float, random: np.random.Generator, eligible: Bools | None) -> Ints:
    """Some of the customers with two events or more, of which one can be asked for, in their order."""
    able = np.flatnonzero(np.diff(data.starts) >= 2)
    if eligible is not None:
        able = np.intersect1d(able, data.user[eligible])
    n = min(MOST, math.ceil(share * len(able)))
    return np.sort(random.choice(able, n, replace=False)).astype(np.int32)


def _newest(data: Dataset, events: Longs, eligible: Bools, random: np.random.Generator) -> tuple[Longs, Longs]:
    """One of the newest eligible events of each customer, and it with all that the customer did after it."""
    user, time = data.user[events], data.time[events]
    draw = random.random(len(events))
    order = np.lexsort((draw, time, eligible, user))
    last = order[np.flatnonzero(np.diff(user[order], append=-1))]
    last = last[eligible[last]]
    newest = np.full(data.n_users, np.iinfo(np.int64).max)
    newest[user[last]] = time[last]
    after = time > newest[user]
    after[last] = True
    return events[last], events[after]


def _same_lines(data: Dataset, events: Longs, chosen: Longs) -> Longs:
    """Those of the events that are of the item and the time of the one chosen of their customer."""
    of = np.full(data.n_users, MISSING, dtype=np.int64)
    of[data.user[chosen]] = chosen
    answers = of[data.user[events]]
    same: Bools = (data.item[events] == data.item[answers]) & (data.time[events] == data.time[answers])
    return events[same & (answers >= 0)]


def _would_be_lost(data: Dataset, left_out: Longs, out: Bools) -> Ints:
    """The customers of whom nothing would be known, or who alone met an item, without these events."""
    left = np.diff(data.starts) - np.bincount(data.user[left_out], minlength=data.n_users)
    met = np.zeros(data.n_items, dtype=np.bool_)
    for part in pieces(len(out)):
        met[data.item[part][~out[part]]] = True
    lost = (left[data.user[left_out]] == 0) | ~met[data.item[left_out]]
    return np.unique(data.user[left_out[lost]])


def _repeating(queries: Queries, targets: Ints) -> bool:
    """Whether the customers often meet again what they met before."""
    history = queries.history
    again = np.bincount(history.rows[history.items == targets[history.rows]], minlength=len(targets)) > 0
    return bool(len(targets) and again.mean() > REPEATING)
