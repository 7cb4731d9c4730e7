"""Naive Bayes: how likely is each item, given what was bought before and who buys."""

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.core import QUIET, Bools, Dataset, Floats, Histories, Progress, Run, Settings, floats, setting
from regulars.core.errors import MissingColumn
from regulars.features import Columns, kind_of
from regulars.kernels.cooccurrence import LEAST, nearest
from regulars.kernels.profiles import Sparse

from .baskets import baskets
from .kinds.log_odds import LogOdds
from .kinds.profile import RULES, Profile
from .votes import both_ways

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class NaiveBayes(Settings):
    """Log-odds of buying an item: those of the item, plus log P(e | buys it) / P(e | does not) for all evidence e.

    Evidence are the items of the history and, with attributes, the customer's attributes. With c(i) customers of item
    i, c(e) with the evidence and c(e, i) with both, of n customers of whom it is known, P(e | i) is
    (c(e, i) + smoothing p) / (c(i) + smoothing), where p = c(e) / n: what is rarely seen is taken to be unrelated. What
    an item says of itself comes from the customers who bought it in two baskets or more (see `baskets`).
    damping d: m items of a history count as m ** (1 - d), so do m attributes; 0 is the textbook, which counts the same
    evidence again and again.
    neighbors: of how many items an item speaks, those with which it shares most customers; of others it says nothing:
    that nobody bought both is no evidence where there are thousands of items. attributes: whether those of the
    customers are used; columns: which, all but texts when empty; min_customers: whom a value needs.
    rule, half_life_days: see `Profile`.
    Raises MissingColumn when the table of customers lacks one of `columns`.
    """

    smoothing: float = setting(20.0, low=0.01, high=10_000.0, log=True)
    damping: float = setting(0.8, low=0.0, high=1.0)
    neighbors: int = setting(300, low=1, high=20_000, log=True)
    attributes: bool = setting(True)
    min_customers: int = setting(5, low=1, high=1_000, log=True)
    rule: str = setting("binary", choices=RULES)
    half_life_days: float = setting(math.inf, low=0.1, log=True)
    columns: tuple[str, ...] = ()

    def fit(self, data: Dataset, run: Run = QUIET) -> LogOdds:
        met = Profile("binary").of_histories(data.histories(), np.zeros(data.n_users, dtype=np.int64), data.n_items)
        met.sort_indices()
        there = np.diff(met.indptr) > 0
        columns, features = self._features(data, there)
        n, customers = float(there.sum()), _counts(met)
        rests, sizes = np.empty((len(columns.parts), data.n_items), dtype=np.float32), np.empty(len(columns))
        for place in range(len(columns.parts)):
            known = (columns.groups == place)[features.indices]
            told = np.diff(np.concatenate([[0], np.cumsum(known)])[features.indptr]) > 0
            sizes[columns.groups == place] = told.sum()
            rests[place] = self._rest(_counts(met, told), float(told.sum()))
        items, attributes = self._related(met, customers, run), _pairs(features, met)
        said = self._weights(items, customers, n)
        said += self._rest(customers, n)[items[1]]
        weights = said, self._weights(attributes, _counts(features), sizes)
        prior = np.where(customers > 0, np.log((customers + 0.5) / (n - customers + 0.5)), np.nan)
        return LogOdds(
            "naive_bayes",
            data.n_items,
            floats(prior),
            floats(self._own(data, customers, n)),
            rests,
            np.concatenate([items[0], items[0][-1] + attributes[0][1:]]),
            np.concatenate([items[1], attributes[1]]),
            np.concatenate(weights),
            columns,
            Profile(self.rule, self.half_life_days),
            self.damping,
        )

    def _features(self, data: Dataset, there: Bools) -> tuple[Columns, "csr_array"]:
        """The attributes that are used, and which customers with events have each; ones [n_users, n_features]."""
        table = data.user_features
        lost = [name for name in self.columns if name not in table.columns]
        if lost:
            raise MissingColumn(f"NaiveBayes: columns names {lost}; the table of customers has {table.columns}")
        if not self.attributes or not table.width:
            return Columns(), Histories.none(data.n_users).matrix(0)
        names = self.columns or tuple(name for name in table.columns if kind_of(table[name]) != "text")
        columns = Columns.learn(table.select(names).filter(there), min_count=self.min_customers)
        features = columns.matrix(table)
        features.data *= np.repeat(there, np.diff(features.indptr))
        features.eliminate_zeros()
        return columns, features

    def _related(self, met: "csr_array", customers: Doubles, run: Run) -> Sparse:
        """How many customers each item shares with those of which it shares most; CSR rows [n_items, n_items]."""
        ones = np.ones(len(customers), dtype=np.float32)
        by_user, by_item = both_ways(met)
        n = len(customers)
        report = partial(_report, run, n)
        return nearest(by_user, by_item, (ones, ones), self.neighbors, threads=run.threads or None, on_rows=report)

    def _weights(self, pairs: Sparse, evidence: Doubles, n: Doubles | float) -> Floats:
        """What each pair's count says beyond the rest: log P(e | i) / P(e | not i) less the same for a count of 0.

        evidence: customers of each row; n: customers of whom it is known.
        """
        lengths, both = np.diff(pairs[0]), pairs[2]
        share = np.repeat(floats(self.smoothing * evidence / np.maximum(n, 1)), lengths)
        met = np.repeat(floats(evidence), lengths)
        return floats(np.log1p(both / share) - np.log1p(-both / (met + share)))

    def _rest(self, customers: Doubles, n: float) -> Floats:
        """log P(e | i) / P(e | not i) for evidence that no customer of i has; the same for all evidence."""
        s = self.smoothing
        return floats(np.log(s * (n - customers + s) / ((customers + s) * (n + s))))

    def _own(self, data: Dataset, customers: Doubles, n: float) -> Doubles:
        """log P(bought before | buys again) / P(bought before | does not), for each item."""
        again = _again(data)
        share = np.maximum(self.smoothing * customers / max(n, 1), LEAST)
        odds = (again + share) / (customers - again + share)
        return np.asarray(np.log(odds * (n - customers + self.smoothing) / (customers + self.smoothing)))


def _report(run: Run, n: int, done: int) -> None:
    run.on_epoch(Progress("naive Bayes", done, n))


def _counts(matrix: "csr_array", rows: Bools | None = None) -> Doubles:
    """How many of `rows` have each column."""
    weights = None if rows is None else np.repeat(rows, np.diff(matrix.indptr))
    return np.bincount(matrix.indices, weights, matrix.shape[1]).astype(np.float64)


def _pairs(features: "csr_array", met: "csr_array") -> Sparse:
    """How many customers each feature shares with each item; CSR rows [n_features, n_items]."""
    shared = (features.T @ met).tocsr()
    return shared.indptr.astype(np.int64), shared.indices.astype(np.int32, copy=False), floats(shared.data)


def _again(data: Dataset) -> Doubles:
    """How many customers bought each item in two baskets or more; returns are no purchases."""
    bought = np.flatnonzero(data.weight > 0)
    lines = baskets(data)[bought] * np.int64(data.n_items) + data.item[bought]
    first = bought[np.unique(lines, return_index=True)[1]]  # one line of each item of a basket
    owned, times = np.unique(data.user[first] * np.int64(data.n_items) + data.item[first], return_counts=True)
    return np.bincount(owned[times > 1] % max(1, data.n_items), minlength=data.n_items).astype(np.float64)
