"""Split: a test that the future cannot reach: what may be learned, who is asked, and what they turned out to want."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl

from regulars.core import Allowed, Bools, Dataset, Histories, Ints, Longs, Queries, starts_of
from regulars.core.errors import BadTable, EmptyData, MissingColumn, SettingError

NO_LEAK = ""
TIME = "time"  # among the columns known at asking: when the customer comes back


@dataclass(frozen=True)
class Split:
    """Events to learn from, questions, and for each question the different items that were wanted.

    wanted: one row per query; kept in rising order of the items, each once. An item that training never met stays
    counted as wanted: nobody is spared for what the method cannot know. candidates: what may be answered at all.
    leaks: how the training events reach past the moment of asking, in words; empty when they do not.
    rated: the withheld events whose weights are to be predicted as ratings, low ones too; those that were wanted unless
    a splitter says more.
    """

    name: str
    train: Dataset
    queries: Queries
    wanted: Histories
    candidates: Allowed = field(default_factory=Allowed)
    leaks: str = NO_LEAK
    rated: Histories = field(default_factory=lambda: Histories.none(0))

    def __post_init__(self) -> None:
        if len(self.wanted) != len(self.queries):
            raise BadTable(f"a split needs wanted items for {len(self.queries)} queries, not {len(self.wanted)}")
        if len(self.wanted.items) and self.wanted.items.min() < 0:
            raise BadTable("a wanted item needs an index; give items that are unknown one with Vocabulary.extended")
        if not _rising(self.wanted):
            object.__setattr__(self, "wanted", _each_once(self.wanted))
        if not len(self.rated):
            object.__setattr__(self, "rated", self.wanted)
        if len(self.rated) != len(self.queries):
            raise BadTable(f"a split needs rated items for {len(self.queries)} queries, not {len(self.rated)}")

    def __len__(self) -> int:
        return len(self.queries)

    @cached_property
    def repeated(self) -> Bools:
        """Which wanted items the customer's history already holds; bool [n_wanted]."""
        return holds(self.queries.history, self.wanted.rows, self.wanted.items)

    def explore(self) -> "Split":
        """The same test of discovery alone: what is in a customer's history is not wanted from the recommender."""
        return self.wanting(~self.repeated, "explore")

    def repeat(self) -> "Split":
        """The same test of buying again alone: only what is in the customer's history is wanted."""
        return self.wanting(self.repeated, "repeat")

    def knowing(self, data: Dataset, columns: tuple[str, ...]) -> "Split":
        """The same test, each question asked with what is known of the moment when the customer comes back.

        data: the log that was cut; columns: of its context, from the first event from the moment of asking on: the
        channel, the device, the store, whatever a shop knows before it answers, and not what the customer then chose
        (a price). "time" asks at the time of that event; histories stay as they were cut. Nulls where nobody comes
        back. Raises MissingColumn.
        """
        named = [name for name in columns if name != TIME]
        lost = [name for name in named if name not in data.context.columns]
        if lost:
            raise MissingColumn(f"what is known at asking names {lost}; the events have {data.context.columns}")
        events = data.next_events(self.queries.users, self.queries.times)
        rows = pl.Series(events).set(pl.Series(events < 0), None)
        context = data.context.select(pl.col(named).gather(rows)) if named else self.queries.context
        came = np.where(events >= 0, data.time[events], self.queries.times)
        times = came if TIME in columns else self.queries.times
        return replace(self, queries=replace(self.queries, context=context, times=times))

    def sample(self, n: int, seed: int = 0) -> "Split":
        """The same test with at most n of its questions, drawn at random."""
        if n >= len(self):
            return self
        return self._of(np.sort(np.random.default_rng(seed).choice(len(self), n, replace=False)))

    def wanting(self, keep: Bools, what: str) -> "Split":
        """The same test of those who wanted any of what `keep` marks [n_wanted] and of nothing else, called `what`."""
        wanted = self.wanted.where(keep)
        left = np.flatnonzero(wanted.lengths)
        return replace(replace(self, name=f"{self.name}, {what}", wanted=wanted)._of(left))

    def _of(self, rows: Longs) -> "Split":
        return replace(
            self,
            queries=self.queries[rows],
            wanted=self.wanted[rows],
            candidates=_rows_of(self.candidates, rows),
            rated=self.rated[rows],
        )


