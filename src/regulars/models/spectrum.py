"""The leading singular vectors of a log: what a few hundred numbers per item can say of who meets what."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from regulars.core import Floats, Progress, Run, floats
from regulars.kernels.graph import multiply
from regulars.kernels.profiles import Sparse

from .votes import both_ways

if TYPE_CHECKING:
    from scipy.sparse import csr_array

PASSES = 6  # over the log, until the leading vectors stand still
FEW = 400  # items of a log that is solved densely
LEAST = 1e-3  # of the first singular value: smaller ones drown in the rounding of float32


class Graph(NamedTuple):
    """A weighted log, users by items: its rows, its columns, and who watches."""

    by_user: Sparse
    by_item: Sparse
    run: Run

    @classmethod
    def of(cls, matrix: "csr_array", run: Run) -> "Graph":
        return cls(*both_ways(matrix), run)

    def step(self, columns: Floats) -> Floats:
        """From items to their customers and back: X'X columns, for columns [n_items, d]."""
        threads = self.run.threads or None
        return multiply(self.by_item, multiply(self.by_user, columns, threads=threads), threads=threads)


class Spectrum(NamedTuple):
    """The leading right singular vectors [n_items, d] of a log and their singular values [d], falling."""

    vectors: Floats
    values: Floats


def spectrum(graph: Graph, d: int, task: str, *, passes: int = PASSES) -> Spectrum:
    """The d leading ones, fewer where the log has fewer; by subspace iteration from random columns.

    Source: Halko, Martinsson, Tropp, SIAM Review 2011, algorithms 4.4 and 5.3. With few passes the edge is soft: in
    place of the last vectors stand mixtures of those before and beyond them, with less of the latter.
    Memory: 12 bytes * d * (n_users + 2 * n_items).
    """
    n_users, n_items = len(graph.by_user[0]) - 1, len(graph.by_item[0]) - 1
    most = min(n_users, n_items)
    with threadpool_limits(1, "blas"):  # two threads of BLAS would round in another order
        if n_items <= max(FEW, 2 * d):
            found = _whole(graph, n_items)
        else:
            found = _leading(graph, min(most, d + max(16, d // 8)), task, passes)
    rank = int((found.values > LEAST * found.values.max(initial=0)).sum())
    d = max(1, min(d, rank))
    return Spectrum(np.ascontiguousarray(found.vectors[:, :d]), found.values[:d])


def _whole(graph: Graph, n_items: int) -> Spectrum:
    """All of them, from the dense Gram matrix."""
    gram = graph.step(np.eye(n_items, dtype=np.float32)).astype(np.float64)
    return _falling(*np.linalg.eigh((gram + gram.T) / 2))


def _leading(graph: Graph, width: int, task: str, passes: int) -> Spectrum:
    n_items = len(graph.by_item[0]) - 1
    columns = graph.run.random().standard_normal((n_items, width), dtype=np.float32)
    for done in range(passes):
        columns = _orthonormal(graph.step(columns))
        graph.run.on_epoch(Progress(task, done + 1, passes))
    sides = multiply(graph.by_user, columns, threads=graph.run.threads or None)
    values, turn = np.linalg.eigh((sides.T @ sides).astype(np.float64))
    found = _falling(values, turn)
    return Spectrum(floats(columns @ found.vectors), found.values)


def _falling(values: np.ndarray, vectors: np.ndarray) -> Spectrum:
    return Spectrum(floats(vectors[:, ::-1]), floats(np.sqrt(np.maximum(values[::-1], 0))))


def _orthonormal(columns: Floats) -> Floats:
    """The same space, spanned by orthonormal columns; by Cholesky twice, by QR where that cannot."""
    from scipy.linalg import LinAlgError, cholesky, solve_triangular

    try:
        for _ in range(2):
            upper = cholesky((columns.T @ columns).astype(np.float64))
            columns = np.ascontiguousarray(solve_triangular(floats(upper), columns.T, trans="T").T)
    except LinAlgError:
        columns = np.linalg.qr(columns)[0]
    return columns
