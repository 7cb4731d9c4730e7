"""RankFusion: one list out of several, by their ranks alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regulars.core import (
    MISSING,
    Allowed,
    FindsSimilar,
    Frame,
    Ints,
    Longs,
    Queries,
    Reasons,
    Recommendations,
    Recommender,
)
from regulars.core.errors import CannotDo, SettingError

from .sources import because_by_source, finders, with_items

_ROWS = 4_096  # customers fused at a time


@dataclass(frozen=True)
class RankFusion:
    """Reciprocal rank fusion (Cormack, Clarke, Buettcher, SIGIR 2009): score(i) = sum of weight / (constant + rank(i)).

    The sum runs over the recommenders that have i among their best `depth` allowed items (their best k if k is more);
    rank counts from 1. weights: one per recommender, none for all alike. The source of an answer is the recommender
    that gave it most, the earlier one if two gave the same; equal scores go to the lower index. Scores of the
    recommenders are never looked at, so nothing has to share a scale.
    """

    recommenders: tuple[Recommender, ...]
    weights: tuple[float, ...] = ()
    depth: int = 100
    constant: float = 60.0

    def __post_init__(self) -> None:
        n = len(self.recommenders)
        if not n:
            raise SettingError("a rank fusion needs at least one recommender; it has none")
        if self.weights and (len(self.weights) != n or min(self.weights) <= 0):
            raise SettingError(f"a rank fusion of {n} recommenders needs {n} weights above 0; they are {self.weights}")
        if self.depth < 1 or self.constant < 0:
            raise SettingError(f"depth must be 1 or more, constant 0 or more; they are {self.depth}, {self.constant}")

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        permitted = allowed or Allowed()
        parts = []
        for start in range(0, max(1, len(queries)), _ROWS):
            rows = slice(start, start + _ROWS)
            depth = max(self.depth, k)
            answers = [r.recommend(queries[rows], depth, permitted[rows]) for r in self.recommenders]
            parts.append(fused(answers, self._weights, self.constant, k))
        return Recommendations.concat(parts)

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k items most like each of `items` [n], fused in the same way from all who find similar items.

        Raises CannotDo when none of the recommenders does.
        """
        able = [(self.recommenders[place], self._weights[place]) for place in finders(self.recommenders)]
        if not able:
            raise CannotDo("none of the recommenders of this fusion finds similar items; add item_knn, ease or als")
        depth = max(self.depth, k)
        answers = [one.similar_items(items, depth, allowed) for one, _ in able if isinstance(one, FindsSimilar)]
        return fused(answers, [weight for _, weight in able], self.constant, k)

    def add_items(self, features: Frame) -> "RankFusion":
        """The same, new items placed by those of the recommenders that can. Raises CannotDo when none of them can."""
        return replace(self, recommenders=with_items(self.recommenders, features))

    @property
    def _weights(self) -> tuple[float, ...]:
        return self.weights or (1.0,) * len(self.recommenders)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """Each item of this fusion's `answer` explained by the recommender that gave it most."""
        return because_by_source(self.recommenders, queries, answer, r)


def fused(answers: Sequence[Recommendations], weights: Sequence[float], constant: float, k: int) -> Recommendations:
    """The k best items of each row by weighted reciprocal ranks; all answers have the same n rows."""
    pool = _pooled(answers, weights, constant)
    items, sums, sources = _summed(pool)
    best = np.argsort(-sums, axis=1, kind="stable")[:, :k]  # NaN is last; within a row, equal sums stand by item
    found = np.isfinite(np.take_along_axis(sums, best, axis=1))
    names = tuple(name for answer in answers for name in answer.names)
    result = Recommendations.none(len(items), k)
    row, column = np.nonzero(found)
    place = best[row, column]
    result.items[row, column] = items[row, place]
    result.scores[row, column] = sums[row, place]
    result.sources[row, column] = sources[row, place]
    return Recommendations(result.items, result.scores, names, result.sources)


class _Pool(NamedTuple):
    """All proposals for each row, side by side: items [n, w], what each rank is worth (NaN for padding), its source."""

    items: Ints
    worth: NDArray[np.float64]
    sources: NDArray[np.int16]


def _pooled(answers: Sequence[Recommendations], weights: Sequence[float], constant: float) -> _Pool:
    worth, sources, first = [], [], 0
    for answer, weight in zip(answers, weights, strict=True):
        reciprocal = weight / (constant + np.arange(1, answer.k + 1))
        worth.append(np.where(answer.items != MISSING, reciprocal, np.nan))
        sources.append(answer.sources + np.int16(first))
        first += len(answer.names)
    items = np.concatenate([answer.items for answer in answers], axis=1)
    return _Pool(items, np.concatenate(worth, axis=1), np.concatenate(sources, axis=1))


def _summed(pool: _Pool) -> tuple[Ints, NDArray[np.float64], NDArray[np.int16]]:
    """Each item of a row once, in the order of items: the sum of its worths and the source of the largest; else NaN."""
    # by item, then the largest worth first; the sort is stable, so the earlier recommender leads among equals
    order = np.lexsort((-pool.worth, pool.items), axis=1)
    items = np.take_along_axis(pool.items, order, axis=1)
    worth = np.take_along_axis(pool.worth, order, axis=1)
    leads = np.ones(items.shape, dtype=np.bool_)
    leads[:, 1:] = items[:, 1:] != items[:, :-1]
    leading: Longs = np.flatnonzero(leads)
    sums = np.full(items.shape, np.nan)
    if items.size:
        sums.ravel()[leading] = np.add.reduceat(worth.ravel(), leading)
    return items, sums, np.take_along_axis(pool.sources, order, axis=1)
