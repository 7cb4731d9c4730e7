"""A list as the rules want it, out of a longer one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, floor
from typing import Final

import numpy as np

from regulars.core import MISSING, Bools, Floats, Ints, Longs, Recommendations
from regulars.kernels.arranging import Limits, Lists, Table, arrange, lists_of

from .bound import Bound, Situation
from .columns import Numbers, Texts, Vectors
from .language import Condition
from .merits import following, worths
from .rules import Rules

PINNED: Final = "pinned"  # the source of an item that stands in its slot by a rule


@dataclass(frozen=True, eq=False)
class Group:
    """A limit on the values of a field, or on the items of a condition. codes: int32 [room], MISSING for none."""

    codes: Ints | None
    mask: Bools | None
    most: int

    def of(self, items: Ints) -> Ints:
        """The value of each item; int32, MISSING for padding and for items without one."""
        known = np.maximum(items, 0)
        values = self.codes[known] if self.codes is not None else np.where(self._mask[known], 0, MISSING)
        return np.where(items == MISSING, MISSING, values).astype(np.int32)

    def full(self, items: Ints) -> Bools | None:
        """The items that no further place is left for beside `items`; bool [room], None for none."""
        values = self.of(items)
        values = values[values != MISSING]
        counts = np.bincount(values)
        if self.codes is None:
            return self._mask if counts.sum() >= self.most else None
        full = np.flatnonzero(counts >= self.most)
        return np.isin(self.codes, full) if len(full) else None

    @property
    def _mask(self) -> Bools:
        return self.mask if self.mask is not None else np.zeros(0, dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class Want:
    """At least so many of the items of a condition; mask: bool [room]."""

    mask: Bools
    least: int


@dataclass(frozen=True, eq=False)
class Arrangement:
    """The rules of one situation as they hold for lists of k.

    pins: int32 [p], items that want a slot; slots: int64 [n, p], which one, from 0, -1 where the item may not stand.
    """

    bound: Bound
    situation: Situation
    k: int
    pins: Ints
    slots: Longs

    def chosen(self, answer: Recommendations, *, settled: Longs, first: int = 0) -> "Chosen":
        """The best k of each row; see `arrange`. settled: so many columns come first, as they stand; int64 [n].

        first: the place of the first column in the recommender's list.
        """
        items, places = np.ascontiguousarray(answer.items), following(answer.items.shape, first)
        if n_pins := len(self.pins):
            items = np.concatenate([np.where(self.slots >= 0, self.pins, MISSING), items], axis=1, dtype=np.int32)
            places = following(items.shape, first - n_pins)
        worth = worths(self.bound, self.situation, items, places)
        worth[:, :n_pins] = np.nan
        table = Table(items, worth, *self._marks(items))
        limits = Limits(self._most, self._least, self._strength)
        return Chosen(arrange(table, limits, self.k, slots=self.slots, settled=settled), items, n_pins)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The limits: caps, and what a share has at most."""
        return tuple(self._groups())

    @cached_property
    def wants(self) -> tuple[Want, ...]:
        """What a share has at least."""
        least = [(share.where, ceil(share.at_least * self.k - 1e-9)) for share in self.bound.rules.shares]
        return tuple(
            Want(self.bound.mask(where, self.situation).values, count) for where, count in least if where and count
        )

    def part(self, rows: Longs) -> "Arrangement":
        """For some of the questions."""
        if len(rows) == len(self.slots):
            return self
        situation = replace(self.situation, rows=self.situation.rows[rows])
        return replace(self, situation=situation, slots=self.slots[rows])

    def _groups(self) -> Iterator[Group]:
        for field, most in self.bound.rules.caps:
            if (codes := self._codes(field)) is not None:
                yield Group(codes, None, most)
        for share in self.bound.rules.shares:
            most = floor(share.at_most * self.k + 1e-9)
            if share.at_most < 1 and share.where:
                yield Group(None, self.bound.mask(share.where, self.situation).values, most)
            elif share.at_most < 1 and (codes := self._codes(share.by)) is not None:
                yield Group(codes, None, max(1, most))

    def _codes(self, field: str) -> Ints | None:
        column = self.bound.catalog.columns.get(field)
        return column.codes if isinstance(column, Texts | Numbers) else None

    def _marks(self, items: Ints) -> tuple[Ints, Bools, Ints, Floats]:
        """The groups, the wanted, the kinds and the vectors of a `Table`."""
        n, w = items.shape
        known, diversity = np.maximum(items, 0), self.bound.rules.diversity
        groups = np.empty((len(self.groups), n, w), dtype=np.int32)
        wanted = np.empty((len(self.wants), n, w), dtype=np.bool_)
        for at, group in enumerate(self.groups):
            groups[at] = group.of(items)
        for at, want in enumerate(self.wants):
            wanted[at] = want.mask[known] & (items != MISSING)
        codes = self._codes(diversity.by) if diversity else None
        kinds = (
            np.full((n, w), MISSING, dtype=np.int32) if codes is None else np.where(items == MISSING, -1, codes[known])
        )
        column = self.bound.catalog.columns.get(diversity.by) if diversity else None
        vectors = column.values[known] if isinstance(column, Vectors) else np.empty((n, w, 0), dtype=np.float32)
        return groups, wanted, kinds.astype(np.int32, copy=False), vectors

    @property
    def _most(self) -> Longs:
        return np.array([group.most for group in self.groups], dtype=np.int64)

    @property
    def _least(self) -> Longs:
        return np.array([want.least for want in self.wants], dtype=np.int64)

    @property
    def _strength(self) -> float:
        return self.bound.rules.diversity.strength if self.bound.rules.diversity else 0.0


