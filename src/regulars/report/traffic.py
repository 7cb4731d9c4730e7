"""How demand spreads over the catalog: head, middle and tail."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regulars.core import Dataset, Ints, Longs

HEAD, MIDDLE = 0.80, 0.95  # of the events, as in the slices of the evaluation


@dataclass(frozen=True)
class Traffic:
    """The items from the most to the least wanted.

    items: int32 [n_items]; events: int64 [n_items], falling; head, middle: how many items bring 80 % and 95 % of all
    events together; sold: how many have any event.
    """

    items: Ints
    events: Longs
    head: int
    middle: int
    sold: int

    @classmethod
    def of(cls, data: Dataset) -> "Traffic":
        counts = np.bincount(data.item, minlength=data.n_items)
        items = np.argsort(-counts, kind="stable").astype(np.int32)
        events = counts[items].astype(np.int64)
        running = np.cumsum(events)
        head, middle = (int(np.searchsorted(running, part * running[-1])) + 1 for part in (HEAD, MIDDLE))
        return cls(items, events, head, middle, int(np.count_nonzero(events)))

    @property
    def cumulative(self) -> npt.NDArray[np.float64]:
        """The share of all events that the first 1, 2, ... items bring; float64 [n_items]."""
        return np.asarray(np.cumsum(self.events) / max(1, int(self.events.sum())), dtype=np.float64)

    def curve(self, points: int = 240) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Share of the items and of the events, from (0, 0) on; more places where it is steep."""
        n = len(self.items)
        places = np.unique(np.rint(np.geomspace(1, n, points))).astype(np.int64)
        even = np.unique(np.rint(np.linspace(1, n, points))).astype(np.int64)
        at = np.unique(np.concatenate([places, even, [self.head, self.middle, max(1, self.sold)]]))
        return np.concatenate([[0.0], at / n]), np.concatenate([[0.0], self.cumulative[at - 1]])
