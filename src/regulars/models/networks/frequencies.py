"""Frequencies: how often each item is the target of an example, told at once or learned from the steps."""

from typing import Protocol

import numpy as np

from regulars.core import Floats, Ints, floats

LEARNING = 0.05  # how much of a new gap between two steps with an item counts
FIRST_GAP = 100.0  # steps between two of an item of which only one was seen


class Frequencies(Protocol):
    """The expected number of times that items are targets in a batch."""

    def seen(self, targets: Ints) -> None:
        """One more step, with these targets."""
        ...

    def expected(self, items: Ints, batch: int) -> Floats:
        """How often each of `items` is expected among `batch` targets; float32 [len(items)]."""
        ...


class Counted(Frequencies):
    """Exact: the examples were counted."""

    def __init__(self, targets: Ints, n_items: int) -> None:
        counts = np.bincount(targets, minlength=n_items)
        self.share = floats(counts / max(1, counts.sum()))

    def seen(self, targets: Ints) -> None:
        pass

    def expected(self, items: Ints, batch: int) -> Floats:
        return floats(batch * self.share[items])


class Streaming(Frequencies):
    """Learned on the way: the moving mean of the steps between two with the item (Yi et al., RecSys 2019, algorithm 2).

    For logs that cannot be counted first. An item twice in one step makes its gap half a step.
    """

    def __init__(self, n_items: int) -> None:
        self.step = 0
        self.last = np.zeros(n_items, dtype=np.int64)
        self.gap = np.full(n_items, FIRST_GAP)
        self.met = np.zeros(n_items, dtype=np.bool_)

    def seen(self, targets: Ints) -> None:
        self.step += 1
        items, times = np.unique(targets, return_counts=True)
        gaps = (self.step - self.last[items]) / times
        rate = np.where(self.met[items], LEARNING, 1.0)
        self.gap[items] += rate * (gaps - self.gap[items])
        self.last[items], self.met[items] = self.step, True

    def expected(self, items: Ints, batch: int) -> Floats:
        return floats(1 / self.gap[items])
