"""The inverse of a large positive definite matrix in its own place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .answers import Floats

LAPACK = 16_384  # rows up to which LAPACK does it, 1.3 times faster; OpenBLAS 0.3.31 crashes in spotrf at 41,000 rows
BLOCK = 512  # rows swept together beyond


def invert_upper(matrix: Floats, on_rows: Callable[[int], object] = bool) -> None:
    """Turns the upper triangle of a positive definite matrix [n, n] into that of its inverse.

    What is below the diagonal is neither read nor kept. n^3 operations, half of what a general inversion takes, and no
    memory beside the matrix but some blocks of rows. on_rows is told now and then how many rows are as good as done.
    Raises numpy.linalg.LinAlgError when the matrix is not positive definite in float32.
    """
    if len(matrix) <= LAPACK:
        _by_cholesky(matrix, on_rows)
    else:
        _by_sweeps(matrix, BLOCK, on_rows)


def _by_cholesky(matrix: Floats, on_rows: Callable[[int], object]) -> None:
    from scipy.linalg import lapack

    # LAPACK counts by columns: the upper triangle of a C array is the lower one of its Fortran view
    view, n = matrix.T, len(matrix)
    _, failed = lapack.spotrf(view, lower=1, overwrite_a=1, clean=0)
    if failed:
        raise np.linalg.LinAlgError("the matrix is not positive definite")
    on_rows(n // 3)
    lapack.spotri(view, lower=1, overwrite_c=1)
    on_rows(n)


def _by_sweeps(matrix: Floats, size: int, on_rows: Callable[[int], object]) -> None:
    """Sweeps one block of `size` rows K after the other (the sweep operator of Beaton, 1964, block by block).

    With V = matrix[K, K]^-1: matrix[I, J] -= matrix[I, K] V matrix[K, J], matrix[I, K] = matrix[I, K] V and
    matrix[K, K] = -V. After all of them the matrix is its negative inverse.
    """
    n = len(matrix)
    scratch = np.empty((min(size, n), n), dtype=np.float32)
    for begin in range(0, n, size):
        end = min(begin + size, n)
        _sweep(matrix, begin, end, scratch)
        on_rows(end)
    np.negative(matrix, out=matrix)


def _sweep(matrix: Floats, begin: int, end: int, scratch: Floats) -> None:
    """Sweeps the rows begin..end; scratch [at least end - begin, n]."""
    n, size = len(matrix), len(scratch)
    own = np.zeros((end - begin, end - begin), dtype=np.float32)
    panel = np.concatenate([matrix[:begin, begin:end], own, matrix[begin:end, end:].T])
    inverse = _inverted(matrix[begin:end, begin:end])
    moved = panel @ inverse
    for first in range(0, n, size):
        last = min(first + size, n)
        if first != begin:
            change = np.matmul(moved[first:last], panel[first:].T, out=scratch[: last - first, : n - first])
            matrix[first:last, first:] -= change
    matrix[:begin, begin:end] = moved[:begin]
    matrix[begin:end, end:] = moved[end:].T
    matrix[begin:end, begin:end] = -inverse


def _inverted(block: Floats) -> Floats:
    """The inverse of a block of which the upper triangle is given, both triangles."""
    from scipy.linalg import lapack

    factor, failed = lapack.dpotrf(block.astype(np.float64), clean=0)
    if failed:
        raise np.linalg.LinAlgError("the matrix is not positive definite")
    inverse, _ = lapack.dpotri(factor, overwrite_c=1)
    whole: Floats = (np.triu(inverse) + np.triu(inverse, 1).T).astype(np.float32)
    return whole
