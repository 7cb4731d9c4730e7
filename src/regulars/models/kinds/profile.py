"""Profile: what a history weighs, item by item, at the moment of asking."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regulars.core import Histories, Queries

if TYPE_CHECKING:
    from scipy.sparse import csr_array

RULES = ("binary", "count", "log")


@dataclass(frozen=True)
class Profile:
    """How the events of a history become one weight per item.

    rule: "count" sums the weights of an item's events, "log" takes log(1 + sum), "binary" counts an item once, by its
    newest event. half_life_days: a weight halves for every so many days between the event and the question; inf: never.
    """

    rule: str = "count"
    half_life_days: float = math.inf

    def of(self, queries: Queries, n_items: int) -> "csr_array":
        """Weight of each item for each query; float32 [n, n_items], without what was returned in full."""
        return self.of_histories(queries.history, queries.times, n_items)

    def of_histories(self, history: Histories, now: np.ndarray, n_items: int) -> "csr_array":
        """The same for histories looked at in the moments `now`, int64 [n]."""
        fades = math.isfinite(self.half_life_days)
        if self.rule == "binary" and fades:
            history = _newest(history)
        matrix = history.decayed(now, self.half_life_days).matrix(n_items)
        if self.rule == "binary" and not fades:  # what counts once needs no search for the newest event
            matrix.data[:] = 1
        if self.rule == "log":
            np.log1p(matrix.data, out=matrix.data)
        return matrix


def _newest(history: Histories) -> Histories:
    """Only the newest event of each item that is left after returns, with weight 1."""
    width = int(history.items.max(initial=0)) + 2  # index -1 is somebody's unknown item
    keys = history.rows.astype(np.int64) * width + history.items + 1
    _, newest, which = np.unique(keys[::-1], return_index=True, return_inverse=True)
    sums = np.bincount(which, weights=history.weights[::-1], minlength=len(newest))
    keep = np.zeros(len(keys), dtype=np.bool_)
    keep[len(keys) - 1 - newest[sums > 0]] = True
    kept = history.where(keep)
    return Histories(kept.starts, kept.items, kept.times, np.ones_like(kept.weights), kept.kinds)
