"""Profile: what a history weighs, item by item, at the moment of asking."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from regulars.core import Floats, Histories, Longs, Queries
from regulars.kernels.fold_in import BINARY, COUNT, LOG
from regulars.kernels.profiles import Sparse

from .steps import steps_since

if TYPE_CHECKING:
    from scipy.sparse import csc_array, csr_array

RULES = ("binary", "count", "log")


@dataclass(frozen=True)
class Profile:
    """How the events of a history become one weight per item.

    rule: "count" sums the weights of an item's events, "log" takes log(1 + sum), "binary" counts an item once, by its
    newest event. half_life_days: a weight halves for every so many days between the event and the question; inf: never.
    half_life_steps: it halves for every so many newer steps of the history, be they clicks or whole baskets; see
    `steps_of`. basket: who has something in the basket is asked about by that alone.
    """

    rule: str = "count"
    half_life_days: float = math.inf
    half_life_steps: float = math.inf
    basket: bool = False

    def of(self, queries: Queries, n_items: int) -> "csr_array":
        """Weight of each item for each query; float32 [n, n_items], without what was returned in full."""
        return self._summed(self.weighed(queries, n_items), n_items)

    def of_histories(self, history: Histories, now: np.ndarray, n_items: int) -> "csr_array":
        """The same for histories looked at in the moments `now`, int64 [n]."""
        return self._summed(self._weighed(history, now, n_items), n_items)

    def weighed(self, queries: Queries, n_items: int) -> Histories:
        """What each query is asked about, each event with its weight at that moment; `law` says how they are summed."""
        history = queries.history
        if self.basket:
            without = queries.baskets.lengths[history.rows] == 0
            history = history.where(without).joined(queries.baskets)
        return self._weighed(history, queries.times, n_items)

    @property
    def law(self) -> int:
        """What becomes of the sum of an item's weights: COUNT, LOG or BINARY of kernels/fold_in.py."""
        if self.rule == "binary":
            return COUNT if self._fades else BINARY
        return LOG if self.rule == "log" else COUNT

    def _weighed(self, history: Histories, now: np.ndarray, n_items: int) -> Histories:
        if self._steps_fade:  # a step of nothing but unknown items is none
            history = history.where((history.items >= 0) & (history.items < n_items))
        weights = history.weights
        if self.rule == "binary" and self._fades:
            weights = _newest(history)
        faded = self._faded(weights, history, now)
        return history if faded is history.weights else replace(history, weights=faded)

    def _summed(self, history: Histories, n_items: int) -> "csr_array":
        matrix = history.matrix(n_items)
        if self.law == BINARY:  # what counts once needs no search for the newest event
            matrix.data[:] = 1
        if self.law == LOG:
            np.log1p(matrix.data, out=matrix.data)
        return matrix

    @property
    def _fades(self) -> bool:
        return math.isfinite(self.half_life_days) or self._steps_fade

    @property
    def _steps_fade(self) -> bool:
        return math.isfinite(self.half_life_steps)

    def _faded(self, weights: Floats, history: Histories, now: Longs) -> Floats:
        if math.isfinite(self.half_life_days):
            weights = replace(history, weights=weights).decayed(now, self.half_life_days).weights
        if not self._steps_fade:
            return weights
        return weights * np.exp2(-steps_since(history) / self.half_life_steps).astype(np.float32)


def _newest(history: Histories) -> Floats:
    """1 for the newest event of each item that is left after returns, 0 for all others; float32 [n_events]."""
    width = int(history.items.max(initial=0)) + 2  # index -1 is somebody's unknown item
    keys = history.rows.astype(np.int64) * width + history.items + 1
    _, newest, which = np.unique(keys[::-1], return_index=True, return_inverse=True)
    sums = np.bincount(which, weights=history.weights[::-1], minlength=len(newest))
    kept = np.zeros(len(keys), dtype=np.float32)
    kept[len(keys) - 1 - newest[sums > 0]] = 1
    return kept


def parts_of(matrix: "csr_array | csc_array") -> Sparse:
    """A sparse matrix as the kernels take it: CSR rows, or the columns of CSC."""
    values = matrix.data.astype(np.float32, copy=False)
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32, copy=False), values
