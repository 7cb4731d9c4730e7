"""Neighbors: the histories of other customers that resemble the one in question say what comes next."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, final

import numpy as np

from regulars.core import Allowed, Floats, Ints, Longs, Model, Queries, Reasons, Recommendations, starts_of
from regulars.core.errors import BadTable
from regulars.kernels.contributions import strongest
from regulars.kernels.neighbors import Stored, nearest_histories, shared_parts
from regulars.kernels.profiles import Sparse
from regulars.kernels.reached import by_weights

from .by_block import explained
from .profile import Profile
from .reaching import best_of, scores_of
from .weighing import Weighing

if TYPE_CHECKING:
    from scipy.sparse import csc_array, csr_array

_ROWS = 2_048  # questions answered at a time


@final
@dataclass(frozen=True)
class Neighbors(Model):
    """Item i scores sum sim(q, v) ** power * votes[v, i] over the k stored histories v most similar to the question q.

    starts, items: stored histories, without ids, as ragged rows, each item at most once in a row; votes: what each
    item weighs in an answer; likeness: what it weighs in comparisons, above 0; norms: of each history.
    A stored history whose items are all in the question says nothing new and is no neighbor: so no customer is their
    own neighbor, without anybody being known by a number. What no neighbor has scores NaN.
    Memory: 12 bytes for each pair of a customer and an item, and 8 more once it has been asked.
    """

    method: str
    n_items: int
    k: int
    power: float
    shrinkage: float
    starts: Longs
    items: Ints
    votes: Floats
    likeness: Floats
    norms: Floats
    weighing: Weighing
    profile: Profile = field(default_factory=Profile)

    def __post_init__(self) -> None:
        columns = {len(self.items), len(self.votes), len(self.likeness), int(self.starts[-1])}
        inside = not len(self.items) or (self.items.min() >= 0 and self.items.max() < self.n_items)
        if len(columns) != 1 or len(self.norms) != len(self.starts) - 1 or not inside:
            raise BadTable(f"stored histories of {self.n_items} items need columns of one length; they have {columns}")

    def score(self, queries: Queries, items: Ints | None = None) -> Floats:
        voters = self._voters(self._asked(queries))
        return scores_of(by_weights(voters, self._votes, self.n_items), (len(queries), self.n_items), items)

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        parts = [Recommendations.none(0, k, self.method)]
        for start in range(0, len(queries), _ROWS):
            rows = slice(start, start + _ROWS)
            parts.append(self._best(self._asked(queries[rows]), k, (allowed or Allowed())[rows]))
        return Recommendations.concat(parts)

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k items that a history of each of `items` [n] alone would be answered, itself left out."""
        known = (items >= 0) & (items < self.n_items)
        alone = Allowed(None, starts_of(known), items[known])
        asked = alone.starts, alone.excluded, np.ones(len(alone.excluded), dtype=np.float32)
        return self._best(asked, k, alone if allowed is None else alone & allowed)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """The r items of each history that those who voted for an answer share with it.

        Each vote is divided among the items in common, in proportion to what they add to the similarity.
        """

        def explain(queries: Queries, answers: Ints) -> tuple[Ints, Floats]:
            asked = self._asked(queries)
            compared = asked[0], asked[1], self.weighing.of(asked)
            added = shared_parts(compared, self._voters(asked), self._votes, self.likeness, answers)
            return strongest(asked[0], asked[1], added, r)

        return explained(explain, queries, answer, r, self.n_items)

    @property
    def _votes(self) -> Sparse:
        return self.starts, self.items, self.votes

    @cached_property
    def _stored(self) -> Stored:
        """What is searched; made when the model is first asked."""
        from scipy.sparse import csr_array

        columns = csr_array((self.likeness, self.items, self.starts), shape=(len(self.norms), self.n_items)).tocsc()
        columns.eliminate_zeros()
        return Stored((self.starts, self.items), parts(columns), self.norms)

    def _asked(self, queries: Queries) -> Sparse:
        profiles = self.profile.of(queries, self.n_items)
        profiles.sort_indices()
        return parts(profiles)

    def _voters(self, asked: Sparse) -> Sparse:
        """The neighbors of each question, and what the vote of each is multiplied by."""
        weights = self.weighing.of(asked)
        norms = self.weighing.norms(asked[0], weights, self.weighing.tilt)
        near = nearest_histories(
            (asked[0], asked[1], weights),
            norms,
            self._stored,
            self.k,
            shrinkage=self.shrinkage,
            union=self.weighing.union,
        )
        return near if self.power == 1 else (near[0], near[1], near[2] ** np.float32(self.power))

    def _best(self, asked: Sparse, k: int, allowed: Allowed) -> Recommendations:
        reach = by_weights(self._voters(asked), self._votes, self.n_items)
        return best_of(reach, (len(asked[0]) - 1, self.n_items), k, allowed, self.method)


def parts(matrix: "csr_array | csc_array") -> Sparse:
    """The arrays of a compressed matrix in the types of the kernels."""
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32, copy=False), matrix.data
