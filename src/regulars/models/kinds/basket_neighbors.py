"""Basket neighbors: a customer's own habits, and those of the customers whose habits are nearest."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, final

import numpy as np

from regulars.core import Floats, Ints, Longs, Queries, Reasons, Recommendations, Scored
from regulars.core.errors import BadTable
from regulars.kernels.basket_neighbors import nearest_vectors
from regulars.kernels.contributions import sparse_contributions, strongest
from regulars.kernels.neighbors import shared_parts
from regulars.kernels.profiles import Sparse

from .basket_profile import BasketProfile
from .by_block import explained
from .profile import parts_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@final
@dataclass(frozen=True)
class BasketNeighbors(Scored):
    """Item i scores own * habit[i] + others * sum of nearness(v) * votes[v, i] over the k stored vectors v nearest.

    starts, items: stored vectors, without ids, as ragged rows of rising items; votes: what each item weighs in an
    answer; likeness: what it weighs when vectors are compared. habit, compared: how the history of the question becomes
    the same two. power 0: nearest by distance, and nearness is 1 / k for all of them (TIFU-kNN); else a cosine with
    `tilt` on the side of the question and `shrinkage`, to the `power` (UP-CF). What neither the history nor a neighbor
    has scores NaN, and so does everything for a history without a purchase. Who is stored is a neighbor of their own
    history as well as any stranger with the same history.
    """

    method: str
    n_items: int
    k: int
    own: float
    others: float
    power: float
    tilt: float
    shrinkage: float
    starts: Longs
    items: Ints
    votes: Floats
    likeness: Floats
    habit: BasketProfile
    compared: BasketProfile

    def __post_init__(self) -> None:
        columns = {len(self.items), len(self.votes), len(self.likeness), int(self.starts[-1])}
        inside = not len(self.items) or (self.items.min() >= 0 and self.items.max() < self.n_items)
        if len(columns) != 1 or not inside:
            raise BadTable(f"stored vectors of {self.n_items} items need columns of one length; they have {columns}")

    def score(self, queries: Queries, items: Ints | None = None) -> Floats:
        sums = self._sums(queries)
        scores = np.full((len(queries), self.n_items), np.nan, dtype=np.float32)
        scores[np.repeat(np.arange(len(queries)), np.diff(sums.indptr)), sums.indices] = sums.data
        if items is None:
            return scores
        known = (items >= 0) & (items < self.n_items)
        picked = np.full((len(queries), len(items)), np.nan, dtype=np.float32)
        picked[:, known] = scores[:, items[known]]
        return picked

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """The r items of each history that speak for an answer: itself if it is bought again, and what those who vote
        for it have in common with the customer, in proportion to what it adds to the likeness.
        """

        def explain(queries: Queries, answers: Ints) -> tuple[Ints, Floats]:
            asked = parts_of(self.compared.of(queries.history, self.n_items))
            added = shared_parts(asked, self._voters(asked, alike=True), self._votes, self.likeness, answers)
            habit = _within(parts_of(self.habit.of(queries.history, self.n_items)), asked, self.n_items)
            own = asked[0], asked[1], habit * np.float32(self.own)
            return strongest(
                asked[0], asked[1], added + sparse_contributions(own, self._same, answers, self.n_items), r
            )

        return explained(explain, queries, answer, r, self.n_items)

    def _sums(self, queries: Queries) -> "csr_array":
        from scipy.sparse import csr_array

        asked = parts_of(self.compared.of(queries.history, self.n_items))
        voters = self._voters(asked)
        shape = len(queries), len(self.starts) - 1
        heard = csr_array((voters[2], voters[1], voters[0]), shape=shape)
        stored = csr_array((self.votes, self.items, self.starts), shape=(shape[1], self.n_items))
        own = self.habit.of(queries.history, self.n_items)
        own.data *= np.float32(self.own)
        return csr_array(heard @ stored + own)

    def _voters(self, asked: Sparse, *, alike: bool = False) -> Sparse:
        """The neighbors of each question that has a history, and what it counts; alike: if an item is in common."""
        left = _lengths(asked, self.tilt)
        (ends, rows, values), products = nearest_vectors(
            asked, left, self._by_item, self._right, self.k, shrinkage=self.shrinkage, euclid=not self.power
        )
        counts = np.diff(ends)
        if self.power:
            values = values ** np.float32(self.power) * np.float32(self.others)
        else:
            values = np.repeat(np.float32(self.others) / np.maximum(counts, 1).astype(np.float32), counts)
        kept = np.repeat(np.diff(asked[0]) > 0, counts)
        kept &= (products > 0) if alike else True
        return np.concatenate([[0], np.cumsum(kept)])[ends], rows[kept], values[kept]

    @property
    def _votes(self) -> Sparse:
        return self.starts, self.items, self.votes

    @cached_property
    def _by_item(self) -> Sparse:
        """What is searched; made when the model is first asked."""
        from scipy.sparse import csr_array

        shape = len(self.starts) - 1, self.n_items
        return parts_of(csr_array((self.likeness, self.items, self.starts), shape=shape).tocsc())

    @cached_property
    def _right(self) -> Floats:
        stored = self.starts, self.items, self.likeness
        return _lengths(stored, 1 - self.tilt) if self.power else _lengths(stored, 1.0)

    @cached_property
    def _same(self) -> Sparse:
        """Every item speaks for itself."""
        n = self.n_items
        return np.arange(n + 1, dtype=np.int64), np.arange(n, dtype=np.int32), np.ones(n, dtype=np.float32)


def stored(compared: "csr_array", habits: "csr_array") -> tuple[Longs, Ints, Floats, Floats]:
    """The fields starts, items, votes, likeness of vectors whose habits are among what is compared; none is empty."""
    full = np.diff(compared.indptr) > 0
    asked = parts_of(compared[full])
    votes = _within(parts_of(habits[full]), asked, compared.shape[1])
    return asked[0], asked[1], votes, asked[2]


def _within(part: Sparse, whole: Sparse, n_items: int) -> Floats:
    """The values of `part` at the entries of `whole`, 0 where it has none; both have rising items."""
    rows = [np.repeat(np.arange(len(one[0]) - 1, dtype=np.int64), np.diff(one[0])) for one in (part, whole)]
    values = np.zeros(len(whole[1]), dtype=np.float32)
    at = np.searchsorted(rows[1] * n_items + whole[1], rows[0] * n_items + part[1])
    values[at] = part[2]
    return values


def _lengths(vectors: Sparse, power: float) -> Floats:
    """The squared length of each vector, to the power; float32 [n]."""
    starts, _, weights = vectors
    rows = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    squares = np.bincount(rows, weights.astype(np.float64) ** 2, len(starts) - 1)
    lengths: Floats = (squares**power).astype(np.float32)
    return lengths
