"""Item-item models: each item of a history speaks for other items, and the sum of what they say is the score."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import numpy as np

from regulars.core import (
    MISSING,
    Allowed,
    Floats,
    Ints,
    Longs,
    Model,
    Queries,
    Reasons,
    Recommendations,
    Scored,
    top_k,
)
from regulars.core.errors import BadTable
from regulars.kernels.contributions import dense_contributions, sparse_contributions, strongest
from regulars.kernels.profiles import Sparse, dense_scores, sparse_scores
from regulars.kernels.reached import by_weights

from .by_block import BLOCK, explained, similar_by_scores
from .profile import Profile, parts_of
from .reaching import best_of

_ROWS = 1_024  # customers answered at a time


@final
@dataclass(frozen=True)
class SparseItemItem(Model):
    """Weights between few pairs of items, as the rows of a CSR matrix: who has item j gets weights[j, i] for item i.

    indptr: int64 [n_items + 1]; indices: int32, each at most once in a row; data: float32.
    An item that nothing in the history points to scores NaN.
    """

    method: str
    n_items: int
    indptr: Longs
    indices: Ints
    data: Floats
    profile: Profile = field(default_factory=Profile)

    def __post_init__(self) -> None:
        ends, near = self.indptr, self.indices
        whole = len(ends) == self.n_items + 1 and ends[0] == 0 and ends[-1] == len(near) == len(self.data)
        if not whole or (np.diff(ends) < 0).any() or not _within(near, self.n_items):
            raise BadTable(f"weights of {self.n_items} items need CSR rows of neighbors from 0 to {self.n_items - 1}")

    def score(self, queries: Queries, items: Ints | None = None) -> Floats:
        return self._scores(parts_of(self.profile.of(queries, self.n_items)), items)

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        parts = [Recommendations.none(0, k, self.method)]
        for start in range(0, len(queries), _ROWS):
            rows = slice(start, start + _ROWS)
            profiles = parts_of(self.profile.of(queries[rows], self.n_items))
            parts.append(self._best(profiles, k, (allowed or Allowed())[rows]))
        return Recommendations.concat(parts)

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k items for which each of `items` [n] speaks most; the answer to a history of that item alone."""
        return similar_by_scores(self._scores, items, self.n_items, k, allowed or Allowed(), self.method)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """The r items of each history with the largest profile[j] * weights[j, i], as a share of the score of i."""

        def explain(queries: Queries, answers: Ints) -> tuple[Ints, Floats]:
            profiles = parts_of(self.profile.of(queries, self.n_items))
            added = sparse_contributions(profiles, self._weights, answers, self.n_items)
            return strongest(profiles[0], profiles[1], added, r)

        return explained(explain, queries, answer, r, self.n_items)

    @property
    def _weights(self) -> Sparse:
        return self.indptr, self.indices, self.data

    def _best(self, profiles: Sparse, k: int, allowed: Allowed) -> Recommendations:
        """Among what is reached where that is little, else among all scores; the same to the bit."""
        n = len(profiles[0]) - 1
        if np.diff(self.indptr)[profiles[1]].sum() < n * self.n_items:
            return best_of(
                by_weights(profiles, self._weights, self.n_items), (n, self.n_items), k, allowed, self.method
            )
        size = max(1, BLOCK // max(1, self.n_items))
        starts, items, amounts = profiles
        parts = [Recommendations.none(0, k, self.method)]
        for start in range(0, n, size):
            rows = slice(start, start + size)
            scores = self._scores((starts[start : start + size + 1], items, amounts))
            parts.append(top_k(scores, k, allowed[rows], self.method))
        return Recommendations.concat(parts)

    def _scores(self, profiles: Sparse, items: Ints | None = None) -> Floats:
        if items is None:
            return sparse_scores(profiles, self._weights, self.n_items)
        known = (items >= 0) & (items < self.n_items)
        scores = np.full((len(profiles[0]) - 1, len(items)), np.nan, dtype=np.float32)
        scores[:, known] = sparse_scores(profiles, self._weights, self.n_items, items[known])
        return scores


@final
@dataclass(frozen=True)
class DenseItemItem(Scored):
    """Weights between all pairs of the m items that the model knows: who has item j gets weights[j, i] for item i.

    items: int32 [m], rising, the catalog's indices of the rows and columns; weights: float32 [m, m].
    Items that are not among them score NaN, and say nothing when they are in a history. Memory: 4 * m * m bytes.
    """

    method: str
    n_items: int
    items: Ints
    weights: Floats
    profile: Profile = field(default_factory=Profile)

    def __post_init__(self) -> None:
        m = len(self.items)
        if self.weights.shape != (m, m) or (np.diff(self.items) <= 0).any() or not _within(self.items, self.n_items):
            raise BadTable(f"weights {list(self.weights.shape)} need as many rising items from 0 to {self.n_items - 1}")

    def score(self, queries: Queries, items: Ints | None = None) -> Floats:
        return self._scores(self._known(parts_of(self.profile.of(queries, self.n_items))), items)

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k items for which each of `items` [n] speaks most; the answer to a history of that item alone."""

        def scores(profiles: Sparse) -> Floats:
            return self._scores(self._known(profiles))

        return similar_by_scores(scores, items, self.n_items, k, allowed or Allowed(), self.method)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """The r items of each history with the largest profile[j] * weights[j, i], as a share of the score of i."""

        def explain(queries: Queries, answers: Ints) -> tuple[Ints, Floats]:
            known = self._known(parts_of(self.profile.of(queries, self.n_items)))
            columns = np.where(answers == MISSING, MISSING, self._places[answers])
            added = dense_contributions(known, self.weights, columns)
            return strongest(known[0], self.items[known[1]], added, r)

        return explained(explain, queries, answer, r, self.n_items)

    @cached_property
    def _places(self) -> Ints:
        """The row of each item of the catalog, MISSING for those that the model does not know; int32 [n_items]."""
        places = np.full(self.n_items, MISSING, dtype=np.int32)
        places[self.items] = np.arange(len(self.items), dtype=np.int32)
        return places

    def _known(self, profiles: Sparse) -> Sparse:
        """The same profiles over the rows of the weights; what the model does not know is left out."""
        starts, items, amounts = profiles
        places = self._places[items]
        kept = np.concatenate([[0], np.cumsum(places != MISSING)])
        return kept[starts], places[places != MISSING], amounts[places != MISSING]

    def _scores(self, profiles: Sparse, items: Ints | None = None) -> Floats:
        if items is None and len(self.items) == self.n_items:
            return dense_scores(profiles, self.weights)
        wanted = np.arange(self.n_items, dtype=np.int32) if items is None else items
        inside = (wanted >= 0) & (wanted < self.n_items)
        places = np.where(inside, self._places[np.where(inside, wanted, 0)], MISSING)
        known = places != MISSING
        scores = np.full((len(profiles[0]) - 1, len(wanted)), np.nan, dtype=np.float32)
        scores[:, known] = dense_scores(profiles, self.weights, None if items is None else places[known])
        return scores


def _within(items: Ints, n_items: int) -> bool:
    return not len(items) or (int(items.min()) >= 0 and int(items.max()) < n_items)
