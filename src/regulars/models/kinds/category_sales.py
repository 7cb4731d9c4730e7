"""CategorySales: what sells, and how much more a customer buys from its category than others do."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import final

import numpy as np

from regulars.core import (
    MISSING,
    Allowed,
    Floats,
    Frame,
    Ints,
    Model,
    Queries,
    Reasons,
    Recommendations,
    floats,
    ints,
)
from regulars.core.errors import BadTable
from regulars.features.categories import CategoryColumn
from regulars.kernels.cells import Shelf, Tree, best_of_cells, lifts, reasons, shelf_of

from .profile import Profile, parts_of

_ROWS = 512  # customers answered at a time
_UNKNOWN = -2  # a value that was not learned, unlike one that is missing


@final
@dataclass(frozen=True)
class Shelves:
    """The categories of a shop as a tree, and where each item stands in it.

    columns: one for each level, coarse first. parents, values: int32 [n_cells], the cell above and the value of the
    level's column, MISSING for none; usual: float32 [n_cells], the part of what all customers have; cells: int32
    [n_items], the deepest cell of each item from which anybody had anything, MISSING where nothing is known.
    """

    columns: tuple[CategoryColumn, ...]
    parents: Ints
    values: Ints
    usual: Floats
    cells: Ints

    @classmethod
    def of(cls, frame: Frame, amounts: np.ndarray) -> "Shelves":
        """frame: the categories of each item, coarse first; amounts: [n_items], what all customers have of each."""
        columns = tuple(CategoryColumn.learn(column, 1) for column in frame.iter_columns())
        codes = _codes(columns, frame)
        cells = np.full(frame.height, MISSING, dtype=np.int64)
        reached = (codes != MISSING).any(axis=1)
        found: list[tuple[np.ndarray, ...]] = []
        count = 0
        for level in range(len(columns)):
            here, width = np.flatnonzero(reached), len(columns[level].values) + 1
            keys, which = np.unique((cells[here] + 1) * width + codes[here, level] + 1, return_inverse=True)
            sums = np.bincount(which, amounts[here], len(keys))
            there = sums > 0  # from a category of which nobody has anything nothing can be told
            number = np.where(there, count + np.cumsum(there) - 1, MISSING)[which]
            cells[here] = np.where(number != MISSING, number, cells[here])
            reached[here] = number != MISSING
            found.append((keys[there] // width - 1, keys[there] % width - 1, sums[there]))
            count += int(there.sum())
        parents, values, sums = (np.concatenate(column) for column in zip(*found, strict=True))
        return cls(columns, ints(parents), ints(values), floats(sums / max(1e-9, _whole(amounts, cells))), ints(cells))

    @property
    def tree(self) -> Tree:
        return Tree(self.parents, self.usual, self.cells)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What each cell is called: its value, with the column where that is a number."""
        levels = np.zeros(len(self.parents), dtype=np.int64)
        for cell, parent in enumerate(self.parents):
            levels[cell] = levels[parent] + 1 if parent != MISSING else 0
        words = [_words(column) for column in self.columns]
        return tuple(words[level][value] for level, value in zip(levels, self.values, strict=True))

    def widened(self, frame: Frame) -> "Shelves":
        """With further items, each in the deepest cell that is known."""
        codes = _codes(self.columns, frame)
        cells = np.full(frame.height, MISSING, dtype=np.int64)
        reached = (codes != MISSING).any(axis=1)
        if not len(self.parents):
            return replace(self, cells=np.concatenate([self.cells, ints(cells)]))
        width = int(self.values.max(initial=0)) + 2
        known = (self.parents.astype(np.int64) + 1) * width + self.values + 1
        order = np.argsort(known)
        for level in range(len(self.columns)):
            keys = np.where(codes[:, level] == _UNKNOWN, -1, (cells + 1) * width + codes[:, level] + 1)
            at = order[np.minimum(np.searchsorted(known, keys, sorter=order), len(order) - 1)]
            reached &= known[at] == keys
            cells = np.where(reached, at, cells)
        return replace(self, cells=np.concatenate([self.cells, ints(cells)]))


