"""Rerankers: the order of a list, after its items were scored one by one."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from regulars.core import MISSING, Bools, Floats, Ints, Longs, Queries, Recommendations
from regulars.core.errors import BadTable, SettingError


class Reranker(Protocol):
    """A rule about the order of a whole list; it may look at all of its items at once."""

    def __call__(self, queries: Queries, answer: Recommendations) -> Recommendations:
        """The same items for each query in another order; scores fall along each row."""
        ...


@dataclass(frozen=True)
class Cap:
    """At most `most` items of a group (a category, a brand) before all others; the rest follows in its order.

    groups: int32 [n_items], MISSING for items that no cap holds for. What stands behind loses the spread of its row, so
    that scores still fall.
    """

    groups: Ints
    most: int

    def __post_init__(self) -> None:
        if self.most < 1:
            raise SettingError(f"a cap allows 1 item of a group or more; it is {self.most}")

    def __call__(self, queries: Queries, answer: Recommendations) -> Recommendations:
        groups = _of_items(self.groups, answer.items, MISSING)
        late = _number_among_its_like(groups) >= self.most
        late &= groups != MISSING
        found = answer.items != MISSING
        highest = np.max(answer.scores, axis=1, keepdims=True, where=found, initial=-np.inf)
        lowest = np.min(answer.scores, axis=1, keepdims=True, where=found, initial=np.inf)
        lowered = answer.scores - np.where(late, highest - lowest, 0).astype(np.float32)
        return _ordered(answer, lowered, late)


@dataclass(frozen=True)
class Boost:
    """Adds an amount to the score of each item; amounts: float32 [n_items], 0 for what stays as it is.

    The amounts are in the units of the ranker: with a listwise loss, log(2) doubles the chance of being chosen.
    """

    amounts: Floats

    def __post_init__(self) -> None:
        if self.amounts.ndim != 1 or not np.isfinite(self.amounts).all():
            raise BadTable("a boost needs one finite amount for each item")

    def __call__(self, queries: Queries, answer: Recommendations) -> Recommendations:
        return _ordered(answer, answer.scores + _of_items(self.amounts, answer.items, 0.0).astype(np.float32))


def _of_items(values: np.ndarray, items: Ints, otherwise: float) -> np.ndarray:
    """The value of each item; `otherwise` for padding and for items younger than the values."""
    known = (items >= 0) & (items < len(values))
    return np.where(known, values[np.where(known, items, 0)] if len(values) else otherwise, otherwise)


def _number_among_its_like(groups: Ints) -> Longs:
    """How many entries of the same row and group stand before each entry of groups [n, w]."""
    n, w = groups.shape
    order = np.argsort(groups, axis=1, kind="stable")
    ordered = np.take_along_axis(groups, order, axis=1)
    new = np.ones((n, w), dtype=np.bool_)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    place = np.broadcast_to(np.arange(w), (n, w))
    first = np.maximum.accumulate(np.where(new, place, 0), axis=1)
    number = np.empty((n, w), dtype=np.int64)
    np.put_along_axis(number, order, place - first, axis=1)
    return number


def _ordered(answer: Recommendations, scores: Floats, late: Bools | None = None) -> Recommendations:
    """Each row by its new scores, what is `late` after the rest; equal scores stay in the order they were in."""
    padding = answer.items == MISSING
    group = np.where(padding, 2, 0 if late is None else late.astype(np.int8))
    order = np.lexsort((-scores, group), axis=1)
    items, sources = (np.take_along_axis(part, order, axis=1) for part in (answer.items, answer.sources))
    return Recommendations(items, np.take_along_axis(scores, order, axis=1), answer.names, sources)
