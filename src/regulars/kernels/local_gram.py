"""Sums of products for some of the pairs of items: of a few chosen ones, without ever holding those of all.

Where the sums of all pairs fit into memory they are made once (`gram.upper_gram`, mirrored) and looked up; beyond, they
are made from the log again for whatever items are chosen: entries of the items are brought together customer by
customer, and only pairs that meet there cost anything. Memory: that of the log.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from .answers import Floats, Ints, Longs, in_blocks
from .gram import upper_gram
from .profiles import Sparse

WHOLE = 16_384  # items up to which all pairs are held: a gigabyte of float32
TILE = 64  # a tile and its mirror image stay in the first-level cache


class Log(NamedTuple):
    """Who met what, both ways, and the sums of all pairs of items where they are held."""

    user_starts: Longs  # [n_users + 1]
    user_items: Ints  # of each user, rising
    user_values: Floats
    item_starts: Longs  # [n_items + 1]
    item_users: Ints
    item_values: Floats
    squares: Floats  # [n_items]: the diagonal
    gram: Floats  # [n_items, n_items], or [0, 0] for too many items


class Desk(NamedTuple):
    """Where one thread brings the entries of chosen items together; `ends` is left at zero."""

    ends: Longs  # [n_users]
    met: Ints  # [n_users]
    places: Ints
    values: Floats


def log_of(by_user: Sparse, by_item: Sparse, *, whole: int = WHOLE, threads: int | None = None) -> Log:
    """The log of these weights; with the sums of all pairs for up to `whole` items."""
    n = len(by_item[0]) - 1
    squares = np.add.reduceat(np.append(np.square(by_item[2], dtype=np.float64), 0), by_item[0][:-1])
    squares[np.diff(by_item[0]) == 0] = 0
    gram = np.empty((0, 0), dtype=np.float32)
    if n <= whole:
        gram = upper_gram(by_user, by_item, threads=threads)
        in_blocks(lambda begin, end: _mirror(begin, end, gram), n, TILE, threads)
    return Log(*by_user, *by_item, squares.astype(np.float32), gram)


def most_entries(log: Log, k: int) -> int:
    """What any k items have entries at most; the room on a desk."""
    counts = np.sort(np.diff(log.item_starts))[::-1]
    return int(counts[:k].sum())


@njit(cache=True, nogil=True)
def desk(log: Log, room: int) -> Desk:
    """A desk for items that have no more than `room` entries together."""
    n = len(log.user_starts) - 1
    return Desk(
        np.zeros(n, dtype=np.int64),
        np.empty(n, dtype=np.int32),
        np.empty(room, dtype=np.int32),
        np.empty(room, dtype=np.float32),
    )


@njit(cache=True, nogil=True)
def local_gram(log: Log, on: Desk, items: Ints, out: Floats) -> None:
    """The sums of products of all pairs of `items` [k], on and below the diagonal of out [at least k, at least k]."""
    if len(log.gram):
        for a in range(len(items)):
            line, row = log.gram[items[a]], out[a]
            for b in range(a + 1):
                row[b] = line[items[b]]
        return
    for a in range(len(items)):
        out[a, : a + 1] = 0
    first = 0
    for user in on.met[: _brought_together(log, on, items)]:
        last = on.ends[user]
        on.ends[user] = 0
        for at in range(first, last):
            row, value = out[on.places[at]], on.values[at]
            for other in range(first, at + 1):
                row[on.places[other]] += value * on.values[other]
        first = last


@njit(cache=True, nogil=True)
def _brought_together(log: Log, on: Desk, items: Ints) -> int:
    """Puts places and values of all entries of `items` on the desk, user by user; how many users there are.

    The entries of the n-th user of `on.met` end at on.ends[user], where those of the next begin; places rise.
    """
    ends, n = on.ends, 0
    for item in items:
        for user in log.item_users[log.item_starts[item] : log.item_starts[item + 1]]:
            if ends[user] == 0:
                on.met[n] = user
                n += 1
            ends[user] += 1
    total = 0
    for user in on.met[:n]:
        count = ends[user]
        ends[user] = total
        total += count
    for place in range(len(items)):
        for at in range(log.item_starts[items[place]], log.item_starts[items[place] + 1]):
            user = log.item_users[at]
            on.places[ends[user]], on.values[ends[user]] = place, log.item_values[at]
            ends[user] += 1
    return n


@njit(cache=True, nogil=True)
def _mirror(first: int, last: int, gram: Floats) -> None:
    """Copies what is right of the diagonal in the rows first..last below it."""
    n = len(gram)
    for begin in range(first, n, TILE):
        for row in range(first, last):
            for column in range(max(begin, row + 1), min(begin + TILE, n)):
                gram[column, row] = gram[row, column]
