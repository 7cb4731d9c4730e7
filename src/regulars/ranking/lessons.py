"""A lesson: the newest part of a log is withheld, so that models of the rest can be judged on what they did not see."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from regulars.core import Bools, Dataset, Ints, Queries
from regulars.core.errors import EmptyData, MissingColumn

TIME: Final = "time"  # among the columns of a context: when the customer comes back


@dataclass(frozen=True)
class Lesson:
    """What happened before, questions about customers who came back, and the pairs (query, item) that they wanted.

    wanted: int64, rising keys row * n_items + item. The context of a question is that of the first
    event after it.
    """

    before: Dataset
    queries: Queries
    wanted: np.ndarray

    @classmethod
    def of(
        cls,
        data: Dataset,
        share: float,
        kinds: tuple[str, ...],
        random: np.random.Generator,
        context: tuple[str, ...] = (),
    ) -> "Lesson":
        """Withholds the newest `share` of the events; of a log without times a random share of each customer's items.

        kinds: what counts as wanting an item, any kind if none is named. context: columns of the events that are known
        when a question is asked; "time" asks at the moment when the customer comes back. Raises EmptyData when nobody
        with a history is left who wanted something.
        """
        timed = len(data) > 0 and data.time.min() < data.time.max()
        moment = int(np.quantile(data.time, 1 - share)) if timed else int(data.time.max(initial=0)) + 1
        withheld = data.time >= moment if timed else _random_pairs(data, share, random)
        before = data.where(~withheld)
        target = withheld & (data.weight > 0)
        if kinds:
            target &= np.isin(data.kind, [data.kinds.index(kind) for kind in kinds if kind in data.kinds])
        known = np.diff(before.starts) > 0
        users = np.unique(data.user[target & known[data.user]])
        if not len(users):
            raise EmptyData(
                f"a learned ranker withholds the newest {share:.0%} of the log to learn from; of {len(data):,} events "
                "that leaves nobody with a history who wanted anything. Give a longer log, or fuse by ranks"
            )
        queries = before.queries(users, moment)
        if context:
            queries = _coming_back(data, queries, context)
        return cls(before, queries, _keys(data, users, target))

    @classmethod
    def turns(
        cls,
        data: Dataset,
        parts: int,
        kinds: tuple[str, ...],
        random: np.random.Generator,
        context: tuple[str, ...] = (),
    ) -> list["Lesson"]:
        """Withholds each of so many random parts of the customers in turn, and asks for their newest baskets.

        What was before a lesson are all events of the other customers, their newest baskets too; the questions are
        asked when the withheld customers come back for the last time, with what they did until then. kinds, context:
        as above. Raises EmptyData when nobody of a part came back.
        """
        target = data.weight > 0
        if kinds:
            target &= np.isin(data.kind, [data.kinds.index(kind) for kind in kinds if kind in data.kinds])
        newest = np.full(data.n_users, np.iinfo(np.int64).min)
        np.maximum.at(newest, data.user[target], data.time[target])
        target &= data.time == newest[data.user]
        begun = np.zeros(data.n_users, dtype=np.bool_)
        begun[data.user[(data.weight > 0) & (data.time < newest[data.user])]] = True
        part = random.permutation(data.n_users) % parts
        return [cls._turn(data, (part == turn) & begun, target, newest, context) for turn in range(parts)]

    @classmethod
    def _turn(cls, data: Dataset, held: Bools, target: Bools, newest: np.ndarray, context: tuple[str, ...]) -> "Lesson":
        users = np.flatnonzero(held).astype(np.int32)
        if not len(users):
            raise EmptyData(
                "a ranker that learns from newest baskets needs customers who came back; a part of the customers has "
                "none. Give a longer log, or fewer lessons"
            )
        queries = data.queries(users, newest[users])
        if context:
            queries = _coming_back(data, queries, context)
        return cls(data.where(~held[data.user]), queries, _keys(data, users, target))

    def sample(self, n: int, random: np.random.Generator) -> "Lesson":
        """At most n of the questions."""
        if n >= len(self.queries):
            return self
        rows = np.sort(random.choice(len(self.queries), n, replace=False))
        n_items = self.before.n_items
        new = np.full(len(self.queries), -1, dtype=np.int64)
        new[rows] = np.arange(n)
        asked = new[self.wanted // n_items]
        kept = asked >= 0
        return Lesson(self.before, self.queries[rows], asked[kept] * n_items + self.wanted[kept] % n_items)

    def holds(self, rows: np.ndarray, items: Ints) -> Bools:
        """Whether the customers of `rows` wanted `items`; bool [p]."""
        keys = rows.astype(np.int64) * self.before.n_items + items
        at = np.minimum(np.searchsorted(self.wanted, keys), len(self.wanted) - 1)
        found: Bools = self.wanted[at] == keys
        return found


def _random_pairs(data: Dataset, share: float, random: np.random.Generator) -> Bools:
    """The events of a random share of all pairs of customer and item."""
    pairs, which = np.unique(data.user.astype(np.int64) * data.n_items + data.item, return_inverse=True)
    chosen: Bools = (random.random(len(pairs)) < share)[which]
    return chosen


def _coming_back(data: Dataset, queries: Queries, columns: tuple[str, ...]) -> Queries:
    """The questions as they are asked when the customers come back: with these columns of their next event."""
    named = [name for name in columns if name != TIME]
    if lost := [name for name in named if name not in data.context.columns]:
        raise MissingColumn(f"context names {lost}; the events have the columns {data.context.columns}")
    events = data.next_events(queries.users, queries.times)
    rows = pl.Series(events).set(pl.Series(events < 0), None)
    context = data.context.select(pl.col(named).gather(rows)) if named else queries.context
    came = np.where(events >= 0, data.time[events], queries.times)
    return replace(queries, context=context, times=came if TIME in columns else queries.times)


def _keys(data: Dataset, users: Ints, target: Bools) -> np.ndarray:
    rows = np.full(data.n_users, -1, dtype=np.int64)
    rows[users] = np.arange(len(users))
    asked = target & (rows[data.user] >= 0)
    return np.unique(rows[data.user[asked]] * data.n_items + data.item[asked])
