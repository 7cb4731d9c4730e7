"""Chances: a model whose scores are logits, read as probabilities."""

from dataclasses import dataclass, replace
from typing import final

import numpy as np

from regulars.core import Allowed, Floats, Frame, Ints, Model, Queries, Reasons, Recommendations, floats

from .factors import Factors


@final
@dataclass(frozen=True)
class Chances(Model):
    """The probability that the customer's next event is of the item, which `logits` tells; answers in its order."""

    method: str
    n_items: int
    logits: Factors

    def score(self, queries: Queries, items: Ints | None = None) -> Floats:
        return _chance(self.logits.score(queries, items))

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        best = self.logits.recommend(queries, k, allowed)
        return Recommendations(best.items, _chance(best.scores), best.names, best.sources)

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k items most like each of `items` [n], by the vectors that the logits are made of."""
        return self.logits.similar_items(items, k, allowed)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """The r items of each history that raise the logit of each answer most."""
        return self.logits.because(queries, answer, r)

    def add_items(self, features: Frame) -> "Chances":
        """The same with further items at the end of its catalog, see `Factors.add_items`."""
        logits = self.logits.add_items(features)
        return replace(self, n_items=logits.n_items, logits=logits)


def _chance(logits: Floats) -> Floats:
    """1 / (1 + exp(-logit)), without overflow; NaN stays NaN."""
    chances: Floats = floats(0.5 * (1 + np.tanh(0.5 * logits.astype(np.float64))))
    return chances
