"""Graph filter: what the neighbors of an item say, and what the smooth part of the whole log says, added up."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

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
)
from regulars.core.errors import BadTable
from regulars.kernels.contributions import sparse_contributions, strongest
from regulars.kernels.graph import add_product, multiply
from regulars.kernels.profiles import Sparse

from .by_block import explained, similar_by_scores
from .columns import columns_of
from .fold_in import rows_of
from .profile import Profile

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@final
@dataclass(frozen=True)
class GraphFilter(Scored):
    """Item-item weights kept in two parts: who has item j gets near[j, i] + inward[j] . outward[i] for item i.

    near: few pairs, as CSR rows: indptr int64 [n_items + 1], indices int32, data float32. inward, outward: float32
    [n_items, d], NaN rows for items that were never met: they score NaN and say nothing. All pairs of a catalog have an
    answer, without ever being held. Memory: 8 bytes * (pairs + d * n_items).
    """

    method: str
    n_items: int
    indptr: Longs
    indices: Ints
    data: Floats
    inward: Floats
    outward: Floats
    profile: Profile = field(default_factory=Profile)

    def __post_init__(self) -> None:
        n, near = self.n_items, self.indices
        whole = len(self.indptr) == n + 1 and self.indptr[-1] == len(near) == len(self.data)
        within = not len(near) or (near.min() >= 0 and near.max() < n)
        if not whole or not within or self.inward.shape != self.outward.shape or len(self.inward) != n:
            raise BadTable(f"a graph filter of {n} items needs as many CSR rows and vectors inward and outward")

    def score(self, queries: Queries, items: Ints | None = None) -> Floats:
        return columns_of(self._scores(self._profiles(queries)), items)

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k items for which each of `items` [n] speaks most; the answer to a history of that item alone."""
        return similar_by_scores(self._scores, items, self.n_items, k, allowed or Allowed(), self.method)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """The r items of each history that add most to the score of each answer, as a share of it."""

        def explain(queries: Queries, answers: Ints) -> tuple[Ints, Floats]:
            profiles, known = self._profiles(queries), np.where(self._knows(answers), answers, MISSING)
            added = sparse_contributions(profiles, self._near, known, self.n_items)
            self._add_smooth(profiles, known, added)
            return strongest(profiles[0], profiles[1], added, r)

        return explained(explain, queries, answer, r, self.n_items)

    @property
    def _near(self) -> Sparse:
        return self.indptr, self.indices, self.data

    def _knows(self, items: Ints) -> np.ndarray:
        """Which of the indices, of any shape, are items that were met."""
        inside = (items >= 0) & (items < self.n_items)
        return inside & ~np.isnan(self.inward[np.where(inside, items, 0), 0]) if self.n_items else inside

    def _profiles(self, queries: Queries) -> Sparse:
        met: csr_array = self.profile.of(queries, self.n_items)
        met.data[~self._knows(met.indices)] = 0
        met.eliminate_zeros()
        return rows_of(met)

    def _scores(self, profiles: Sparse) -> Floats:
        vectors = multiply(profiles, self.inward, threads=None)
        vectors[np.diff(profiles[0]) == 0] = np.nan
        scores: Floats = vectors @ self.outward.T
        add_product(profiles, self._near, scores)
        return scores

    def _add_smooth(self, profiles: Sparse, answers: Ints, added: Floats) -> None:
        """Adds what each entry of the profiles says through the vectors to added [n_entries, k], in place."""
        starts, items, amounts = profiles
        for row in range(len(answers)):
            events, known = slice(int(starts[row]), int(starts[row + 1])), answers[row] != MISSING
            spoken = self.inward[items[events]] @ self.outward[answers[row][known]].T
            added[events, known] += amounts[events, np.newaxis] * spoken
