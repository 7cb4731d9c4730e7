"""Raters: an item is rated as those deviated from what was expected of them who otherwise rate as you do."""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np

from regulars.core import (
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
from regulars.kernels.correlation import Near
from regulars.kernels.raters import Raters, heard, heard_parts, similar_raters

from .by_block import explained
from .clipped import Scale
from .rating_comparison import Comparison, Deviations

_ROWS = 512  # questions answered at a time


@final
@dataclass(frozen=True)
class RatingRaters(Scored):
    """mean + b_u + b_i + sum s_uv (r_vi - mean - b_v - b_i) / sum s_uv over the k customers v nearest to u who rated i.

    biases: b_i, float32 [n_items], NaN for items that nobody rated: they score NaN; b_u is solved from the history with
    `damping`. starts, items: the ratings of stored customers, without ids; values: what is compared of each rating,
    residuals: by how much it differs from the expected. Source: Koren, TKDD 2010, eq. 3, between customers.
    Memory: 12 bytes for each rating, and 16 more once it has been asked.
    """

    method: str
    n_items: int
    mean: float
    damping: float
    k: int
    shrinkage: float
    comparison: Comparison
    scale: Scale
    biases: Floats
    starts: Longs
    items: Ints
    values: Floats
    residuals: Floats

    def __post_init__(self) -> None:
        columns = {len(self.items), len(self.values), len(self.residuals), int(self.starts[-1])}
        inside = not len(self.items) or (self.items.min() >= 0 and self.items.max() < self.n_items)
        if len(columns) != 1 or len(self.biases) != self.n_items or not inside:
            raise BadTable(f"stored ratings of {self.n_items} items need columns of one length; they have {columns}")

    def score(self, queries: Queries, items: Ints | None = None) -> Floats:
        wanted = np.arange(self.n_items, dtype=np.int32) if items is None else items
        known = (wanted >= 0) & (wanted < self.n_items)
        scores = np.full((len(queries), len(wanted)), np.nan, dtype=np.float32)
        for start in range(0, len(queries), _ROWS):
            rows = slice(start, start + _ROWS)
            asked = self._deviations(queries[rows])
            said = heard(self._similar(asked), self._raters, self.k, wanted[known])
            scores[rows, known] = asked.expected[:, np.newaxis] + self.biases[wanted[known]] + said
        return scores

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k items whose ratings deviate most as those of each of `items` [n]: the cosine of all that is stored."""
        parts = [Recommendations.none(0, k, self.method)]
        for start in range(0, len(items), _ROWS):
            rows = slice(start, start + _ROWS)
            parts.append(top_k(self._cosines(items[rows]), k, (allowed or Allowed())[rows], self.method))
        return Recommendations.concat(parts)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """The r ratings of each history in which those who raise an answer agree most with it.

        What each of them adds is divided among the ratings in common, where both deviate in the same direction.
        """

        def explain(queries: Queries, answers: Ints) -> tuple[Ints, Floats]:
            asked = self._deviations(queries)
            added = heard_parts(asked.compared, self._similar(asked), self._raters, self.k, answers)
            return strongest(asked.compared.starts, asked.compared.neighbors, added, r)

        return explained(explain, queries, answer, r, self.n_items)

    def _similar(self, asked: Deviations) -> Near:
        return similar_raters(asked.compared, self._raters, self.shrinkage, centered=self.comparison.centered)

    def _deviations(self, queries: Queries) -> Deviations:
        return self.comparison.of(self.scale, queries.history, self.mean, self.damping, self.biases)

    @cached_property
    def _raters(self) -> Raters:
        """What is searched; made when the model is first asked."""
        order = np.argsort(self.items, kind="stable")
        rows = np.repeat(np.arange(len(self.starts) - 1, dtype=np.int32), np.diff(self.starts))
        ends = np.concatenate([[0], np.cumsum(np.bincount(self.items, minlength=self.n_items))])
        return Raters(self.starts, self.items, self.values, self.residuals, Near(ends, rows[order], self.values[order]))

    def _cosines(self, items: Ints) -> Floats:
        """Of each of `items` with all items, NaN where it is not positive; float32 [n, n_items]."""
        from scipy.sparse import csr_array

        table = csr_array((self.residuals, self.items, self.starts), shape=(len(self.starts) - 1, self.n_items))
        lengths = np.sqrt(np.bincount(self.items, np.square(self.residuals, dtype=np.float64), self.n_items))
        known = (items >= 0) & (items < self.n_items)
        some = items[known]
        products = (table[:, some].T @ table).toarray()
        products[np.arange(len(some)), some] = 0
        cosines = np.full((len(items), self.n_items), np.nan, dtype=np.float32)
        below = np.maximum(np.outer(lengths[some], lengths), 1e-12)
        cosines[known] = np.where(products > 0, products / below, np.nan)
        return cosines
