"""One order of the items for many customers: walk down it instead of searching everybody's scores."""

import numpy as np

from regulars.core import MISSING, Allowed, Bools, Ints, Longs

_BLOCK = 4_000_000  # places looked at together


def first_allowed(order: Ints, n: int, k: int, allowed: Allowed) -> Ints:
    """The first k items of `order` that each of n queries allows; int32 [n, k], padded with MISSING."""
    if allowed.mask is not None and len(allowed.mask) == 1:
        order = order[order < allowed.mask.shape[1]]
        order = order[allowed.mask[0, order]]
        allowed = Allowed(None, allowed.starts, allowed.excluded)
    width = len(order)
    if allowed.mask is None:  # nobody needs to look further than the items that are excluded for them, and k more
        width = min(width, k + int(np.diff(allowed.starts).max(initial=0)))
    answer = np.full((n, k), MISSING, dtype=np.int32)
    size = max(1, _BLOCK // max(1, width))
    for start in range(0, n, size):
        rows = slice(start, min(start + size, n))
        permitted = _permitted(order, width, rows.stop - start, allowed[rows])
        rank = np.cumsum(permitted, axis=1, dtype=np.int32)
        row, place = np.nonzero(permitted & (rank <= k))
        answer[start + row, rank[row, place] - 1] = order[place]
    return answer


def _permitted(order: Ints, width: int, n: int, allowed: Allowed) -> Bools:
    """Whether each of n queries allows the first `width` items of the order; bool [n, width]."""
    permitted = np.ones((n, width), dtype=np.bool_)
    if allowed.mask is not None:
        inside = order[:width] < allowed.mask.shape[1]
        permitted[:, ~inside] = False
        permitted[:, inside] = allowed.mask[:, order[:width][inside]]
    if len(allowed.starts) > 1 and width:
        places = _places(order, allowed.excluded)
        rows = np.repeat(np.arange(n), np.diff(allowed.starts))
        near = (places >= 0) & (places < width)
        permitted[rows[near], places[near]] = False
    return permitted


def _places(order: Ints, items: Ints) -> Longs:
    """Where each of `items` stands in the order, MISSING if it does not; int64."""
    size = int(order.max(initial=MISSING)) + 1
    places = np.full(size + 1, MISSING, dtype=np.int64)  # the last one is for all that are beyond
    places[order] = np.arange(len(order))
    return places[np.where((items >= 0) & (items < size), items, size)]
