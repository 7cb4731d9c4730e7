"""Lives: what items had been through at a moment of the log, and who found them after it."""

from typing import Any, Final, NamedTuple

import numpy as np

from regulars.core import Bools, Dataset, Ints, Longs

Doubles = np.ndarray[Any, np.dtype[np.float64]]
PART: Final = 0.1  # of the events: the newest so many span a period
PERIODS: Final = 3  # that rates are learned from
UNIT: Final = 8.0  # times in eighths of a period: within it, too, newer is likelier


class Period(NamedTuple):
    """Events from `begin` on, before `end`; seconds UTC."""

    begin: int
    end: int

    @classmethod
    def newest(cls, data: Dataset) -> "Period":
        """That of the newest PART of the events, whole moments of them; empty where nothing came before.

        A log of days ends with the last of them, not at its first second.
        """
        moments = np.unique(data.time)
        if len(moments) < 2:
            return cls(0, 0)
        end = int(moments[-1] + np.diff(moments).min())
        begin = int(np.quantile(data.time, 1 - PART, method="lower"))
        return cls(begin, end) if begin > moments[0] else cls(end, end)

    @property
    def seconds(self) -> int:
        return self.end - self.begin

    def before(self, periods: int = 1) -> "Period":
        """As long, so many of them earlier."""
        by = periods * self.seconds
        return Period(self.begin - by, self.end - by)

    def holds(self, times: Longs) -> Bools:
        inside: Bools = (times >= self.begin) & (times < self.end)
        return inside


class Lives(NamedTuple):
    """How many events items had, and how many periods ago the last and the first of them were; 0 for items without any.

    float64 [n_items] each.
    """

    events: Doubles
    last: Doubles
    first: Doubles

    @classmethod
    def until(cls, data: Dataset, period: Period) -> "Lives":
        """Of the events strictly before its end by which something was wanted."""
        past = (data.time < period.end) & (data.weight > 0)
        item, ages = data.item[past], (period.end - data.time[past]) / max(1, period.seconds)
        events = np.bincount(item, minlength=data.n_items).astype(np.float64)
        last, first = np.full(data.n_items, np.inf), np.zeros(data.n_items)
        np.minimum.at(last, item, ages)
        np.maximum.at(first, item, ages)
        return cls(events, np.where(events > 0, last, 0.0), first)

    @property
    def met(self) -> Bools:
        known: Bools = self.events > 0
        return known

    @property
    def features(self) -> Doubles:
        """1, recency, its square, frequency, this times recency, and age; float64 [n_items, 6]. An item that was met
        once, just now, has 1 and zeros."""
        last, first = np.log1p(UNIT * self.last), np.log1p(UNIT * self.first)
        often = np.log(np.maximum(self.events, 1))
        return np.column_stack([np.ones(len(often)), last, last * last, often, often * last, first])


class Finds(NamedTuple):
    """Discoveries: of which item, when, and when their customers had come for the first time."""

    item: Ints
    time: Longs
    came: Longs

    @classmethod
    def of(cls, data: Dataset) -> "Finds":
        events = discoveries(data)
        return cls(data.item[events], data.time[events], beginnings(data)[data.user[events]])

    def within(self, period: Period, n_items: int) -> Longs:
        """How many customers who were there before the period discovered each item in it; int64 [n_items].

        Those who come for the first time are asked by nobody, and buy something else.
        """
        return np.bincount(self.item[period.holds(self.time) & (self.came < period.begin)], minlength=n_items)


def discoveries(data: Dataset) -> Bools:
    """The events in which a customer met an item for the first time, and wanted it; bool [n_events]."""
    first = np.zeros(len(data), dtype=np.bool_)
    first[np.unique(data.user.astype(np.int64) * data.n_items + data.item, return_index=True)[1]] = True
    return first & (data.weight > 0)


def beginnings(data: Dataset) -> Longs:
    """When each customer came first; int64 [n_users], 0 for who never did."""
    first = np.zeros(data.n_users, dtype=np.int64)
    first[data.user[::-1]] = data.time[::-1]
    return first
