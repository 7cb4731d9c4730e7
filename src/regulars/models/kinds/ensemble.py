"""Ensemble: several encoders side by side; the score is the sum of theirs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from regulars.core import Floats, Ints, Queries

from .factors import Encoder, Factors, Parts


@final
@dataclass(frozen=True)
class Ensemble(Encoder):
    """Networks that learned the same from other beginnings agree about what they know, and guess differently.

    members: of one width each; the vectors of queries and items are theirs one after another.
    Source: Lakshminarayanan et al., Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles, 2017.
    """

    members: tuple[Encoder, ...]

    def encode(self, queries: Queries, item_vectors: Floats) -> Floats:
        parts = np.split(item_vectors, len(self.members), axis=1)
        vectors = [one.encode(queries, np.ascontiguousarray(part)) for one, part in self._beside(parts)]
        return np.concatenate(vectors, axis=1)

    def contributions(self, queries: Queries, item_vectors: Floats, answers: Ints) -> Parts:
        parts = np.split(item_vectors, len(self.members), axis=1)
        given = [one.contributions(queries, np.ascontiguousarray(part), answers) for one, part in self._beside(parts)]
        starts, items, _ = given[0]
        return starts, items, np.sum([added for _, _, added in given], axis=0, dtype=np.float32)

    def _beside(self, parts: list[Floats]) -> Iterator[tuple[Encoder, Floats]]:
        return zip(self.members, parts, strict=True)


def together(models: Sequence[Factors]) -> Factors:
    """One model of several that know the same items, with vectors of one width."""
    if len(models) == 1:
        return models[0]
    first = models[0]
    vectors = np.concatenate([model.item_vectors for model in models], axis=1)
    return Factors(first.method, first.n_items, vectors, Ensemble(tuple(model.encoder for model in models)))
