"""LogOdds: how likely each item is, as a sum of what each piece of evidence says for it or against it."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, final

import numpy as np

from regulars.core import (
    MISSING,
    Allowed,
    Floats,
    Histories,
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
from regulars.kernels.contributions import sparse_contributions, strongest
from regulars.kernels.profiles import Sparse, sparse_scores

from .by_block import explained
from .columns import columns_of
from .profile import Profile

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_BLOCK = 4_000_000  # scores held at a time
_TINY: Final = float(np.finfo(np.float64).tiny)


@final
@dataclass(frozen=True)
class LogOdds(Scored):
    """Log-odds of buying each item: a prior, what the history says, and what the customer's attributes say.

    A piece of evidence e (an item of the history, or an attribute) says weights[e, i] of item i, an attribute of column
    c says rest[c, i] beside; most weights are 0 and not stored. prior, own: float32 [n_items], the prior is NaN for
    items that were never met; own is what an item says of itself. rest: float32 [columns, n_items].
    indptr, indices, data: the weights as CSR rows [n_items + n_features, n_items].
    Pieces of evidence repeat each other, so what the m items of a history say is divided by m ** damping, and so is
    what m attributes say; what an item says of itself is not. A customer of whom nothing is known scores NaN.
    """

    method: str
    n_items: int
    prior: Floats
    own: Floats
    rest: Floats
    indptr: Longs
    indices: Ints
    data: Floats
    columns: Columns = field(default_factory=Columns)
    profile: Profile = field(default_factory=Profile)
    damping: float = 1.0

    def __post_init__(self) -> None:
        rows, shape = self.n_items + len(self.columns), (len(self.columns.parts), self.n_items)
        whole = len(self.prior) == len(self.own) == self.n_items and self.rest.shape == shape
        stored = len(self.indptr) == rows + 1 and self.indptr[-1] == len(self.indices) == len(self.data)
        if not whole or not stored:
            raise BadTable(f"log-odds of {self.n_items} items need {shape[0]} rests and {rows} rows of weights")

    def score(self, queries: Queries, items: Ints | None = None) -> Floats:
        return columns_of(self._scores(queries), items)

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k items for which each of `items` [n] speaks most, whatever their prior."""
        size = max(1, _BLOCK // max(1, self.n_items))
        parts = [Recommendations.none(0, k, self.method)]
        for start in range(0, len(items), size):
            some = items[start : start + size]
            known = np.flatnonzero((some >= 0) & (some < self.n_items) & ~np.isnan(self.prior[some % self.n_items]))
            rows = np.full((len(some), self.n_items), np.nan, dtype=np.float32)
            alone = np.arange(len(known) + 1, dtype=np.int64), some[known], np.ones(len(known), dtype=np.float32)
            rows[known] = sparse_scores(alone, self._weights, self.n_items)
            rows[known, some[known]] = np.nan
            parts.append(top_k(rows, k, (allowed or Allowed())[start : start + size], self.method))
        return Recommendations.concat(parts)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """The r items and attributes that say most for each answer, as a share of all that speaks for it.

        With r as large as the history and the attributes, these are all factors that raise the score.
        """

        def explain(queries: Queries, answers: Ints) -> tuple[Ints, Floats]:
            evidence = self._evidence(queries)
            starts, pieces, _ = evidence.damped
            return strongest(starts, pieces, np.maximum(self._said(evidence, answers), 0), r)

        reasons = explained(explain, queries, answer, r, self.n_items)
        pieces = reasons.items  # attributes are numbered behind the items
        items = np.where(pieces < self.n_items, pieces, MISSING).astype(np.int32)
        features = np.where(pieces >= self.n_items, pieces - self.n_items, MISSING).astype(np.int32)
        return replace(reasons, items=items, features=features, names=self.columns.names)

    @property
    def _weights(self) -> Sparse:
        return self.indptr, self.indices, self.data

    @cached_property
    def _groups(self) -> Ints:
        """The row of `rest` for each piece of evidence, MISSING for items; int32 [n_items + n_features]."""
        return np.concatenate([np.full(self.n_items, MISSING, dtype=np.int32), self.columns.groups])

    def _evidence(self, queries: Queries) -> "_Evidence":
        """What is known of each customer; items that were never met say nothing."""
        history = self.profile.of(queries, self.n_items)
        history.sort_indices()
        history.data[np.isnan(self.prior)[history.indices]] = 0
        history.eliminate_zeros()
        table = queries.attributes
        known = self.columns.matrix(table) if table.width else Histories.none(len(queries)).matrix(len(self.columns))
        starts = history.indptr.astype(np.int64) + known.indptr
        order = np.argsort(np.concatenate([_rows(history), _rows(known)]), kind="stable")
        pieces = np.concatenate([history.indices, known.indices + self.n_items]).astype(np.int32)[order]
        damped = np.concatenate([_damped(history, self.damping), _damped(known, self.damping)])[order]
        return _Evidence((starts, pieces, damped), np.concatenate([history.data, known.data])[order])

    def _scores(self, queries: Queries) -> Floats:
        evidence = self._evidence(queries)
        starts, pieces, amounts = evidence.damped
        rows = np.repeat(np.arange(len(queries)), np.diff(starts))
        scores = sparse_scores(evidence.damped, self._weights, self.n_items)
        np.nan_to_num(scores, copy=False)
        scores += self.prior
        for group, rest in enumerate(self.rest):
            mass = np.bincount(rows, amounts * (self._groups[pieces] == group), len(queries))
            scores += floats(mass)[:, np.newaxis] * rest
        own = pieces < self.n_items
        scores[rows[own], pieces[own]] += evidence.amounts[own] * self.own[pieces[own]]
        scores[np.diff(starts) == 0] = np.nan
        return scores

    def _said(self, evidence: "_Evidence", answers: Ints) -> Floats:
        """What each piece of evidence adds to the score of each answer of its row; float32 [n_entries, k]."""
        starts, pieces, amounts = evidence.damped
        said = sparse_contributions(evidence.damped, self._weights, answers, self.n_items)
        beside = np.repeat(answers, np.diff(starts), axis=0)
        told = self._groups[pieces] != MISSING
        said[told] += amounts[told, np.newaxis] * self.rest[self._groups[pieces[told]][:, np.newaxis], beside[told]]
        entry, place = np.nonzero(beside == pieces[:, np.newaxis])
        said[entry, place] = evidence.amounts[entry] * self.own[pieces[entry]]
        said[beside == MISSING] = 0
        return said


@dataclass(frozen=True)
class _Evidence:
    """Items and attributes of each customer, as CSR rows [n, n_items + n_features].

    amounts: how much of each there is, float32 [n_entries]; damped: the same rows with what counts of it.
    """

    damped: Sparse
    amounts: Floats


def _rows(matrix: "csr_array") -> Longs:
    """The row of each entry."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def _damped(amounts: "csr_array", damping: float) -> Floats:
    """The entries, divided by the sum of their row to the power of `damping`."""
    sums = np.bincount(_rows(amounts), amounts.data, amounts.shape[0])
    return floats(amounts.data * np.power(np.maximum(sums, _TINY), -damping)[_rows(amounts)])
