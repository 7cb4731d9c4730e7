"""Rhythm: in which baskets the customer had an item, and whether it is due again."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from regulars.core import DAY, Dataset, Floats, Histories, Longs, Queries, floats
from regulars.models.kinds.basket_profile import baskets_of, place_of
from regulars.models.kinds.steps import steps_of

from .pairs import Pairs
from .table import UNKNOWN, Table

_FADING: Final = 0.7  # what a basket counts for each newer one
_LEAST: Final = 5  # gaps that tell how often an item is usually bought


class Times(NamedTuple):
    """Each pair of a customer and an item that met, in the order of keys, and when.

    keys: int64 [p], row * n_items + item, rising; counts: baskets with the item; last: baskets since the newest of
    them; faded: the baskets, older ones counting less; gap: the median number of baskets from one to the next, NaN
    after a single one; moment: seconds of the newest; days: [gaps], item and days of each gap.
    """

    keys: Longs
    counts: Longs
    last: Longs
    faded: Floats
    gap: Floats
    moment: Longs
    gaps: tuple[Longs, Floats]

    @classmethod
    def of(cls, history: Histories, n_items: int) -> "Times":
        """Of histories of known items that were not taken back."""
        steps = steps_of(history)
        counts = baskets_of(history, steps)
        since = (counts[history.rows] - 1 - place_of(history, steps, counts)).astype(np.int64)
        every = history.rows.astype(np.int64) * n_items + history.items
        order = np.lexsort((-since, every))
        again = (np.diff(every[order]) == 0) & (np.diff(since[order]) == 0)
        order = order[np.concatenate([[True], ~again])] if len(order) else order
        own, since, moment = every[order], since[order], history.times[order]
        keys, first, told = np.unique(own, return_index=True, return_counts=True)
        last = first + told - 1
        same = np.diff(own) == 0
        baskets, seconds = -np.diff(since)[same], np.diff(moment)[same]
        faded = np.add.reduceat(_FADING ** since.astype(np.float64), first) if len(keys) else np.empty(0)
        gap = _medians(np.searchsorted(keys, own[1:][same]), baskets, len(keys))
        return cls(
            keys, told, since[last], floats(faded), gap, moment[last], (own[1:][same] % n_items, floats(seconds / DAY))
        )


@dataclass(frozen=True)
class Rhythm:
    """How regularly the customer has had the item, counted in baskets, and the item's usual gap in days.

    usual: float32 [n_items], the median days between two baskets of a customer with the item; NaN where few told.
    """

    usual: Floats

    names = (
        "baskets",
        "in baskets",
        "share of baskets",
        "in baskets lately",
        "baskets since",
        "due in baskets",
        "due as usual",
        "usual gap",
        "usual size",
    )
    sizes = ()

    @classmethod
    def of(cls, data: Dataset) -> "Rhythm":
        """What the events of a log say."""
        history = data.histories()
        items, days = Times.of(history.where(history.weights > 0), data.n_items).gaps
        usual = _medians(items, days, data.n_items)
        usual[np.bincount(items, minlength=data.n_items) < _LEAST] = np.nan
        return cls(usual)

    def table(self, queries: Queries, history: Histories, pairs: Pairs) -> Table:
        n_items, rows = len(self.usual), pairs.rows
        times = Times.of(history, n_items)
        wanted = rows * n_items + pairs.items
        at = np.minimum(np.searchsorted(times.keys, wanted), max(0, len(times.keys) - 1))
        met = times.keys[at] == wanted if len(times.keys) else np.zeros(len(rows), dtype=np.bool_)

        def of(column: np.ndarray) -> np.ndarray:
            return np.where(met, column[at], np.nan) if len(column) else np.full(len(rows), np.nan)

        steps = steps_of(history)
        baskets = baskets_of(history, steps)[rows]
        size = history.lengths[rows] / np.maximum(baskets, 1)
        count, since, usual = np.nan_to_num(of(times.counts)), of(times.last), self.usual[pairs.items]
        days = (queries.times[rows] - of(times.moment)) / DAY
        told = (since + 1) / of(times.gap), np.maximum(days, 0) / np.maximum(usual, 1 / 24)
        return Table.of_numbers(
            np.log1p(baskets),
            np.log1p(count),
            count / np.maximum(baskets, 1),
            np.nan_to_num(of(times.faded)),
            *(np.nan_to_num(np.log1p(column), nan=UNKNOWN) for column in (since, *told, usual, size)),
        )


def _medians(groups: Longs, values: np.ndarray, n: int) -> Floats:
    """The lower median of the values of each of n groups; float32 [n], NaN without a value."""
    order = np.lexsort((values, groups))
    counts = np.bincount(groups, minlength=n)
    ends = np.cumsum(counts)
    found = np.full(n, np.nan, dtype=np.float32)
    some = counts > 0
    found[some] = values[order][(ends - counts + (counts - 1) // 2)[some]]
    return found
