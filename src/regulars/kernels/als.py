"""Implicit alternating least squares on plain arrays: two sides improve in turn, each against the other.

The objective is that of Rendle et al., "Revisiting the performance of iALS" (RecSys 2022), eq. 1-3, with weights:

    sum_{(u,i) met} w_ui (1 - x_u.y_i)^2 + sum_{u,i} a_u b_i (x_u.y_i)^2 + sum_u ridge_u |x_u|^2 + sum_i ridge_i |y_i|^2

Scores do not change when both sides turn together, so before each half-pass both are turned into the eigenvectors of
the fixed side's Gram matrix. That costs two matrix products for a half-pass, at the speed of BLAS, and leaves a row
nothing dense to do. The threads are ours: BLAS should have one (`threadpool_limits(1, "blas")`), whose idle threads
would burn more than the work takes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .answers import in_blocks
from .solve import Floats, Prior, Rows, solve_rows

BLOCK = 1024  # rows turned at a time; two such blocks of 256 factors fit into an L2 cache
PARTS = 16  # of a Gram matrix, summed in their order, so that the result does not depend on the number of threads


class Side(NamedTuple):
    """Customers, or items: whom they met, what what they did not meet weighs, and how strongly they shrink."""

    rows: Rows
    unseen: Floats  # [n] positive: a_u, or b_i
    ridge: Floats  # [n] positive


def run_pass(
    users: Side, items: Side, user_vectors: Floats, item_vectors: Floats, *, steps: int = 2, threads: int = 0
) -> Floats:
    """Improves first the users' vectors, then the items', in place; returns the users' spectrum, float32 [d].

    On return the Gram matrix of the users' vectors, weighted by users.unseen, is diagonal: that spectrum.
    """
    improve(users, items.unseen, item_vectors, user_vectors, steps=steps, threads=threads)
    return improve(items, users.unseen, user_vectors, item_vectors, steps=steps, threads=threads)


def improve(side: Side, unseen: Floats, fixed: Floats, solved: Floats, *, steps: int = 2, threads: int = 0) -> Floats:
    """One half-pass: `solved` [n, d], the vectors of `side`, against `fixed` [m, d]; both in place.

    unseen: [m], of the fixed side. Returns the spectrum of the fixed side.
    """
    spectrum = align(fixed, unseen, solved, threads=threads)
    solve_rows(side.rows, fixed, Prior(spectrum, side.unseen, side.ridge), solved, steps=steps, threads=threads)
    return spectrum


def align(fixed: Floats, unseen: Floats, *others: Floats, threads: int = 0) -> Floats:
    """Turns `fixed` [m, d] and the others alike, in place, so that sum_i unseen_i y_i y_i^T becomes diagonal.

    Returns the diagonal, float32 [d], rising, none negative.
    """
    spectrum, turn = np.linalg.eigh(_gram(fixed, unseen, threads).astype(np.float64))
    turn = np.ascontiguousarray(turn, dtype=np.float32)
    for vectors in (fixed, *others):
        _turn(vectors, turn, threads)
    positive: Floats = np.maximum(spectrum, 0).astype(np.float32)
    return positive


def _gram(vectors: Floats, weights: Floats, threads: int) -> Floats:
    size = max(BLOCK, -(-len(vectors) // PARTS))
    parts = np.zeros((-(-len(vectors) // size), vectors.shape[1], vectors.shape[1]), dtype=np.float32)
    uniform = bool((weights == weights[:1]).all())

    def work(begin: int, end: int) -> None:
        block = vectors[begin:end]
        if uniform:  # BLAS needs half the work where both factors are the same
            np.matmul(block.T, block, out=parts[begin // size])
        else:
            np.matmul((block * weights[begin:end, np.newaxis]).T, block, out=parts[begin // size])

    in_blocks(work, len(vectors), size, threads)
    gram: Floats = parts.sum(axis=0)
    return gram * weights[:1] if uniform else gram


def _turn(vectors: Floats, turn: Floats, threads: int) -> None:
    def work(begin: int, end: int) -> None:
        vectors[begin:end] = vectors[begin:end] @ turn

    in_blocks(work, len(vectors), BLOCK, threads)
