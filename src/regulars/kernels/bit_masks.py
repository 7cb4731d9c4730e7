"""A mask of items as a search in bits reads it: a bit for each item, in the order of the items."""

from __future__ import annotations

import weakref
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .answers import Bools, Ints
from .bit_codes import Part
from .bit_lanes import LANES

RARE: Final = 0.005  # where fewer of the items are allowed, they are looked up one by one
ROOM: Final = 16  # masks that are remembered

Shorts = NDArray[np.uint16]


class Opened(NamedTuple):
    """What a mask allows. listed: the items, where they are few; bits: [m / 16] for each part, else nothing."""

    listed: Ints | None
    bits: tuple[Shorts, ...]


class Masks:
    """What masks of one row come to for some parts; those that nobody can write to are remembered while they live."""

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self.parts = parts
        self._known: dict[int, tuple[weakref.ref[Bools], Opened]] = {}

    def of(self, mask: Bools) -> Opened | None:
        """None where nothing is known beforehand: of masks that allow everything, differ by row, or may change."""
        if len(mask) != 1 or not mask.shape[1]:
            return None
        known = self._known.get(id(mask))
        if known is not None and known[0]() is mask:
            return known[1]
        listed = few(mask)
        if listed is not None:
            opened = Opened(listed, ())
        elif mask.flags.writeable:
            return None
        else:
            opened = Opened(None, tuple(_in_order(mask[0], part.order) for part in self.parts))
        if not mask.flags.writeable:
            if len(self._known) >= ROOM:
                self._known.clear()
            self._known[id(mask)] = weakref.ref(mask), opened
        return opened


def few(mask: Bools) -> Ints | None:
    """The items that a mask of few allows for any row; None if there are many."""
    some: Bools = mask[0] if len(mask) == 1 else np.logical_or.reduce(mask)
    if np.count_nonzero(some) > RARE * len(some):
        return None
    return np.flatnonzero(some).astype(np.int32)


@njit(cache=True, nogil=True)
def _in_order(mask: Bools, order: Ints) -> Shorts:
    """A bit for each item of the order, sixteen in a number."""
    bits = np.zeros(-(-len(order) // LANES), dtype=np.uint16)
    for at in range(len(order)):
        if mask[order[at]]:
            bits[at // LANES] |= np.uint16(1 << (at % LANES))
    return bits