def holds(histories: Histories, rows: Ints, items: Ints) -> Bools:
    """Whether the history of customer rows[i] holds items[i]; bool [len(items)]."""
    width = 1 + max(_highest(histories.items), _highest(items))
    known = np.sort(keys(histories.rows, histories.items, width))
    return positions(known, keys(rows, items, width)) >= 0


def keys(rows: Ints | Longs, items: Ints, width: int) -> Longs:
    """One number for each pair (row, item), rising with the row and then with the item."""
    return rows.astype(np.int64) * width + items


def positions(sorted_keys: Longs, wanted: Longs) -> Longs:
    """Where each of `wanted` stands in `sorted_keys`, -1 where it does not."""
    if not len(sorted_keys):
        return np.full(wanted.shape, -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(sorted_keys, wanted), len(sorted_keys) - 1)
    return np.where(sorted_keys[at] == wanted, at, -1)


def need_times(data: Dataset, name: str) -> None:
    """Raises BadTable when the events do not differ in time, so that nothing comes before anything."""
    if len(data) and data.time.min() == data.time.max():
        raise BadTable(
            f"{name} needs the times of the events; all {len(data):,} happened at {int(data.time[0])}. "
            "Name the column of the times, or use GivenSplit, RatioPerUser(random=True) or "
            "StrongGeneralization(random=True)"
        )


def targets(data: Dataset, kinds: tuple[str, ...]) -> Bools:
    """The events that count as wanting an item: of these kinds (none given: of all), with a positive weight."""
    unknown = sorted(set(kinds) - set(data.kinds))
    if unknown:
        raise SettingError(f"kinds must be of {list(data.kinds)}, which the events have; {unknown} are not")
    positive: Bools = data.weight > 0
    return positive & np.isin(data.kind, [data.kinds.index(kind) for kind in kinds]) if kinds else positive


def wanted_by(data: Dataset, users: Ints, withheld: Bools, target: Bools) -> Histories:
    """The different items for which each of `users` has a withheld target event, rising.

    What was taken back in full is not wanted: where the weights of the withheld target events and of the withheld
    events with negative weight sum to 0 or less.
    """
    asked = np.full(data.n_users, -1, dtype=np.int64)
    asked[users] = np.arange(len(users))
    events = np.flatnonzero(withheld & (target | (data.weight < 0)) & (asked[data.user] >= 0))
    events = events[np.argsort(~target[events], kind="stable")]  # what speaks for an item is a target, never a return
    pair, first, which = np.unique(
        keys(asked[data.user[events]], data.item[events], data.n_items), return_index=True, return_inverse=True
    )
    kept = np.bincount(which, data.weight[events], len(pair)) > 0
    chosen = events[first[kept]]
    rows = pair[kept] // data.n_items
    return Histories(
        starts_of(np.bincount(rows, minlength=len(users))),
        data.item[chosen],
        data.time[chosen],
        data.weight[chosen],
        data.kind[chosen],
    )


def asking(split: Split, *, strangers: bool) -> Split:
    """Only the questions of those who wanted something and, unless `strangers`, of whom something is known.

    Raises EmptyData when nobody is left to ask.
    """
    rows = split.wanted.lengths > 0
    if not strangers:
        rows &= split.queries.history.lengths > 0
    if not rows.any():
        raise EmptyData(
            f"{split.name} leaves nobody to ask: {len(split):,} customers have withheld events, none of them wanted "
            "something and has a history. Withhold other events, or ask strangers too"
        )
    return split if rows.all() else split._of(np.flatnonzero(rows))


def _rows_of(allowed: Allowed, rows: Longs) -> Allowed:
    return allowed[rows]


def _highest(items: Ints) -> int:
    return int(items.max()) if len(items) else 0


def _rising(wanted: Histories) -> bool:
    ordered = np.diff(wanted.items) > 0
    ordered[wanted.starts[1:-1][(wanted.starts[1:-1] > 0) & (wanted.starts[1:-1] < len(wanted.items))] - 1] = True
    return bool(ordered.all())


def _each_once(wanted: Histories) -> Histories:
    _, first = np.unique(keys(wanted.rows, wanted.items, 1 + _highest(wanted.items)), return_index=True)
    lengths = np.bincount(wanted.rows[first], minlength=len(wanted))
    return Histories(
        starts_of(lengths), wanted.items[first], wanted.times[first], wanted.weights[first], wanted.kinds[first]
    )
