"""What a candidate is worth: by its place in the recommender's list, and by what the rules say of it."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from regulars.core import MISSING, Ints

from .bound import Bound, Situation
from .columns import Numbers

HALF: Final = 10  # places down which the worth falls to a half: the 11th counts 1/2, the 21st 1/3, the 91st 1/10
Worths = NDArray[np.float64]


def worths(bound: Bound, situation: Situation, items: Ints, places: NDArray[np.int64]) -> Worths:
    """What each of items [n, w] is worth; float64 [n, w], NaN for padding.

    By its place p (from 0), since the scores of different recommenders share no scale: HALF / (HALF + p). Times the
    factors of all boosts that it fits, and 1 + weight * (x - m) / (x + m) for each weight on a field, where x is its
    number and m the median of the catalog; plus what boosts add, and never below 0. What is buried is below 0, in its
    order.
    """
    worth = HALF / (HALF + np.maximum(places, 0).astype(np.float64))
    known = np.maximum(items, 0)
    added = np.zeros(items.shape)
    for boost in bound.rules.boosts:
        fits = bound.mask(boost.where, situation).values[known]
        worth = np.where(fits, worth * boost.factor, worth)
        added += np.where(fits, boost.add, 0.0)
    for name, weight in bound.rules.weights:
        worth = worth * (1 + weight * leaning(bound.catalog.numbers(name), known))
    worth = np.maximum(worth + added, 0)
    for condition in bound.rules.bury:
        buried = bound.mask(condition, situation).values[known]
        worth = np.where(buried & (worth >= 0), -1.0 - places, worth)
    return np.where(items == MISSING, np.nan, worth)


def leaning(column: Numbers | None, items: Ints) -> Worths:
    """How far above (to 1) or below (to -1) the median a number is, 0 where it is missing."""
    if column is None:
        return np.zeros(items.shape)
    numbers = np.maximum(column.values[items].astype(np.float64), 0)
    with np.errstate(invalid="ignore"):
        far = (numbers - column.middle) / (numbers + column.middle)
    return np.where(np.isfinite(far), far, np.where(numbers == np.inf, 1.0, 0.0))


def following(shape: Sequence[int], first: int = 0) -> NDArray[np.int64]:
    """The places of lists of this shape, the best one `first`."""
    return np.broadcast_to(np.arange(first, first + shape[1]), tuple(shape))
