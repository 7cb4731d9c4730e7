"""Rating neighbors: an item is rated as the similar items of the history deviate from what was expected of them."""

from dataclasses import dataclass
from typing import final

import numpy as np

from regulars.core import (
    MISSING,
    Allowed,
    Floats,
    Ints,
    Longs,
    Queries,
    Reasons,
    Recommendations,
    Scored,
    top_k,
)
from regulars.core.errors import BadTable
from regulars.kernels.contributions import strongest
from regulars.kernels.correlation import Near, mean_parts, weighted_means

from .clipped import Scale
from .rating_comparison import deviations

_BLOCK = 4_000_000  # similarities held at a time


@final
@dataclass(frozen=True)
class RatingNeighbors(Scored):
    """mean + b_u + b_i + sum s_ij (r_uj - mean - b_u - b_j) / sum s_ij over the k items j of the history nearest to i.

    biases: b_i, float32 [n_items], NaN for items that nobody rated: they score NaN; b_u is solved from the history with
    `damping`. starts, neighbors, similarities: the items near each item, most similar first, all similarities positive.
    Source: Koren, TKDD 2010, eq. 3.
    """

    method: str
    n_items: int
    mean: float
    damping: float
    k: int
    scale: Scale
    biases: Floats
    starts: Longs
    neighbors: Ints
    similarities: Floats

    def __post_init__(self) -> None:
        whole = len(self.starts) == self.n_items + 1 and len(self.biases) == self.n_items
        if not whole or self.starts[-1] != len(self.neighbors) or len(self.neighbors) != len(self.similarities):
            raise BadTable(f"neighbors of {self.n_items} items need as many rows and biases")

    def score(self, queries: Queries, items: Ints | None = None) -> Floats:
        wanted = np.arange(self.n_items, dtype=np.int32) if items is None else items
        known = (wanted >= 0) & (wanted < self.n_items)
        scores = np.full((len(queries), len(wanted)), np.nan, dtype=np.float32)
        expected, history = self._deviations(queries)
        said = weighted_means(history, self._near, self.k, wanted[known])
        scores[:, known] = expected[:, np.newaxis] + self.biases[wanted[known]] + said
        return scores

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k items whose ratings go most the way of those of each of `items` [n]."""
        size = max(1, _BLOCK // max(1, self.n_items))
        parts = [Recommendations.none(0, k, self.method)]
        for start in range(0, len(items), size):
            rows = slice(start, start + size)
            parts.append(top_k(self._similarities(items[rows]), k, (allowed or Allowed())[rows], self.method))
        return Recommendations.concat(parts)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """The r ratings of each history that raise each answer most, as a share of what its neighbors add."""
        _, history = self._deviations(queries)
        answers = np.where(answer.items < self.n_items, answer.items, MISSING)
        added = mean_parts(history, self._near, self.k, answers)
        return Reasons(*strongest(history.starts, history.neighbors, added, r))

    def _similarities(self, items: Ints) -> Floats:
        """Of each of `items` with all items, NaN where it is not positive; float32 [n, n_items]."""
        scores = np.full((len(items), self.n_items), np.nan, dtype=np.float32)
        for row, item in enumerate(items.tolist()):
            if 0 <= item < self.n_items:
                near = slice(int(self.starts[item]), int(self.starts[item + 1]))
                scores[row, self.neighbors[near]] = self.similarities[near]
        return scores

    @property
    def _near(self) -> Near:
        return Near(self.starts, self.neighbors, self.similarities)

    def _deviations(self, queries: Queries) -> tuple[Floats, Near]:
        """mean + b_u of each customer, NaN without a rating, and what each rating differs from the expected."""
        expected, left, _ = deviations(self.scale, queries.history, self.mean, self.damping, self.biases)
        return expected, left
