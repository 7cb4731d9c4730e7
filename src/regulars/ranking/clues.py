"""Clues: what else speaks for an item at the moment of asking, beside what the sources say of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl

from regulars.core import DAY, MISSING, Dataset, Floats, Histories, Ints, Longs, Queries, floats, ints
from regulars.features.numbers import sizes

from .pairs import Pairs
from .table import UNKNOWN, Table

WINDOWS = (28 * DAY, 7 * DAY)  # in which an item's sales are counted; less in a log of a few weeks


class Clue(Protocol):
    """A group of columns of a ranker's table."""

    @property
    def names(self) -> tuple[str, ...]:
        """What its numbers are called."""
        ...

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many categories each of its codes can hold, the unknown included."""
        ...

    def table(self, queries: Queries, history: Histories, pairs: Pairs) -> Table:
        """Its columns for the pairs of these queries; history: what the customers had of the items known at the fit."""
        ...


@dataclass(frozen=True)
class Recency:
    """How new an item is and how it sells lately, and how long the customer stayed away.

    first, last: int64 [n_items], seconds UTC of the first and the last event, 0 for an item without; lately: float32
    [n_items, WINDOWS], -log of the share of the events of the newest weeks that were of this item.
    """

    first: Longs
    last: Longs
    lately: Floats

    names = ("new", "sold", *(f"share in {window // DAY} days" for window in WINDOWS), "idle", "since the first")
    sizes = ()

    @classmethod
    def of(cls, data: Dataset) -> "Recency":
        """What the events of a log say."""
        kept = data.weight > 0
        item, time = data.item[kept], data.time[kept]
        first = np.full(data.n_items, np.iinfo(np.int64).max)
        last = np.zeros(data.n_items, dtype=np.int64)
        np.minimum.at(first, item, time)
        np.maximum.at(last, item, time)
        first[last == 0] = 0
        begin, end = (int(time.min()), int(time.max())) if len(time) else (0, 0)
        lately = []
        for place, window in enumerate(WINDOWS):
            newest = item[time > end - min(window, (end - begin) // 4 ** (place + 1))]
            counts = np.bincount(newest, minlength=data.n_items)
            lately.append(np.log((len(newest) + 1) / (counts + 1)))
        return cls(first, last, floats(np.column_stack(lately)))

    def table(self, queries: Queries, history: Histories, pairs: Pairs) -> Table:
        now, items = queries.times[pairs.rows], pairs.items
        newest, oldest = _ends(history)
        ages = (_days(now, moment[items]) for moment in (self.first, self.last))
        own = (_days(queries.times, moment)[pairs.rows] for moment in (newest, oldest))
        return Table.of_numbers(*ages, self.lately[items], *own)


@dataclass(frozen=True)
class GroupHabits:
    """What the customer had of the item's category, its brand and so on.

    columns: their names; codes: int32 [n_items, columns], MISSING where it is not known; n: groups of each column.
    """

    columns: tuple[str, ...]
    codes: Ints
    n: tuple[int, ...]

    sizes = ()

    @property
    def names(self) -> tuple[str, ...]:
        told = ("share of", "events in", "since")
        return tuple(f"{word} {column}" for column in self.columns for word in told)

    def table(self, queries: Queries, history: Histories, pairs: Pairs) -> Table:
        rows = pairs.rows
        columns: list[np.ndarray] = [np.zeros((len(rows), 0), dtype=np.float32)]
        for codes, n in zip(self.codes.T, self.n, strict=True):
            own = codes[pairs.items]
            counts, last = _met(history, codes, n)
            known = own != MISSING
            found = np.where(known, counts[rows, own], 0)
            since = _days(queries.times[rows], np.where(known, last[rows, own], 0))
            share = found / np.maximum(history.lengths[rows], 1)
            columns += [np.where(known, share, UNKNOWN), np.where(known, np.log1p(found), UNKNOWN), since]
        return Table.of_numbers(*columns)


@dataclass(frozen=True)
class Prices:
    """What the item costs, beside what else costs and beside what the customer usually pays.

    prices: float32 [n_items], NaN where it is not known; places: float32 [n_items], the share of items that cost less.
    """

    prices: Floats
    places: Floats

    names = ("price", "price beside the customer's")
    sizes = ()

    @classmethod
    def of(cls, prices: Floats) -> "Prices":
        """Of the price of each item; what is not above 0 is not known."""
        known = np.isfinite(prices) & (prices > 0)
        prices = np.where(known, prices, np.nan).astype(np.float32)
        ordered = np.sort(prices[known])
        places = np.searchsorted(ordered, prices) / max(1, len(ordered))
        return cls(prices, floats(np.where(known, places, UNKNOWN)))

    def table(self, queries: Queries, history: Histories, pairs: Pairs) -> Table:
        paid = self.prices[history.items]
        known = ~np.isnan(paid)
        sums = np.bincount(history.rows[known], paid[known], len(history))
        usual = sums / np.maximum(np.bincount(history.rows[known], minlength=len(history)), 1)
        own, beside = self.prices[pairs.items], usual[pairs.rows]
        told = ~np.isnan(own) & (beside > 0)
        ratio = np.where(told, own / (np.where(told, own, 0) + np.where(told, beside, 1)), UNKNOWN)
        return Table.of_numbers(self.places[pairs.items], ratio)


def prices_of(data: Dataset, column: str = "price") -> Floats:
    """The price of each item: of the table of items, else the mean of its events; float32 [n_items], NaN if unknown.

    column: of the items or of the events. Events with a value and a quantity tell a price, too.
    """
    frame, events = data.item_features, data.context
    if column in frame.columns:
        return _numbers(frame[column])
    if column in events.columns:
        paid = _numbers(events[column])
    elif {"value", "quantity"} <= set(events.columns):
        with np.errstate(divide="ignore", invalid="ignore"):
            paid = _numbers(events["value"]) / _numbers(events["quantity"])
    else:
        return np.full(data.n_items, np.nan, dtype=np.float32)
    known = np.isfinite(paid) & (paid > 0) & (data.weight > 0)
    counts = np.bincount(data.item[known], minlength=data.n_items)
    sums = np.bincount(data.item[known], paid[known], data.n_items)
    return floats(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))


def groups_of(columns: Sequence[str], codes: Ints) -> GroupHabits:
    """GroupHabits of codes that count from 1 and are 0 for the unknown: int32 [n_items, columns]."""
    return GroupHabits(tuple(columns), ints(codes) - 1, tuple(int(n) for n in codes.max(axis=0, initial=0)))


def _numbers(values: pl.Series) -> Floats:
    """As float32, NaN where there is no number."""
    return floats(np.where(sizes(values)[1], sizes(values)[0], np.nan))


def _days(now: Longs, then: Longs) -> np.ndarray:
    """log(1 + days between), UNKNOWN where `then` is 0."""
    return np.where(then > 0, np.log1p(np.maximum(now - then, 0) / DAY), UNKNOWN)


def _ends(history: Histories) -> tuple[Longs, Longs]:
    """The newest and the oldest moment of each history, 0 if it is empty."""
    some = history.lengths > 0
    newest, oldest = np.zeros(len(history), dtype=np.int64), np.zeros(len(history), dtype=np.int64)
    newest[some] = history.times[history.starts[1:][some] - 1]
    oldest[some] = history.times[history.starts[:-1][some]]
    return newest, oldest


def _met(history: Histories, codes: Ints, n: int) -> tuple[Longs, Longs]:
    """Events of each history in each group, and the moment of the newest (0 for none); int64 [n_histories, n + 1]."""
    own = codes[history.items]
    known = own != MISSING
    keys = history.rows[known].astype(np.int64) * (n + 1) + own[known]
    counts = np.bincount(keys, minlength=len(history) * (n + 1))
    last = np.zeros(len(counts), dtype=np.int64)
    last[keys] = history.times[known]  # oldest first, so that the newest stays
    shape = len(history), n + 1
    return counts.reshape(shape), last.reshape(shape)
