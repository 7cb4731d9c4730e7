"""Pairs: a score for each pair of question and item that is no inner product of theirs."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from regulars.core import Allowed, Floats, Ints, Queries, Reasons, Recommendations, Scored, top_k
from regulars.kernels.contributions import strongest

from .by_block import explained
from .factors import Parts

PAIRS: Final = 1 << 20  # scored at a time


class PairScorer(ABC):
    """What scores pairs; it holds nothing of any customer."""

    @abstractmethod
    def score(self, queries: Queries, items: Ints) -> Floats:
        """The score of items [n, k] for their queries, or of the same items [1, m] for all; float32 [n, k] or [n, m].

        items: int32, all of the catalog. NaN where it cannot tell.
        """

    @abstractmethod
    def contributions(self, queries: Queries, answers: Ints) -> Parts:
        """What each item of a history adds to the score of each answer [n, k]; nothing to one of MISSING."""


@final
@dataclass(frozen=True)
class Pairs(Scored):
    """A network, or another judge of pairs, that is asked about the whole catalog some customers at a time."""

    method: str
    n_items: int
    scorer: PairScorer

    def score(self, queries: Queries, items: Ints | None = None) -> Floats:
        wanted = np.arange(self.n_items, dtype=np.int32) if items is None else items
        inside = (wanted >= 0) & (wanted < self.n_items)
        asked = wanted[inside][np.newaxis]
        scores = np.full((len(queries), len(wanted)), np.nan, dtype=np.float32)
        size = max(1, PAIRS // max(1, asked.size))
        for start in range(0, len(queries) if asked.size else 0, size):
            rows = slice(start, start + size)
            scores[rows, inside] = self.scorer.score(queries[rows], asked)
        return scores

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The answer to a history of each of `items` [n] alone, itself left out."""
        known = (items >= 0) & (items < self.n_items)
        questions = Queries.of([[item] if inside else [] for item, inside in zip(items.tolist(), known, strict=True)])
        but_itself = Allowed(None, np.arange(len(items) + 1, dtype=np.int64), items)
        permitted, size = (allowed or Allowed()) & but_itself, max(1, PAIRS // max(1, self.n_items))
        parts = [Recommendations.none(0, k, self.method)]
        for start in range(0, len(items), size):
            rows = slice(start, start + size)
            parts.append(top_k(self.score(questions[rows]), k, permitted[rows], self.method))
        return Recommendations.concat(parts)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """The r items of each history that add most to each answer."""

        def explain(queries: Queries, answers: Ints) -> tuple[Ints, Floats]:
            return strongest(*self.scorer.contributions(queries, answers), r)

        return explained(explain, queries, answer, r, self.n_items)