@final
@dataclass(frozen=True)
class CategorySales(Model):
    """score(i) = sales(i) * lift(category of i) ** power; see `kernels.cells.lifts` for the lift.

    sales: float32 [n_items], the part of all that was sold lately; newcomer: that of an item without sales. Items
    without a category or without sales score NaN, and so does all for a history without categories.
    """

    method: str
    n_items: int
    shelves: Shelves
    sales: Floats
    newcomer: float
    smoothing: float
    power: float
    profile: Profile = field(default_factory=Profile)

    def __post_init__(self) -> None:
        if not len(self.sales) == len(self.shelves.cells) == self.n_items:
            raise BadTable(f"{self.n_items} items need as many sales and cells; {len(self.sales)} sales were given")

    def score(self, queries: Queries, items: Ints | None = None) -> Floats:
        wanted = np.arange(self.n_items, dtype=np.int32) if items is None else items
        known = (wanted >= 0) & (wanted < self.n_items)
        known[known] = (self.shelves.cells[wanted[known]] != MISSING) & (self.sales[wanted[known]] > 0)
        scores = np.full((len(queries), len(wanted)), np.nan, dtype=np.float32)
        told = wanted[known]
        for start in range(0, len(queries), _ROWS):
            weights = self._weights(queries[start : start + _ROWS])
            scores[start : start + _ROWS, known] = weights[:, self.shelves.cells[told]] * self.sales[told]
        return scores

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        parts = [Recommendations.none(0, k, self.method)]
        for start in range(0, len(queries), _ROWS):
            rows = slice(start, start + _ROWS)
            permitted = (allowed or Allowed())[rows]
            banned = None if len(permitted.starts) == 1 else (permitted.starts, permitted.excluded)
            mask = permitted.wide(self.n_items)
            weights = self._weights(queries[rows])
            found = best_of_cells(weights, self._shelf, k, self.n_items, allowed=mask, excluded=banned)
            parts.append(Recommendations(*found, (self.method,)))
        return Recommendations.concat(parts)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """The r categories of each answer that the customer buys more from than others, and the item most bought there.

        Shares are of the lift, whatever the power.
        """
        told = Reasons.none(len(queries), answer.k, r)
        for start in range(0, len(queries), _ROWS):
            rows = slice(start, start + _ROWS)
            answers = np.where(answer.items[rows] < self.n_items, answer.items[rows], MISSING)
            profiles = parts_of(self.profile.of(queries[rows], self.n_items))
            found = reasons(profiles, self.shelves.tree, self.smoothing, answers, r)
            told.items[rows], told.shares[rows], told.features[rows] = found
        return replace(told, names=self.shelves.names)

    def add_items(self, features: Frame) -> "CategorySales":
        """The model with further items at the end of its catalog, in their categories, as items without sales yet.

        features: a row for each new item; one whose coarsest category was never bought from scores NaN.
        """
        sales = np.concatenate([self.sales, np.full(features.height, self.newcomer, dtype=np.float32)])
        return replace(self, n_items=len(sales), shelves=self.shelves.widened(features), sales=sales)

    @cached_property
    def _shelf(self) -> Shelf:
        return shelf_of(self.shelves.cells, self.sales, len(self.shelves.parents))

    def _weights(self, queries: Queries) -> Floats:
        """What multiplies the sales in each cell; float32 [n, n_cells], NaN rows for histories without categories."""
        profiles = parts_of(self.profile.of(queries, self.n_items))
        return lifts(profiles, self.shelves.tree, self.smoothing, self.power)


def _codes(columns: tuple[CategoryColumn, ...], frame: Frame) -> Ints:
    """The value of each row in each column, MISSING for none, _UNKNOWN for one that was not learned; [n, columns]."""
    codes = np.full((frame.height, len(columns)), MISSING, dtype=np.int64)
    for place, column in enumerate(columns):
        if column.column in frame.columns:
            values = frame[column.column]
            codes[values.is_not_null().to_numpy(), place] = _UNKNOWN
            entries = column.entries(values)
            codes[entries.rows, place] = entries.features
    return ints(codes)


def _whole(amounts: np.ndarray, cells: np.ndarray) -> float:
    return float(amounts[cells != MISSING].sum())


def _words(column: CategoryColumn) -> list[str]:
    """A name for each value, and at the end one for a missing value."""
    text = not column.values.ids.dtype.is_integer()
    return [str(one) if text else f"{column.column} {one}" for one in column.values.ids] + [f"no {column.column}"]
