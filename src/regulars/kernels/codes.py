"""A table from 128-bit keys to running codes: what gives each id of a log its number, in the order of appearance."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


@njit(cache=True, nogil=True)
def find_or_add(
    first: Keys, second: Keys, slots: Ints, table_first: Keys, table_second: Keys, known: int, out: Ints, fresh: Longs
) -> int:
    """Codes of the keys (first, second) [n] into `out` [n]; a new key gets the next code.

    slots: [size] codes, -1 where free, size a power of two and at least twice the number of keys; table_first,
    table_second: [size] their keys; known: how many codes are given. fresh: [n] receives where each new key was met.
    Returns the number of codes given now.
    """
    mask = np.uint64(len(slots) - 1)
    added = 0
    for row in range(len(first)):
        a, b = first[row], second[row]
        place = _mixed(a, b) & mask
        while slots[place] >= 0 and (table_first[place] != a or table_second[place] != b):
            place = (place + np.uint64(1)) & mask
        if slots[place] < 0:
            slots[place] = known + added
            table_first[place] = a
            table_second[place] = b
            fresh[added] = row
            added += 1
        out[row] = slots[place]
    return known + added


@njit(cache=True, nogil=True)
def rehash(slots: Ints, table_first: Keys, table_second: Keys, wide: Ints, wide_first: Keys, wide_second: Keys) -> None:
    """Copies a table into a larger, empty one."""
    mask = np.uint64(len(wide) - 1)
    for old in range(len(slots)):
        if slots[old] >= 0:
            place = _mixed(table_first[old], table_second[old]) & mask
            while wide[place] >= 0:
                place = (place + np.uint64(1)) & mask
            wide[place] = slots[old]
            wide_first[place] = table_first[old]
            wide_second[place] = table_second[old]


@njit(cache=True, inline="always")
def _mixed(a: np.uint64, b: np.uint64) -> np.uint64:
    """The finalizer of splitmix64 (Steele, Lea, Flood, OOPSLA 2014), so that neighboring numbers land far apart."""
    z = a ^ (b * np.uint64(0x9E3779B97F4A7C15))
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