@dataclass(frozen=True, eq=False)
class Chosen:
    """Columns of the candidates, best first; columns: int64 [n, k], -1 behind the end; the first `n_pins` are pinned.

    items: int32 [n, w], of the candidates, the pinned before them.
    """

    columns: Longs
    items: Ints
    n_pins: int

    @property
    def n_proposed(self) -> Longs:
        """How many of each row are not pinned; int64 [n]."""
        return np.asarray((self.columns >= self.n_pins).sum(axis=1))

    def proposed(self, candidates: Recommendations) -> Recommendations:
        """What was chosen of the candidates, in order, without the pinned."""
        order = np.argsort(self.columns < self.n_pins, axis=1, kind="stable")
        columns = np.take_along_axis(self.columns, order, axis=1)
        unpinned = np.where(columns < self.n_pins, MISSING, columns - self.n_pins)
        return self._listed(candidates, unpinned, candidates.items, n_pins=0)

    def answer(self, candidates: Recommendations) -> Recommendations:
        """The lists; the source of the pinned comes after those of the candidates."""
        return self._listed(candidates, self.columns, self.items, n_pins=self.n_pins)

    def _listed(self, candidates: Recommendations, columns: Longs, items: Ints, *, n_pins: int) -> Recommendations:
        proposed = Lists(*map(np.ascontiguousarray, (candidates.items, candidates.scores, candidates.sources)))
        lists = lists_of(columns, items, proposed, n_pins=n_pins, pinned=len(candidates.names))
        return Recommendations(lists.items, lists.scores, candidates.names, lists.sources)


def pins_of(bound: Bound, situation: Situation) -> Sequence[tuple[int, int]]:
    """The items that want a slot in a situation, and the slot, from 1; what may be shown is not looked at."""
    wanted: list[tuple[int, int]] = []
    pins = bound.rules.pins
    for pin, item in zip(pins, bound.catalog.items.places([pin.item for pin in pins]), strict=True):
        if item != MISSING and (pin.where is None or bound.mask(pin.where, situation).values[item]):
            wanted.append((item, pin.slot))
    return wanted


def shut_out(rules: Rules, k: int) -> tuple[Condition, ...]:
    """The conditions whose share of k slots is none."""
    return tuple(one.where for one in rules.shares if one.where and floor(one.at_most * k + 1e-9) == 0)


def names_with_pins(bound: Bound, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the sources of an answer, "pinned" at the end where the rules pin anything."""
    return (*names, PINNED) if bound.rules.pins else names


def beside(left: Recommendations, right: Recommendations) -> Recommendations:
    """Both lists of each row, one behind the other."""
    items, scores, sources = (
        np.concatenate([getattr(left, name), getattr(right, name)], axis=1) for name in ("items", "scores", "sources")
    )
    return Recommendations(items, scores, right.names, sources)


def written(whole: Recommendations, rows: Longs, part: Recommendations) -> Recommendations:
    """An answer with some of its rows written over; `whole` changes too."""
    whole.items[rows], whole.scores[rows], whole.sources[rows] = part.items, part.scores, part.sources
    return whole
