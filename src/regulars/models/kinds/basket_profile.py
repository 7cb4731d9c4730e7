"""BasketProfile: what a history weighs, item by item, when it is read basket by basket."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from regulars.core import Floats, Histories, Longs

from .steps import steps_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class BasketProfile:
    """Each basket gives all its items one weight, however many of an item it holds; an item's weights are added up.

    A basket is what was bought at one moment; of n baskets only the `newest` count (0: all). A basket weighs `fading`
    to the power of how many newer ones there are. The baskets are cut into `groups` of equal size as far as possible,
    longer ones last (each its own group if there are fewer); a group weighs `between` to the power of groups - 1 -
    its place. mean: the weights are divided by the size of the group and by the number of groups. log: an item's
    sum is then log(1 + sum). What was returned in full is not there, nor are items from n_items on.
    """

    fading: float = 1.0
    groups: int = 1
    between: float = 1.0
    newest: int = 0
    mean: bool = False
    log: bool = False

    def of(self, history: Histories, n_items: int) -> "csr_array":
        """The weight of each item for each history; float32 [n, n_items], rising items."""
        history = kept_baskets(history, n_items)
        steps = steps_of(history)
        once = np.unique(steps * n_items + history.items, return_index=True)[1]
        weights = np.zeros(len(steps), dtype=np.float32)
        weights[once] = self._weights(history, steps)[once]
        matrix = replace(history, weights=weights).matrix(n_items)
        matrix.sort_indices()
        if self.log:
            np.log1p(matrix.data, out=matrix.data)
        return matrix

    def _weights(self, history: Histories, steps: Longs) -> Floats:
        """The weight of the basket of each event; float32 [n_events], 0 for one that is too old."""
        counts = baskets_of(history, steps)
        place, n = place_of(history, steps, counts), counts[history.rows]
        if self.newest:
            short = np.minimum(n, self.newest)
            place, n = place - (n - short), short
        group, size = _groups(place, n, self.groups)
        weights = self.fading ** (n - 1 - place) * self.between ** (self.groups - 1 - group)
        if self.mean:
            weights = weights / (size * np.minimum(n, self.groups))
        told: Floats = np.where(place >= 0, weights, 0).astype(np.float32)
        return told


def kept_baskets(history: Histories, n_items: int) -> Histories:
    """The purchases of known items, without those that were given back in full."""
    known = (history.items >= 0) & (history.items < n_items)
    bought = known & (history.weights > 0)
    if (history.weights[known] > 0).all():
        return history.where(bought)
    left = history.matrix(n_items)
    left.sort_indices()
    keys = np.repeat(np.arange(len(history), dtype=np.int64), np.diff(left.indptr)) * n_items + left.indices
    return history.where(bought & np.isin(history.rows.astype(np.int64) * n_items + history.items, keys))


def baskets_of(history: Histories, steps: Longs) -> Longs:
    """How many baskets each history has; int64 [n]. steps: see `steps_of`."""
    counts = np.zeros(len(history), dtype=np.int64)
    filled = history.lengths > 0
    first, last = history.starts[:-1][filled], history.starts[1:][filled] - 1
    counts[filled] = steps[last] - steps[first] + 1
    return counts


def place_of(history: Histories, steps: Longs, counts: Longs) -> Longs:
    """Which of its customer's baskets each event is in, from 0; int64 [n_events]."""
    return steps - (np.cumsum(counts) - counts)[history.rows]


def _groups(place: Longs, n: Longs, groups: int) -> tuple[Longs, Longs]:
    """The group of the basket at `place` of n, and how many baskets that group holds; int64 [n_events]."""
    small, longer = np.divmod(n, groups)
    few = (groups - longer) * small  # baskets in the groups without an extra one
    ahead = place < few
    group = np.where(ahead, place // np.maximum(small, 1), groups - longer + (place - few) // (small + 1))
    size = np.where(ahead, small, small + 1)
    return np.where(n < groups, place, group), np.where(n < groups, 1, size)
