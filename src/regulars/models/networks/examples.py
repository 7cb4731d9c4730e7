"""Examples: each event as the answer to a question, with what the customer had done before it."""

from dataclasses import dataclass

import numpy as np

from regulars.core import Bools, Dataset, Histories, Ints, Longs, spans, starts_of


@dataclass(frozen=True)
class Examples:
    """n events that were wanted, and where in the log the history of each begins and ends.

    events, low, high: int64 [n], positions in the log. rest: the history is what else the customer did, before and
    after, without the item itself; else what came strictly before.
    """

    data: Dataset
    events: Longs
    low: Longs
    high: Longs
    rest: bool

    @classmethod
    def of(cls, data: Dataset, targets: Bools, longest: int, *, rest: bool) -> "Examples":
        """targets: bool [n_events], which events are answers; longest: events of a history, the newest or nearest."""
        events = np.flatnonzero(targets)
        begins, ends = data.starts[:-1][data.user[events]], data.starts[1:][data.user[events]]
        if rest:
            low = np.clip(events - longest // 2, begins, np.maximum(begins, ends - longest - 1))
            return cls(data, events, low, np.minimum(low + longest + 1, ends), rest)
        high = _first_of_moment(data)[events]
        return cls(data, events, np.maximum(begins, high - longest), high, rest)

    def __len__(self) -> int:
        return len(self.events)

    def where(self, keep: Bools) -> "Examples":
        """Only these examples."""
        return Examples(self.data, self.events[keep], self.low[keep], self.high[keep], self.rest)

    @property
    def targets(self) -> Ints:
        """The item of each example; int32 [n]."""
        return self.data.item[self.events]

    def histories(self, examples: Longs) -> Histories:
        """What is known when each of these is asked for, returns and all."""
        data = self.data
        lengths = self.high[examples] - self.low[examples]
        places = spans(self.low[examples], lengths)
        found = Histories(
            starts_of(lengths), data.item[places], data.time[places], data.weight[places], data.kind[places]
        )
        return found.where(found.items != self.targets[examples][found.rows]) if self.rest else found


def _first_of_moment(data: Dataset) -> Longs:
    """The position of the first event that the customer of each event has at its moment; int64 [n_events]."""
    n = len(data)
    begins = np.ones(n, dtype=np.bool_)
    begins[1:] = (np.diff(data.user) != 0) | (np.diff(data.time) != 0)
    return np.maximum.accumulate(np.where(begins, np.arange(n), 0))
