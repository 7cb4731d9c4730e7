"""CrossSell: what a customer never bought, with the chance that it is bought in the coming weeks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from regulars.core import (
    DAY,
    MISSING,
    QUIET,
    Allowed,
    Bools,
    Dataset,
    Estimator,
    Floats,
    Ints,
    Model,
    Queries,
    Recommendations,
    Recommender,
    Run,
    Settings,
    floats,
    setting,
)
from regulars.core.errors import EmptyData
from regulars.models import ALS
from regulars.ranking import RankFusion

from .calibration import Doubles, moments, rising
from .method import HORIZONS, at_horizons
from .reading import last_moment, purchases

NAME = "cross_sell"  # of the source
_RIDGE = 1.0
_STEPS = 30
_LATELY = 56  # days in which the new products of a customer are counted


@dataclass(frozen=True)
class Offers:
    """Products that each of n customers never bought, the likeliest first; padded with MISSING and NaN.

    items: int32 [n, depth]; chances: float32 [n, depth, horizons].
    """

    items: Ints
    chances: Floats


@dataclass(frozen=True)
class CrossSellModel:
    """weights: float64 [horizons, columns], of the log odds that a candidate is bought; buyers: float32 [n_items]."""

    model: Recommender
    weights: Doubles
    buyers: Floats
    depth: int

    def offers(self, queries: Queries, allowed: Allowed | None = None, horizons: Sequence[int] = HORIZONS) -> Offers:
        """The best of what the customers' histories do not hold."""
        items, columns = _candidates(self.model, self.buyers, queries, allowed, self.depth)
        odds = columns @ self.weights.T
        chances = rising(floats(1 / (1 + np.exp(-odds))).reshape(-1, len(HORIZONS)), HORIZONS)
        told = rising(at_horizons(chances, HORIZONS, horizons), horizons).reshape(*items.shape, len(horizons))
        told[items == MISSING] = np.nan
        order = np.argsort(np.where(items == MISSING, np.inf, -told[:, :, -1]), axis=1, kind="stable")
        return Offers(np.take_along_axis(items, order, 1), np.take_along_axis(told, order[:, :, None], 1))

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The first k offers, at most `depth`; the score is the chance of a purchase within the longest horizon."""
        offers, answer = self.offers(queries, allowed), Recommendations.none(len(queries), k, NAME)
        shown = min(k, self.depth)
        answer.items[:, :shown], answer.scores[:, :shown] = offers.items[:, :shown], offers.chances[:, :shown, -1]
        return answer


@dataclass(frozen=True)
class CrossSell(Settings):
    """Candidates of a method, and a logistic curve from its score, the rank, the sales and the customer to a chance.

    The method `of` is fitted on what was before the newest 4 weeks, its best `depth` products that a customer had not
    bought are compared with what was bought in these weeks; then it is fitted on everything. With methods `beside` it
    the candidates are those of all, fused by ranks (`RankFusion`), and the score is that of the fusion; where items
    have categories, `CategoryPopularity` beside the default finds more.
    """

    of: Estimator[Any] = field(default_factory=lambda: ALS(factors=64, half_life_days=90.0, rule="count"))
    beside: tuple[Estimator[Any], ...] = ()
    depth: int = setting(50, low=1, high=500, log=True)
    customers: int = setting(20_000, low=10, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> CrossSellModel:
        """Raises EmptyData when the log is too short, or nobody bought anything new."""
        bought = purchases(data)
        moment = moments(data, 1)[0]
        before, random = bought.where(bought.time < moment), run.random()
        active = np.flatnonzero(np.diff(before.starts)).astype(np.int32)
        some = np.sort(random.permutation(active)[: self.customers])
        early = self._fitted(before, run.at("early"))
        items, columns = _candidates(early, _buyers(before, moment), bought.queries(some, moment), None, self.depth)
        wanted = _bought(bought, some, items, moment)
        known = (items != MISSING).ravel()
        if not wanted.any():
            raise EmptyData("nobody bought any of the proposed new products in the last 4 weeks; raise depth")
        weights = [_fitted(columns[known], wanted.reshape(-1, len(HORIZONS))[known, h]) for h in range(len(HORIZONS))]
        end = last_moment(data)
        return CrossSellModel(self._fitted(bought, run.at("now")), np.stack(weights), _buyers(bought, end), self.depth)

    def _fitted(self, data: Dataset, run: Run) -> Recommender:
        model: Model = self.of.fit(data, run)
        if not self.beside:
            return model
        return RankFusion((model, *(method.fit(data, run) for method in self.beside)), depth=self.depth)


def _candidates(
    model: Recommender, buyers: Floats, queries: Queries, allowed: Allowed | None, depth: int
) -> tuple[Ints, Doubles]:
    """The items, int32 [n, depth], and what speaks for each, float64 [n * depth, columns]."""
    unseen = Allowed.all_but(queries.history)
    answer = model.recommend(queries, depth, unseen if allowed is None else unseen & allowed)
    n, items = len(queries), answer.items
    there = items != MISSING
    scores = np.where(there, np.nan_to_num(answer.scores), 0.0).astype(np.float64)
    sells = np.where(there, buyers[np.where(there, items, 0)], 0.0)
    new, visits = _novelty(queries)
    columns = np.stack(
        [
            np.ones((n, depth)),
            scores,
            np.broadcast_to(np.log1p(np.arange(depth)), (n, depth)),
            np.log1p(sells),
            np.broadcast_to(np.log1p(new)[:, None], (n, depth)),
            np.broadcast_to(np.log1p(visits)[:, None], (n, depth)),
        ],
        axis=2,
    )
    return items, columns.reshape(n * depth, -1)


def _novelty(queries: Queries) -> tuple[Doubles, Doubles]:
    """How many products each customer bought for the first time lately, and on how many days anything; float64 [n]."""
    history, n = queries.history, len(queries)
    day = (queries.times[history.rows] - 1 - history.times) // DAY
    width = int(history.items.max(initial=0)) + 1
    _, first = np.unique(history.rows.astype(np.int64) * width + history.items, return_index=True)
    fresh = first[day[first] < _LATELY]
    lately = day < _LATELY
    visits = np.unique(history.rows[lately].astype(np.int64) * _LATELY + day[lately])
    return (
        np.bincount(history.rows[fresh], minlength=n).astype(np.float64),
        np.bincount(visits // _LATELY, minlength=n).astype(np.float64),
    )


def _buyers(bought: Dataset, moment: int) -> Floats:
    """Customers who bought each item in the 4 weeks before; float32 [n_items]."""
    lately = (bought.time >= moment - 28 * DAY) & (bought.time < moment) & (bought.weight > 0)
    pairs = np.unique(bought.user[lately].astype(np.int64) * bought.n_items + bought.item[lately])
    return floats(np.bincount(pairs % bought.n_items, minlength=bought.n_items))


def _bought(bought: Dataset, users: Ints, items: Ints, moment: int) -> Bools:
    """Whether each was bought within each horizon; bool [n, depth, horizons]."""
    wanted = users.astype(np.int64)[:, None] * bought.n_items + items
    told = []
    for weeks in HORIZONS:
        later = (bought.time >= moment) & (bought.time < moment + weeks * 7 * DAY) & (bought.weight > 0)
        keys = bought.user[later].astype(np.int64) * bought.n_items + bought.item[later]
        told.append(np.isin(wanted, keys) & (items != MISSING))
    return np.stack(told, axis=2)


def _fitted(columns: Doubles, wanted: Bools) -> Doubles:
    """Logistic regression with a small ridge, by Newton's steps; float64 [columns]."""
    center, spread = columns[:, 1:].mean(axis=0), np.maximum(columns[:, 1:].std(axis=0), 1e-9)
    table = np.column_stack([np.ones(len(columns)), (columns[:, 1:] - center) / spread])
    weights = np.zeros(table.shape[1])
    share = (wanted.sum() + 0.5) / (len(wanted) + 1)
    weights[0] = np.log(share / (1 - share))
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-np.clip(table @ weights, -30, 30)))
        slope = table.T @ (chances - wanted) + _RIDGE * np.append(0.0, weights[1:])
        bend = (table * (chances * (1 - chances))[:, None]).T @ table + _RIDGE * np.eye(len(weights))
        weights = weights - np.linalg.solve(bend, slope)
    return np.append(weights[0] - (weights[1:] * center / spread).sum(), weights[1:] / spread)
