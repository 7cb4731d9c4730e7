"""Ridge regressions of each item on a few others: as many small systems as there are items, each solved at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from .answers import Floats, Ints, Longs, in_blocks
from .local_gram import Log, desk, local_gram, most_entries
from .profiles import Sparse

PART = 1_024  # items between two reports
BLOCK = 32  # items that one thread works on at a time


class Ridge(NamedTuple):
    """What is added to the square of each item: `plus`, and `times` the square."""

    plus: np.float32
    times: np.float32


def ridge_regressions(
    log: Log,
    near: Sparse,
    ridge: Ridge,
    *,
    threads: int | None = None,
    on_rows: Callable[[int], object] = bool,
) -> Floats:
    """The weight of each entry of `near` in the regression of item j on the items in row j, which never has j itself.

    The weights w minimize |a_j - A w|^2 + sum_i (plus + times |a_i|^2) w_i^2. Time of an item with k others: k^3 / 3
    operations and what it takes to bring their entries together. on_rows is told now and then how many items are done.
    Raises numpy.linalg.LinAlgError where float32 cannot solve a system.
    """
    starts, others, _ = near
    n, most = len(starts) - 1, int(np.diff(starts).max(initial=0))
    room = 0 if len(log.gram) else most_entries(log, most + 1)
    weights = np.empty(len(others), dtype=np.float32)
    with threadpool_limits(1, "blas"):  # the threads are ours, not BLAS's
        for first in range(0, n, PART):
            last = min(first + PART, n)

            def work(begin: int, end: int, first: int = first) -> None:
                _regress(first + begin, first + end, log, starts, others, ridge, most, room, weights)

            in_blocks(work, last - first, BLOCK, threads)
            on_rows(last)
    return weights


@njit(cache=True, nogil=True)
def _regress(
    first: int,
    last: int,
    log: Log,
    starts: Longs,
    others: Ints,
    ridge: Ridge,
    most: int,
    room: int,
    weights: Floats,
) -> None:
    """Fills the weights of the rows first..last."""
    on = desk(log, room)
    gram, chosen = np.empty((most + 1, most + 1), dtype=np.float32), np.empty(most + 1, dtype=np.int32)
    for item in range(first, last):
        begin, end = starts[item], starts[item + 1]
        k = end - begin
        if k == 0:
            continue
        chosen[:k], chosen[k] = others[begin:end], item
        local_gram(log, on, chosen[: k + 1], gram)
        system, solved = np.empty((k, k), dtype=np.float32), weights[begin:end]
        for a in range(k):
            system[a, : a + 1] = gram[a, : a + 1]
            system[a, a + 1 :] = 0
            system[a, a] += ridge.plus + ridge.times * gram[a, a]
        solved[:] = gram[k, :k]
        _solve(np.linalg.cholesky(system), solved)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _solve(factor: np.ndarray, right: Floats) -> None:
    """Solves factor factor' x = right in place; factor is lower and read by rows."""
    n = len(right)
    for a in range(n):
        line, value = factor[a], right[a]
        for b in range(a):
            value -= line[b] * right[b]
        right[a] = value / line[a]
    for a in range(n - 1, -1, -1):
        line = factor[a]
        right[a] /= line[a]
        value = right[a]
        for b in range(a):
            right[b] -= value * line[b]
