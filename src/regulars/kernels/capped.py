"""Ridge regressions of all items at once, none of which may lean on its own item by more than a cap."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit

from .answers import Floats, in_blocks

TILE = 64  # a tile and its mirror image stay in the first-level cache


def mirrored(upper: Floats, *, threads: int | None) -> Floats:
    """A symmetric matrix of which the upper triangle is given; float32 [n, n]."""
    whole = np.empty_like(upper)

    def work(begin: int, end: int) -> None:
        _mirror(begin, end, upper, whole)

    in_blocks(work, len(upper), TILE, threads)
    return whole


def capped_weights(
    gram: Floats, right: Floats, cap: float, *, threads: int | None, on_rows: Callable[[int], object] = bool
) -> None:
    """Turns `right`, that is R' [n, n], into B = P R - P diag(c), where P is the inverse of `gram`, in place.

    c >= 0 is what keeps each B[i, i] at the cap or below: B is the minimum of tr B' gram B - 2 tr B' R under that
    condition, whose multipliers c are. gram: its upper triangle is read, all of it is lost. 3 n^3 operations, no memory
    beside the two. Raises numpy.linalg.LinAlgError when gram is not positive definite in float32.
    """
    from scipy.linalg import lapack

    # LAPACK counts by columns: the upper triangle of a C array is the lower one of its Fortran view
    view, n = gram.T, len(gram)
    _, failed = lapack.spotrf(view, lower=1, overwrite_a=1, clean=0)
    if failed:
        raise np.linalg.LinAlgError("the matrix is not positive definite")
    on_rows(n // 9)
    lapack.spotrs(view, right.T, lower=1, overwrite_b=1)
    on_rows(7 * n // 9)
    lapack.spotri(view, lower=1, overwrite_c=1)
    excess = np.maximum(right.diagonal() - np.float32(cap), 0) / gram.diagonal()

    def work(begin: int, end: int) -> None:
        _finish(begin, end, right, gram, excess)

    in_blocks(work, n, TILE, threads)
    on_rows(n)


@njit(cache=True, nogil=True)
def _mirror(first: int, last: int, upper: Floats, whole: Floats) -> None:
    n = len(upper)
    for begin in range(first, n, TILE):
        for row in range(first, last):
            for column in range(max(begin, row), min(begin + TILE, n)):
                whole[row, column] = upper[row, column]
                whole[column, row] = upper[row, column]


@njit(cache=True, nogil=True)
def _finish(first: int, last: int, turned: Floats, inverse: Floats, excess: Floats) -> None:
    """Turns the rows first..last from the diagonal on, and the columns below them, and takes the excess off."""
    n = len(turned)
    for begin in range(first, n, TILE):
        for row in range(first, last):
            for column in range(max(begin, row), min(begin + TILE, n)):
                above, below = turned[column, row], turned[row, column]
                turned[row, column] = above - inverse[row, column] * excess[column]
                turned[column, row] = below - inverse[row, column] * excess[row]
