"""The order of lists under rules, slot by slot: what stands fast, what is full, what is wanted, what repeats."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .answers import Bools, Floats, Ints

Longs = NDArray[np.int64]
_LEAST = 1e-6  # what a repeated value counts at full strength: behind all new ones, but in order


class Table(NamedTuple):
    """What is known of the w candidates of each of n rows; pinned ones stand in the first columns.

    items: int32 [n, w]. worth: float64 [n, w], NaN for what cannot be chosen but by a pin. groups: int32 [c, n, w], the
    value of each limited field, -1 for none. wanted: bool [m, n, w], what each share is about. kinds: int32 [n, w], the
    value that should not repeat; vectors: float32 [n, w, d], or what should not be alike.
    """

    items: Ints
    worth: NDArray[np.float64]
    groups: Ints
    wanted: Bools
    kinds: Ints
    vectors: Floats


class Limits(NamedTuple):
    """most: int64 [c], of each value; least: int64 [m], of what each share is about; strength: of diversity, 0 to 1."""

    most: Longs
    least: Longs
    strength: float


class State(NamedTuple):
    """Of one row. free: bool [w], what may still be chosen; fade: float64 [w], what is left of its worth.

    have: int64 [m], how many of each share stand; taken: int64 [w], the chosen columns, as many as are counted.
    """

    free: Bools
    fade: NDArray[np.float64]
    have: Longs
    taken: Longs


def arrange(table: Table, limits: Limits, k: int, *, slots: Longs, settled: Longs) -> Longs:
    """The column of `table` for each of k slots, -1 behind the end; int64 [n, k].

    slots: [n, p], where each pinned column stands, -1 for nowhere; the first of two for one slot has it, the other the
    next. settled: [n], so many columns after the pinned ones come first, in their order. Each further slot goes to the
    open candidate of the highest worth, less what diversity takes off, the first one of equals; where a share is behind
    its part of the slots, to the best that it is about. What would exceed a limit is passed over.
    """
    chosen = np.full((len(table.items), k), -1, dtype=np.int64)
    _for_rows(table, limits, slots, settled, chosen)
    return chosen


class Lists(NamedTuple):
    """items: int32, scores: float32, sources: int16, all [n, k]; -1, NaN and 0 behind the end."""

    items: Ints
    scores: Floats
    sources: NDArray[np.int16]


def lists_of(columns: Longs, items: Ints, proposed: Lists, *, n_pins: int, pinned: int) -> Lists:
    """The lists behind the columns [n, k] that `arrange` chose of items [n, n_pins + w], with falling scores.

    proposed: [n, w], the candidates behind the pinned ones. The scores are those of the chosen candidates in falling
    order; a pinned item that nobody scored has that of its neighbor above, or below if it is the first, or 0. pinned:
    the source of the pinned items.
    """
    return _lists_of(columns, items, proposed, n_pins, pinned)


@njit(cache=True, nogil=True)
def _lists_of(columns: Longs, items: Ints, proposed: Lists, n_pins: int, pinned: int) -> Lists:
    n, k = columns.shape
    found, scores = np.full((n, k), -1, dtype=np.int32), np.full((n, k), np.nan, dtype=np.float32)
    sources = np.zeros((n, k), dtype=np.int16)
    for row in range(n):
        own = np.empty(k, dtype=np.float32)
        known = 0
        for place in range(k):
            column = columns[row, place]
            if column >= n_pins:
                own[known] = -proposed.scores[row, column - n_pins]
                known += 1
        own[:known].sort()
        known = 0
        for place in range(k):
            column = columns[row, place]
            if column >= 0:
                found[row, place] = items[row, column]
                sources[row, place] = pinned if column < n_pins else proposed.sources[row, column - n_pins]
                known += column >= n_pins
                scores[row, place] = -own[max(known - 1, 0)]
        if known == 0:
            scores[row, found[row] >= 0] = 0
    return Lists(found, scores, sources)


@njit(cache=True, nogil=True)
def _for_rows(table: Table, limits: Limits, slots: Longs, settled: Longs, chosen: Longs) -> None:
    """Every row by itself."""
    n, w = table.items.shape
    k, n_pins = chosen.shape[1], slots.shape[1]
    for row in range(n):
        free, taken = ~np.isnan(table.worth[row]), np.empty(w, dtype=np.int64)
        state = State(free, np.ones(w), np.zeros(len(limits.least), dtype=np.int64), taken)
        _shut_out(row, table, limits, free)
        fixed, n_taken = _pinned(row, table, limits, slots[row], np.full(k, -1, dtype=np.int64), taken)
        for place in range(n_taken):
            _account(row, table, limits, state, place + 1)
        left, place, used = k - n_taken, 0, 0
        for slot in range(k):
            column = fixed[slot]
            if column < 0:
                settles = used < settled[row]
                part = (slot + 1) / k
                column = n_pins + used if settles else _next(row, table, limits, state, left, part)
                used += 1
                left -= 1
                if column >= 0:
                    taken[n_taken] = column
                    n_taken += 1
                    _account(row, table, limits, state, n_taken)
            if column >= 0:
                chosen[row, place] = column
                place += 1


@njit(cache=True, nogil=True)
def _shut_out(row: int, table: Table, limits: Limits, free: Bools) -> None:
    """What a limit of none forbids."""
    for group in range(len(limits.most)):
        if limits.most[group] == 0:
            for column in range(len(free)):
                if table.groups[group, row, column] >= 0:
                    free[column] = False


@njit(cache=True, nogil=True)
def _pinned(row: int, table: Table, limits: Limits, slots: Longs, fixed: Longs, taken: Longs) -> tuple[Longs, int]:
    """The pinned column of each slot, -1 for none, and how many there are; they are `taken`."""
    n_taken = 0
    for pin in range(len(slots)):
        slot = slots[pin]
        if slot < 0 or not _fits(row, pin, table, limits, taken[:n_taken]):
            continue
        while slot < len(fixed) and fixed[slot] >= 0:
            slot += 1
        if slot < len(fixed):
            fixed[slot] = pin
            taken[n_taken] = pin
            n_taken += 1
    return fixed, n_taken


@njit(cache=True, nogil=True)
def _fits(row: int, column: int, table: Table, limits: Limits, taken: Longs) -> bool:
    for group in range(len(limits.most)):
        value = table.groups[group, row, column]
        if value >= 0 and _number(row, group, value, table, taken) >= limits.most[group]:
            return False
    same = 0
    for other in taken:
        same += table.items[row, other] == table.items[row, column]
    return same == 0


@njit(cache=True, nogil=True)
def _number(row: int, group: int, value: int, table: Table, taken: Longs) -> int:
    """How many of the taken have a value."""
    number = 0
    for other in taken:
        number += table.groups[group, row, other] == value
    return number


@njit(cache=True, nogil=True)
def _account(row: int, table: Table, limits: Limits, state: State, n_taken: int) -> None:
    """What the newest one taken means for the others: itself is gone, full values are shut, its like fade."""
    free, fade, have, taken = state.free, state.fade, state.have, state.taken[:n_taken]
    last, w = taken[-1], len(free)
    for column in range(w):
        if table.items[row, column] == table.items[row, last]:
            free[column] = False
    for group in range(len(limits.most)):
        value = table.groups[group, row, last]
        if value >= 0 and _number(row, group, value, table, taken) >= limits.most[group]:
            for column in range(w):
                if table.groups[group, row, column] == value:
                    free[column] = False
    for share in range(len(have)):
        have[share] += table.wanted[share, row, last]
    kind = table.kinds[row, last]
    if kind >= 0:
        for column in range(w):
            if table.kinds[row, column] == kind:
                fade[column] *= max(1 - limits.strength, _LEAST)
    d = table.vectors.shape[2]
    for column in range(w if d else 0):
        alike = 0.0
        for axis in range(d):
            alike += table.vectors[row, column, axis] * table.vectors[row, last, axis]
        fade[column] = min(fade[column], max(1 - limits.strength * max(alike, 0.0), _LEAST))


@njit(cache=True, nogil=True)
def _next(row: int, table: Table, limits: Limits, state: State, left: int, part: float) -> int:
    """The best open candidate; of a share that is behind, if there is one. part: of the slots, this one included."""
    have, worth, lacking = state.have, table.worth[row], 0
    for share in range(len(have)):
        lacking += max(limits.least[share] - have[share], 0)
    for share in range(len(have)):
        behind = have[share] < np.floor(limits.least[share] * part + 1e-9)
        if behind or (lacking >= left and have[share] < limits.least[share]):
            column = _best(worth, state.free & table.wanted[share, row], state.fade)
            if column >= 0:
                return column
    return _best(worth, state.free, state.fade)


@njit(cache=True, nogil=True)
def _best(worth: NDArray[np.float64], free: Bools, fade: NDArray[np.float64]) -> int:
    best, highest = -1, -np.inf
    for column in range(len(worth)):
        if free[column]:
            value = worth[column] * fade[column] if worth[column] > 0 else worth[column]
            if value > highest:
                best, highest = column, value
    return best
