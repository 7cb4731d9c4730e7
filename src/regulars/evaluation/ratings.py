"""How far predicted ratings are from those that customers gave, as figures that stand beside those of the lists.

RMSE and MAE are figures over all withheld ratings, not means over customers. So that they get the same intervals and
tests as any other figure, each customer holds a share whose mean over the customers is the figure: the figure itself
plus the customer's influence on it (Efron, Tibshirani, An Introduction to the Bootstrap, 1993, chapter 21).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from regulars.core import Bools, Dataset, Floats, Histories, Rates, floats

from .split import Split

Doubles = npt.NDArray[np.float64]

RATING: Final = "rating"  # the kind of event that rates, where a log has several kinds
_ROWS = 1_024  # customers whose ratings are predicted together


@dataclass(frozen=True)
class Rated:
    """The withheld ratings of n customers, and what was predicted.

    counts: int64 [n], ratings of each customer, one after another; errors: float64 [m], prediction less rating, NaN
    where the model could not tell; filled: the same with the customer's mean instead, the shop's where there is none.
    """

    counts: npt.NDArray[np.int64]
    errors: Doubles
    filled: Doubles

    def shares(self, values: Doubles) -> tuple[float, Doubles]:
        """The mean of `values` [m], and each customer's share in it [n]; NaN for customers without ratings."""
        if not len(values):
            return float("nan"), np.full(len(self.counts), np.nan)
        rows = np.repeat(np.arange(len(self.counts)), self.counts)
        mean = float(values.mean())
        beyond = np.bincount(rows, values, len(self.counts)) - mean * self.counts
        asked = self.counts > 0
        return mean, np.where(asked, mean + beyond / self.counts[asked].mean(), np.nan)


RatingMetric = Callable[[Rated], Floats]


def rmse(rated: Rated) -> Floats:
    """Root of the mean squared error over all ratings; each customer's share in it."""
    mean, shares = rated.shares(rated.filled**2)
    root = mean**0.5
    return floats(root + (shares - mean) / (2 * root) if root else shares)


def mae(rated: Rated) -> Floats:
    """Mean absolute error over all ratings; each customer's share in it."""
    return floats(rated.shares(np.abs(rated.filled))[1])


def told(rated: Rated) -> Floats:
    """Share of the ratings that the model could predict; for the others the customer's mean was taken."""
    return floats(rated.shares((~np.isnan(rated.errors)).astype(np.float64))[1])


RATING_METRICS: Final[Mapping[str, RatingMetric]] = MappingProxyType({"rmse": rmse, "mae": mae, "told": told})
FALLING: Final = ("rmse", "mae")  # the lower, the better


def direction(figure: str) -> int:
    """1 where more is better, -1 where less is: a figure times this is the larger, the better."""
    return -1 if figure in FALLING else 1


def rated(model: Rates, split: Split) -> Rated:
    """The model's predictions of the ratings that the split withholds; only events that rate are looked at."""
    given = _ratings(split.train, split.rated)
    predicted = np.full(len(given.items), np.nan)
    for start in range(0, len(given), _ROWS):
        rows = slice(start, min(start + _ROWS, len(given)))
        events = slice(int(given.starts[rows.start]), int(given.starts[rows.stop]))
        items, columns = np.unique(given.items[events], return_inverse=True)
        predicted[events] = model.rate(split.queries[rows], items)[given.rows[events] - start, columns]
    means = _means(_ratings(split.train, split.queries.history), split.train)[given.rows]
    ratings = given.weights.astype(np.float64)
    filled = np.where(np.isnan(predicted), means, predicted)
    return Rated(given.lengths, predicted - ratings, filled - ratings)


def _ratings(train: Dataset, events: Histories) -> Histories:
    return events.where(events.kinds == train.kinds.index(RATING)) if RATING in train.kinds else events


def _means(history: Histories, train: Dataset) -> Doubles:
    """The mean rating of each customer, of those who rated nothing the mean of all ratings of the training."""
    known: Bools = np.ones(len(train), dtype=np.bool_)
    if RATING in train.kinds:
        known = train.kind == train.kinds.index(RATING)
    counts = history.lengths
    sums = np.bincount(history.rows, history.weights, len(history))
    everybody = float(train.weight[known].mean(dtype=np.float64)) if known.any() else float("nan")
    return np.where(counts > 0, sums / np.maximum(counts, 1), everybody)
