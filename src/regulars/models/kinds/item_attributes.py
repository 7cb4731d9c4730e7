"""ItemAttributes: what items are like; a customer is the mean of what they chose."""

from dataclasses import dataclass, field
from functools import cached_property
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
    floats,
    top_k,
)
from regulars.core.errors import BadTable
from regulars.features import Columns
from regulars.kernels.attributes import products, reasons
from regulars.kernels.profiles import Sparse

from .profile import Profile, parts_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LIKENESSES = ("cosine", "linear", "euclidean")
_BLOCK = 4_000_000  # scores held at a time
_ROWS = 1_024  # customers explained at a time


@final
@dataclass(frozen=True)
class ItemAttributes(Scored):
    """Weights of the attributes of each item, as CSR rows [n_items, n_features] of `columns`, none negative.

    A customer's profile q is the mean of the vectors v of the history's items, weighed by `profile`. Scores are, by
    `likeness`: cosine q v / |q| |v|; linear q v; euclidean 1 / (1 + |q - v|). An item that shares no attribute with the
    profile scores NaN, and so does all for a history without attributes. Items need no customers to be scored.
    """

    method: str
    n_items: int
    columns: Columns
    indptr: Longs
    indices: Ints
    data: Floats
    profile: Profile = field(default_factory=Profile)
    likeness: str = "cosine"

    def __post_init__(self) -> None:
        ends, n = self.indptr, len(self.columns)
        whole = len(ends) == self.n_items + 1 and ends[0] == 0 and ends[-1] == len(self.indices) == len(self.data)
        known = not len(self.indices) or 0 <= self.indices.min() <= self.indices.max() < n
        if not whole or not known or (np.diff(ends) < 0).any():
            raise BadTable(f"attributes of {self.n_items} items need CSR rows of features from 0 to {n - 1}")
        if self.likeness not in LIKENESSES:
            raise BadTable(f"a likeness is one of {', '.join(LIKENESSES)}; it is {self.likeness!r}")

    def score(self, queries: Queries, items: Ints | None = None) -> Floats:
        return self._scores(self._means(queries) @ self._matrix, items)

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k items most like each of `items` [n], whether anybody has met them or not."""
        size = max(1, _BLOCK // max(1, self.n_items))
        parts = [Recommendations.none(0, k, self.method)]
        for start in range(0, len(items), size):
            some = items[start : start + size]
            known = np.flatnonzero((some >= 0) & (some < self.n_items))
            rows = np.full((len(some), self.n_items), np.nan, dtype=np.float32)
            rows[known] = self._scores(self._matrix[some[known]])
            rows[known, some[known]] = np.nan
            parts.append(top_k(rows, k, (allowed or Allowed())[start : start + size], self.method))
        return Recommendations.concat(parts)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """The r attributes that add most to q v, each with the item of the history that has most of it."""
        parts = []
        for start in range(0, len(queries), _ROWS):
            rows = slice(start, start + _ROWS)
            answers = np.where(answer.items[rows] < self.n_items, answer.items[rows], MISSING)
            parts.append(reasons(parts_of(self._means(queries[rows])), self._vectors, len(self.columns), answers, r))
        if not parts:
            return Reasons.none(0, answer.k, r)
        items, shares, features = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Reasons(items, shares, features, self.columns.names)

    @property
    def _vectors(self) -> Sparse:
        return self.indptr, self.indices, self.data

    @cached_property
    def _matrix(self) -> "csr_array":
        from scipy.sparse import csr_array

        return csr_array((self.data, self.indices, self.indptr), shape=(self.n_items, len(self.columns)))

    @cached_property
    def _squares(self) -> Floats:
        """|v|^2 of each item; float32 [n_items]."""
        rows = np.repeat(np.arange(self.n_items), np.diff(self.indptr))
        return floats(np.bincount(rows, self.data.astype(np.float64) ** 2, self.n_items))

    def _means(self, queries: Queries) -> "csr_array":
        """How much of each profile is each item's vector: weights of items that sum to 1; float32 [n, n_items]."""
        weights = self.profile.of(queries, self.n_items)
        weights.sort_indices()
        lengths = np.diff(weights.indptr)
        described = np.diff(self.indptr)[weights.indices] > 0  # an item without attributes does not dilute the others
        rows = np.repeat(np.arange(len(lengths)), lengths)
        sums = np.bincount(rows, weights.data * described, len(lengths))
        weights.data /= np.maximum(sums, np.finfo(np.float32).tiny)[rows].astype(np.float32)
        return weights

    def _scores(self, profiles: "csr_array", items: Ints | None = None) -> Floats:
        wanted = np.arange(self.n_items, dtype=np.int32) if items is None else items
        known = (wanted >= 0) & (wanted < self.n_items)
        inner = products(parts_of(profiles), self._vectors, len(self.columns), wanted[known])
        inner[inner == 0] = np.nan
        scores = np.full((profiles.shape[0], len(wanted)), np.nan, dtype=np.float32)
        scores[:, known] = self._likened(inner, profiles, self._squares[wanted[known]])
        return scores

    def _likened(self, inner: Floats, profiles: "csr_array", squares: Floats) -> Floats:
        """Scores from inner products [n, m], the profiles [n, n_features] and |v|^2 of the items [m]."""
        if self.likeness == "linear":
            return inner
        rows = np.repeat(np.arange(profiles.shape[0]), np.diff(profiles.indptr))
        own = floats(np.bincount(rows, profiles.data.astype(np.float64) ** 2, profiles.shape[0]))[:, np.newaxis]
        if self.likeness == "cosine":
            return floats(inner / np.sqrt(np.where(own > 0, own, 1) * np.where(squares > 0, squares, 1)))
        return floats(1 / (1 + np.sqrt(np.maximum(own + squares - 2 * inner, 0))))
