"""Sessions: a log cut at its pauses, as session methods learn from it."""

from typing import NamedTuple

import numpy as np

from regulars.core import Dataset, Floats, Histories, Ints, Longs, floats, starts_of

from .kinds.session import last_met


class Sessions(NamedTuple):
    """Sessions of two events and more in the order of their ends: ragged rows of different items."""

    starts: Longs
    items: Ints
    positions: Ints  # where in its session each item was met last, from 0
    times: Longs  # [n] of the last event

    @classmethod
    def of(cls, data: Dataset, gap: float) -> "Sessions":
        """A customer's events until a pause of more than `gap` seconds; what was taken back is no event."""
        events = data.where(data.weight > 0)
        begins = np.ones(len(events), dtype=np.bool_)
        begins[1:] = (np.diff(events.user) > 0) | (np.diff(events.time) > gap)
        starts = np.append(np.flatnonzero(begins), len(events))
        rows = Histories(starts, events.item, events.time, events.weight, events.kind)
        long = np.flatnonzero(rows.lengths > 1)
        ends = rows.times[starts[1:][long] - 1]
        rows = rows[long[np.argsort(ends, kind="stable")]]
        newest, positions = last_met(rows)
        lengths = np.bincount(rows.rows[newest], minlength=len(rows))
        return cls(starts_of(lengths), rows.items[newest], positions.astype(np.int32), np.sort(ends))

    def rarity(self, n_items: int, weight: float) -> Floats:
        """1 + weight * log(sessions / sessions with the item) of each item; float32 [n_items]."""
        met = np.bincount(self.items, minlength=n_items)
        return floats(1 + weight * np.log(max(len(self.times), 1) / np.maximum(met, 1)))

    def norms(self, power: float) -> Floats:
        """Different items of each session to the `power`; float32 [n]."""
        return floats(np.diff(self.starts).astype(np.float64) ** power)
