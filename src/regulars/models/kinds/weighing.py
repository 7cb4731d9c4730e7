"""Weighing: how histories are compared with each other."""

from dataclasses import dataclass
from typing import final

import numpy as np

from regulars.core import Floats, floats
from regulars.kernels.cooccurrence import LEAST
from regulars.kernels.profiles import Sparse

SIMILARITIES = ("cosine", "tfidf", "bm25", "jaccard")


@final
@dataclass(frozen=True)
class Weighing:
    """What the items of a history weigh in comparisons, and what the similarity of two histories is divided by.

    similarity: "cosine"; "tfidf", cosine of sqrt(weight) * idf; "bm25", the plain product of (k1 + 1) weight /
    (k1 (1 - b + b length / mean_length) + weight) * idf, length being the sum of a history's weights; "jaccard", items
    in common by items of both together, all weights 1. idf: float32 [n_items], what rare items have more of, 0 for
    items that say nothing. tilt a: a cosine divides by |question|^2a |stored|^(2 - 2a); below 1/2, long histories are
    heard less.
    """

    similarity: str
    idf: Floats
    tilt: float = 0.5
    k1: float = 1.2
    b: float = 0.75
    mean_length: float = 1.0

    @property
    def union(self) -> bool:
        """Whether a similarity is a part of what both have together."""
        return self.similarity == "jaccard"

    def of(self, profiles: Sparse) -> Floats:
        """The weight of each entry in comparisons; float32, 0 where it says nothing."""
        starts, items, amounts = profiles
        lengths = np.diff(starts)
        match self.similarity:
            case "cosine":
                weights = floats(amounts)
            case "tfidf":
                weights = floats(np.sqrt(amounts) * self.idf[items])
            case "bm25":
                sums = np.bincount(np.repeat(np.arange(len(lengths)), lengths), amounts, len(lengths))
                long = np.repeat(self.k1 * (1 - self.b + self.b * sums / self.mean_length), lengths)
                weights = floats((self.k1 + 1) * amounts / (long + amounts) * self.idf[items])
            case _:
                weights = np.ones_like(amounts)
        return floats(np.where(weights < LEAST, 0, weights))

    def norms(self, starts: np.ndarray, weights: Floats, tilt: float) -> Floats:
        """What similarities of each history are divided by (or its size), float32 [n]; 1 where it says nothing."""
        lengths = np.diff(starts)
        if self.similarity == "bm25":
            return np.ones(len(lengths), dtype=np.float32)
        rows = np.repeat(np.arange(len(lengths)), lengths)
        squares = np.bincount(rows, np.square(weights, dtype=np.float64), len(lengths))
        squares[squares == 0] = 1
        return floats(squares if self.union else squares**tilt)
