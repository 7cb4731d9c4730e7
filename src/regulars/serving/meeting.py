"""Meeting: which items are met in one visit or one basket, counted event by event."""

from array import array
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from regulars.core import Dataset, Floats, Ints, Longs, starts_of
from regulars.kernels.cooccurrence import nearest
from regulars.kernels.logs import sessions_by_gap
from regulars.models.kinds.profile import parts_of

from .live import Near, Together

_LAST = 10  # items of a visit that a new one is paired with
_FEW, _PART = 10_000, 8  # items of which single arrays are kept, or one part in so many of all
_NOBODY = array("q")
_SPARE = 4  # times `neighbors`, that a row may grow to before the rare ones go


@dataclass
class Meeting:
    """Pairs of items of one customer that are at most `window` seconds apart.

    neighbors: how many are kept for each item; visits: customers whose visit is remembered, 250 bytes each; pairs: how
    many are counted one by one before they are packed, 50 bytes each: so memory does not grow, whether anybody asks or
    not. Changed by `count`; `published` gives values that never change.
    """

    window: int
    neighbors: int = 50
    visits: int = 20_000
    pairs: int = 200_000
    near: Near = field(default_factory=Near.none)
    totals: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    _rows: dict[int, dict[int, int]] = field(default_factory=dict)
    _newer: Mapping[int, tuple[Ints, Floats]] = field(default_factory=dict)
    _touched: set[int] = field(default_factory=set)
    _counted: int = 0
    _open: OrderedDict[str, "array[int]"] = field(default_factory=OrderedDict)  # item, time, item, time, ...

    @classmethod
    def of(cls, data: Dataset, window: int, neighbors: int = 50) -> "Meeting":
        """The pairs of a whole log at once."""
        from scipy.sparse import csr_array

        kept = data.weight > 0
        user, item, time = data.user[kept], data.item[kept], data.time[kept]
        visit = sessions_by_gap(user, time, window, 0)
        n = int(visit[-1]) + 1 if len(visit) else 0
        matrix = csr_array((np.ones(len(visit), np.float32), (visit, item)), shape=(n, data.n_items))
        matrix.sum_duplicates()
        matrix.data[:] = 1
        totals = np.bincount(matrix.indices, minlength=data.n_items).astype(np.float32)
        matrix = matrix[np.diff(matrix.indptr) > 1]
        ones = np.ones(data.n_items, dtype=np.float32)
        near = nearest(parts_of(matrix), parts_of(matrix.tocsc()), (ones, ones), neighbors)
        return cls(window, neighbors, near=Near(*near), totals=totals)

    def grow(self, n_items: int) -> None:
        if n_items > len(self.totals):
            self.totals = np.concatenate([self.totals, np.zeros(n_items - len(self.totals), dtype=np.float32)])

    def count(self, user: str, item: int, time: int) -> None:
        """One event of an item below the size that it was grown to."""
        before = self._open.pop(user, _NOBODY)
        low, high = time - self.window, time + self.window
        visit = [(other, then) for other, then in zip(before[::2], before[1::2], strict=True) if low <= then <= high]
        others = [other for other, _ in visit if other != item]
        if len(others) == len(visit):
            self.totals[item] += 1
            for other in others:
                self._add(item, other)
                self._add(other, item)
        kept = [*(one for one in visit if one[0] != item), (item, time)][-_LAST:]
        self._open[user] = array("q", [number for one in kept for number in one])
        if len(self._open) > self.visits:
            self._open.popitem(last=False)
        if self._counted > self.pairs:
            self._pack()

    def published(self, method: str) -> Together:
        """What goes together by now."""
        self._newer = {**self._newer, **{item: self._row(item) for item in self._touched}}
        self._touched = set()
        if len(self._newer) > max(_FEW, len(self.totals) // _PART):
            self._merge()
        return Together(method, self.totals.copy(), self.near._replace(newer=self._newer))

    def renumbered(self, new_of_old: Longs) -> "Meeting":
        """The same in another order of the items."""
        starts, items, counts = self.rows
        n = int(new_of_old.max(initial=-1)) + 1
        lengths = np.zeros(n, dtype=np.int64)
        old = new_of_old[: len(starts) - 1]
        lengths[old] = np.diff(starts)
        order = np.argsort(np.repeat(old, np.diff(starts)), kind="stable")
        near = Near(starts_of(lengths), new_of_old[items[order]].astype(np.int32), counts[order])
        totals = np.zeros(n, dtype=np.float32)
        totals[new_of_old[: len(self.totals)]] = self.totals
        return Meeting(self.window, self.neighbors, self.visits, self.pairs, near, totals)

    @property
    def rows(self) -> tuple[Longs, Ints, Floats]:
        """All neighbors and counts as CSR rows, one for each item."""
        near, n = self.near, len(self.totals)
        newer = {**self._newer, **{item: self._row(item) for item in self._touched}}
        lengths = np.zeros(n, dtype=np.int64)
        lengths[: len(near.starts) - 1] = np.diff(near.starts)
        stays = np.ones(n, dtype=np.bool_)
        stays[list(newer)] = False
        kept = np.repeat(stays, lengths)
        row = np.concatenate(
            [np.repeat(np.arange(n), lengths)[kept], *(np.full(len(r[0]), i) for i, r in newer.items())]
        )
        items = np.concatenate([near.items[kept], *(items for items, _ in newer.values())])
        counts = np.concatenate([near.counts[kept], *(counts for _, counts in newer.values())])
        order = np.argsort(row, kind="stable")
        return starts_of(np.bincount(row, minlength=n)), items[order], counts[order]

    def _pack(self) -> None:
        """Turns what was counted one by one into arrays, of which an item has `neighbors` entries at most."""
        self._newer = {**self._newer, **{item: self._row(item) for item in self._touched}}
        self._rows, self._touched, self._counted = {}, set(), 0

    def _merge(self) -> None:
        """Lays the arrays of single items into those of all."""
        self._pack()
        self.near, self._newer = Near(*self.rows), {}

    def _add(self, item: int, other: int) -> None:
        row = self._rows.get(item)
        if row is None:
            items, counts = self._newer[item] if item in self._newer else self.near.of(item)
            row = self._rows[item] = dict(zip(items.tolist(), counts.astype(np.int64).tolist(), strict=True))
            self._counted += len(row)
        self._counted += other not in row
        row[other] = row.get(other, 0) + 1
        self._touched.add(item)

    def _row(self, item: int) -> tuple[Ints, Floats]:
        """The most frequent neighbors of an item; a row that has grown long loses its rare ones."""
        row = self._rows[item]
        best = sorted(row, key=lambda other: (-row[other], other))[: self.neighbors]
        if len(row) > _SPARE * self.neighbors:
            self._counted -= len(row) - len(best)
            self._rows[item] = row = {other: row[other] for other in best}
        return np.array(best, dtype=np.int32), np.array([row[other] for other in best], dtype=np.float32)
