"""Ratings: how a history says them, and a model whose scores stay on their scale."""

from dataclasses import dataclass, replace
from typing import Protocol, final

import numpy as np

from regulars.core import (
    MISSING,
    Allowed,
    Explains,
    FindsSimilar,
    Floats,
    Frame,
    Histories,
    Ints,
    Longs,
    Model,
    Queries,
    Reasons,
    Recommendations,
    floats,
)
from regulars.core.errors import CannotDo

from .factors import Factors


class Predictor(FindsSimilar, Explains, Protocol):
    """What predicts ratings without regard for the ends of their scale."""

    def score(self, queries: Queries, items: Ints | None = None) -> Floats: ...
    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations: ...


@final
@dataclass(frozen=True)
class Scale:
    """The ratings that training saw: from `low` to `high`, in events of the code `kind` (MISSING: of any kind).

    A customer's rating of an item is the weight of the newest such event; what lies beyond an end counts as that end.
    """

    low: float
    high: float
    kind: int = MISSING

    def of(self, histories: Histories, known: np.ndarray) -> tuple[Longs, Ints, Floats]:
        """Starts [n + 1], items and ratings of each history, oldest first, of items that `known` [n_items] marks."""
        if self.kind != MISSING:
            histories = histories.where(histories.kinds == self.kind)
        inside = (histories.items >= 0) & (histories.items < len(known)) & np.isfinite(histories.weights)
        inside[inside] = known[histories.items[inside]]
        kept = _newest(histories.where(inside), len(known))
        return kept.starts, kept.items, floats(np.clip(kept.weights, self.low, self.high))


@final
@dataclass(frozen=True)
class Clipped(Model):
    """Predicted ratings, none beyond the ends of the scale; answers at an end stand in the order of the predictor."""

    method: str
    n_items: int
    low: float
    high: float
    predictor: Predictor

    def score(self, queries: Queries, items: Ints | None = None) -> Floats:
        return floats(np.clip(self.predictor.score(queries, items), self.low, self.high))

    def rate(self, queries: Queries, items: Ints) -> Floats:
        """The rating that each customer would give each of `items`: the score."""
        return self.score(queries, items)

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        best = self.predictor.recommend(queries, k, allowed)
        scores = floats(np.clip(best.scores, self.low, self.high))
        return Recommendations(best.items, scores, best.names, best.sources)

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k items most like each of `items` [n], as the predictor compares them."""
        return self.predictor.similar_items(items, k, allowed)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """The r items of each history that raise each answer most, as a share of what the whole history adds."""
        return self.predictor.because(queries, answer, r)

    def add_items(self, features: Frame) -> "Clipped":
        """The same with further items at the end of its catalog, see `Factors.add_items`. Raises CannotDo."""
        if not isinstance(self.predictor, Factors):
            raise CannotDo(f"{self.method} cannot place items by their attributes; two_tower can")
        predictor = self.predictor.add_items(features)
        return replace(self, n_items=predictor.n_items, predictor=predictor)


def _newest(history: Histories, n_items: int) -> Histories:
    """Only the newest event of each item, in the order of the history."""
    keys = history.rows.astype(np.int64) * n_items + history.items
    _, newest = np.unique(keys[::-1], return_index=True)
    keep = np.zeros(len(keys), dtype=np.bool_)
    keep[len(keys) - 1 - newest] = True
    return history.where(keep)
