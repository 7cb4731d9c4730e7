"""Regression: what everybody wants, what a history adds to it, and what is bought again for its own sake."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import numpy as np

from regulars.core import MISSING, Floats, Ints, Queries, Reasons, Recommendations, Scored
from regulars.core.errors import BadTable
from regulars.kernels.contributions import dense_contributions, sparse_contributions, strongest
from regulars.kernels.profiles import Sparse, dense_scores, sparse_scores

from .basket_profile import BasketProfile
from .by_block import explained
from .profile import parts_of


@final
@dataclass(frozen=True)
class Regression(Scored):
    """Item i scores usual[i] + own * history[i] + sum of history[j] * weights[j, i] over the m items that have weights.

    usual: float32 [n_items], NaN for items that nobody met; items: int32 [m], rising; weights: float32 [m, m], where m
    may be 0. profile: what the history weighs. Everything is NaN for a history without a purchase.
    Memory: 4 * m * m bytes.
    """

    method: str
    n_items: int
    items: Ints
    weights: Floats
    usual: Floats
    own: float
    profile: BasketProfile = field(default_factory=BasketProfile)

    def __post_init__(self) -> None:
        m, inside = len(self.items), not len(self.items) or 0 <= self.items[0] <= self.items[-1] < self.n_items
        if (
            self.weights.shape != (m, m)
            or len(self.usual) != self.n_items
            or (np.diff(self.items) <= 0).any()
            or not inside
        ):
            raise BadTable(f"weights {list(self.weights.shape)} need as many rising items from 0 to {self.n_items - 1}")

    def score(self, queries: Queries, items: Ints | None = None) -> Floats:
        profiles = parts_of(self.profile.of(queries.history, self.n_items))
        wanted = np.arange(self.n_items, dtype=np.int32) if items is None else items
        inside = (wanted >= 0) & (wanted < self.n_items)
        scores = np.full((len(queries), len(wanted)), np.nan, dtype=np.float32)
        scores[:, inside] = self._scores(profiles, wanted[inside])
        scores[np.diff(profiles[0]) == 0] = np.nan
        return scores

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """The r items of each history that add most to an answer; what everybody wants has no reason."""

        def explain(queries: Queries, answers: Ints) -> tuple[Ints, Floats]:
            whole = parts_of(self.profile.of(queries.history, self.n_items))
            known = self._places[whole[1]]
            columns = np.where(answers == MISSING, MISSING, self._places[answers])
            added = sparse_contributions(whole, self._same, answers, self.n_items)
            kept = np.flatnonzero(known != MISSING)
            if len(kept):
                added[kept] += dense_contributions(self._known(whole), self.weights, columns)
            return strongest(whole[0], whole[1], added, r)

        return explained(explain, queries, answer, r, self.n_items)

    def _scores(self, profiles: Sparse, wanted: Ints) -> Floats:
        scores = np.repeat(self.usual[wanted][np.newaxis], len(profiles[0]) - 1, axis=0)
        scores += np.nan_to_num(sparse_scores(profiles, self._same, self.n_items, wanted))
        places = self._places[wanted]
        told = np.flatnonzero(places != MISSING)
        if len(told) == len(self.items) == len(wanted):  # the whole catalog
            scores += np.nan_to_num(dense_scores(self._known(profiles), self.weights))
        elif len(told):
            scores[:, told] += np.nan_to_num(dense_scores(self._known(profiles), self.weights, places[told]))
        return scores

    @cached_property
    def _places(self) -> Ints:
        """The row of each item of the catalog, MISSING for those without weights; int32 [n_items]."""
        places = np.full(self.n_items, MISSING, dtype=np.int32)
        places[self.items] = np.arange(len(self.items), dtype=np.int32)
        return places

    @cached_property
    def _same(self) -> Sparse:
        """What every item adds for itself."""
        n = self.n_items
        own = np.full(n, self.own, dtype=np.float32)
        return np.arange(n + 1, dtype=np.int64), np.arange(n, dtype=np.int32), own

    def _known(self, profiles: Sparse) -> Sparse:
        """The same profiles over the rows of the weights."""
        starts, items, amounts = profiles
        places = self._places[items]
        kept = places != MISSING
        return np.concatenate([[0], np.cumsum(kept)])[starts], places[kept], amounts[kept]
