"""What methods of explicit ratings share: reading the ratings of a log, and what customers and items deviate by."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from regulars.core import EVENT, MISSING, Bools, Dataset, Floats, Ints, Longs, floats
from regulars.core.errors import BadTable, EmptyData
from regulars.kernels.sgd import Ratings, Side

from .kinds.clipped import Clipped, Scale
from .kinds.factors import Factors
from .kinds.rating_fold_in import RatingFoldIn, item_vectors

RATING: Final = "rating"  # the kind of event that rates, where a log has several kinds
ITEM_DAMPING, USER_DAMPING, PASSES = 10.0, 15.0, 10  # of the baselines: those of Koren, TKDD 2010, and of Surprise
SPREAD = 0.1  # standard deviation of the vectors before the first epoch


class Baselines(NamedTuple):
    """By how much customers and items deviate from the mean, in units of the ratings' standard deviation."""

    users: Floats  # [n_users]
    items: Floats  # [n_items]


@dataclass(frozen=True)
class Explicit:
    """The ratings of a log: (rating - mean) / unit for each customer, the unit being the standard deviation.

    So the settings mean the same for 5 stars as for 100 points. met: bool [n_items], the items that are rated.
    """

    scale: Scale
    mean: float
    unit: float
    ratings: Ratings
    met: Bools

    @classmethod
    def of(cls, data: Dataset) -> "Explicit":
        """Raises EmptyData without ratings, BadTable when no event rates, or ratings are not finite or all alike."""
        if not {RATING, EVENT} & set(data.kinds):
            raise BadTable(
                f"predicting ratings needs events of the kind {RATING!r}; these are of {', '.join(data.kinds)}. "
                "For purchases and views take als, item_knn or ease"
            )
        kind = data.kinds.index(RATING) if RATING in data.kinds else MISSING
        weights = data.weight if kind == MISSING else data.weight[data.kind == kind]
        if not len(weights):
            raise EmptyData("there are no ratings to learn from; a log needs at least two that differ")
        if not np.isfinite(weights).all():
            raise BadTable("ratings must be finite numbers; some weights are NaN or infinite")
        low, high = float(weights.min()), float(weights.max())
        if low == high:
            raise BadTable(
                f"all {len(weights)} ratings are {low:g}; predicting ratings needs some that differ. For purchases and "
                "views take als, item_knn or ease; for ratings map their column to weight"
            )
        scale = Scale(low, high, kind)
        starts, items, values = scale.of(data.histories(), np.ones(data.n_items, dtype=np.bool_))
        mean, unit = float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64))
        if unit == 0:
            raise BadTable(f"everybody's newest ratings are all {mean:g}; predicting ratings needs some that differ")
        met = np.bincount(items, minlength=data.n_items) > 0
        return cls(scale, mean, unit, Ratings(starts, items, floats((values - mean) / unit)), met)

    @property
    def n_users(self) -> int:
        return len(self.ratings.starts) - 1

    @cached_property
    def customers(self) -> Ints:
        """Those who rated anything; int32."""
        return np.flatnonzero(np.diff(self.ratings.starts)).astype(np.int32)

    @cached_property
    def rows(self) -> Longs:
        """The customer of each rating; int64."""
        return np.repeat(np.arange(self.n_users), np.diff(self.ratings.starts))

    def sides(self, factors: int, random: np.random.Generator) -> tuple[Side, Side]:
        """Customers and items before the first epoch; nothing depends on customers who rated nothing."""
        items = Side(np.zeros(len(self.met), dtype=np.float32), normal(random, len(self.met), factors))
        vectors = np.zeros((self.n_users, factors), dtype=np.float32)
        vectors[self.customers] = normal(random, len(self.customers), factors)
        return Side(np.zeros(self.n_users, dtype=np.float32), vectors), items

    def baselines(self) -> Baselines:
        """Biases of customers and items by alternating ridge regression (Koren, TKDD 2010, section 2.2)."""
        values, columns = self.ratings.values.astype(np.float64), self.ratings.items
        users, items = np.zeros(self.n_users), np.zeros(len(self.met))
        met_users, met_items = np.bincount(self.rows, minlength=len(users)), np.bincount(columns, minlength=len(items))
        for _ in range(PASSES):
            items = np.bincount(columns, values - users[self.rows], len(items)) / (ITEM_DAMPING + met_items)
            users = np.bincount(self.rows, values - items[columns], len(users)) / (USER_DAMPING + met_users)
        return Baselines(floats(users), floats(items))

    def unexplained(self, biases: Baselines) -> Floats:
        """What biases leave of each rating; float32 [n_ratings]."""
        left: Floats = self.ratings.values - biases.users[self.rows] - biases.items[self.ratings.items]
        return left

    def rmse(self, squares: float) -> tuple[tuple[str, float]]:
        """The figure of an epoch from its sum of squared errors, in units of the ratings."""
        return (("rmse", self.unit * (squares / len(self.ratings.values)) ** 0.5),)

    def model(self, method: str, items: Side, implicit: Floats | None, ridges: tuple[float, float]) -> Clipped:
        """Factors that solve a customer from their history; ridges: regularization and shrinkage of `RatingFoldIn`."""
        n = len(self.met)
        vectors = item_vectors(*items)
        vectors[~self.met] = np.nan
        said = np.zeros((n, 0), dtype=np.float32) if implicit is None else implicit
        encoder = RatingFoldIn(self.mean, self.unit, *ridges, self.scale, said)
        return Clipped(method, n, self.scale.low, self.scale.high, Factors(method, n, vectors, encoder))


def normal(random: np.random.Generator, n: int, factors: int) -> Floats:
    """Start vectors; float32 [n, factors]."""
    return random.standard_normal((n, factors), dtype=np.float32) * np.float32(SPREAD)
