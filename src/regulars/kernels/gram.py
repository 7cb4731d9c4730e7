"""All pairs of items in one dense array: what is met together, and what is left of it after inversion."""

from __future__ import annotations

import numpy as np
from numba import njit

from .answers import Floats, Ints, Longs, in_blocks
from .cooccurrence import Indices
from .profiles import Sparse

BLOCK = 64  # rows that one thread works on at a time
TILE = 64  # a tile and its mirror image stay in the first-level cache


def upper_gram(by_user: Sparse, by_item: Sparse, *, threads: int | None) -> Floats:
    """X'X of users by items, on and above the diagonal; float32 [n_items, n_items], 0 below.

    by_user: the items of each user, rising; by_item: the same entries, the users of each item.
    """
    n = len(by_item[0]) - 1
    out = np.zeros((n, n), dtype=np.float32)
    users = by_user[0], by_user[1].view(np.uint32), by_user[2]
    places = _places(by_user[0], by_item[1])

    def work(begin: int, end: int) -> None:
        _upper(begin, end, *users, *by_item, places, out)

    in_blocks(work, n, BLOCK, threads)
    return out


def regression_weights(inverse: Floats, *, threads: int | None) -> None:
    """Turns P, on and above the diagonal of `inverse` [n, n], into I - P diag(1 / diag P), in place."""
    diagonal = inverse.diagonal().copy()

    def work(begin: int, end: int) -> None:
        _mirrored(begin, end, inverse, diagonal)

    in_blocks(work, len(inverse), TILE, threads)
    np.fill_diagonal(inverse, 0)


@njit(cache=True, nogil=True)
def _places(user_starts: Longs, item_users: Ints) -> Longs:
    """Where each entry of the rows of items stands in the rows of users."""
    front = user_starts.copy()
    places = np.empty(len(item_users), dtype=np.int64)
    for at in range(len(item_users)):
        places[at] = front[item_users[at]]
        front[item_users[at]] += 1
    return places


@njit(cache=True, nogil=True)
def _upper(
    first: int,
    last: int,
    user_starts: Longs,
    user_items: Indices,
    user_values: Floats,
    item_starts: Longs,
    item_users: Ints,
    item_values: Floats,
    places: Longs,
    out: Floats,
) -> None:
    for item in range(first, last):
        sums = out[item]
        for at in range(item_starts[item], item_starts[item + 1]):
            user, weight = item_users[at], item_values[at]
            theirs = user_items[places[at] : user_starts[user + 1]]
            values = user_values[places[at] : user_starts[user + 1]]
            for place in range(len(theirs)):
                sums[theirs[place]] += weight * values[place]


@njit(cache=True, nogil=True)
def _mirrored(first: int, last: int, inverse: Floats, diagonal: Floats) -> None:
    """Finishes the rows first..last right of the diagonal, and the same columns below it."""
    n = len(inverse)
    for begin in range(first, n, TILE):
        for row in range(first, last):
            for column in range(max(begin, row + 1), min(begin + TILE, n)):
                value = -inverse[row, column]
                inverse[row, column] = value / diagonal[column]
                inverse[column, row] = value / diagonal[row]
