"""Filters: which items may be shown to whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Protocol

import numpy as np

from regulars.core import (
    Allowed,
    Bools,
    Explains,
    FindsSimilar,
    Ints,
    Queries,
    Reasons,
    Recommendations,
    Recommender,
)
from regulars.core.errors import BadTable, CannotDo


class Filter(Protocol):
    """A rule about which items may be answered; it never looks at scores."""

    def __call__(self, queries: Queries) -> Allowed:
        """What may be answered to each query."""
        ...


@dataclass(frozen=True)
class Unseen:
    """Nothing that is in the history already; kinds: only events with these codes of the dataset's kinds count."""

    kinds: tuple[int, ...] | None = None

    def __call__(self, queries: Queries) -> Allowed:
        history = queries.history
        return Allowed.all_but(history if self.kinds is None else history.where(np.isin(history.kinds, self.kinds)))


@dataclass(frozen=True)
class Only:
    """The same items for everybody: those in stock, on sale, in one category.

    mask: bool [n_items]; items younger than the mask are out.
    """

    mask: Bools

    def __post_init__(self) -> None:
        if self.mask.ndim != 1 or self.mask.dtype != np.bool_:
            raise BadTable(f"a mask of items is bool [n_items]; it is {self.mask.dtype} {list(self.mask.shape)}")

    @classmethod
    def of(cls, items: Ints, n_items: int) -> "Only":
        """Only these items of a catalog of n_items."""
        mask = np.zeros(n_items, dtype=np.bool_)
        mask[items] = True
        return cls(mask)

    def __call__(self, queries: Queries) -> Allowed:
        return Allowed(self.mask[np.newaxis])


def passing(filters: Sequence[Filter], queries: Queries, allowed: Allowed | None = None) -> Allowed:
    """What every filter, and `allowed`, lets pass."""
    return reduce(and_, (rule(queries) for rule in filters), allowed or Allowed())


@dataclass(frozen=True)
class Filtered:
    """A recommender that never answers what one of its filters forbids."""

    recommender: Recommender
    filters: tuple[Filter, ...]

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        return self.recommender.recommend(queries, k, passing(self.filters, queries, allowed))

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """What the recommender says; no reasons where it cannot explain."""
        if isinstance(self.recommender, Explains):
            return self.recommender.because(queries, answer, r)
        return Reasons.none(len(answer), answer.k, r)

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The similar items that pass the filters, asked about somebody who did nothing yet.

        Raises CannotDo when the recommender finds no similar items.
        """
        if not isinstance(self.recommender, FindsSimilar):
            raise CannotDo(f"{type(self.recommender).__name__} finds no similar items; use item_knn, ease or als")
        nobody = Queries.of([[]] * len(items))
        return self.recommender.similar_items(items, k, passing(self.filters, nobody, allowed))
