"""Implicit ALS: CPU seconds of a pass over both sides, ours beside implicit's conjugate gradients, and what it buys.

Both minimize one function from one start. implicit's is c (t - x.y)^2 over the pairs met plus (x.y)^2 over all, with
c = ALPHA - 1 and t = ALPHA / c; ours has t = 1, which is the same function of vectors of another length when the ridges
are divided by t. Ours takes 2 steps of conjugate gradients for each vector, implicit 3. The time holds all of a fit
from the matrix on, its transposition included, divided by the passes.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix

from benchmarks.data import pairs, quality
from benchmarks.figure import OURS, Figure
from benchmarks.measure import Contender, race, threads

RIDGES = {64: 20.0, 128: 20.0, 256: 60.0}  # of implicit, by width; chosen on gowalla's validation pairs with ours
ALPHA = 40.0
GOWALLA, SIMULATED = "gowalla", "simulated-10m"
PASSES = {GOWALLA: (5, 15), SIMULATED: (2,)}  # 15: converged, 5: what most would run
EVENTS, USERS, ITEMS = 10_000_000, 100_000, 50_000
K = 20

Vectors = tuple[Any, Any]
Prepared = tuple[Callable[[], Vectors], Callable[[Vectors], dict[str, float]]]


def run() -> Iterator[Figure]:
    """Each width on each data set."""
    for data, lengths in PASSES.items():
        for width in RIDGES:
            for passes in lengths:
                given = {"data": data, "width": width, "passes": passes}
                for figure in race(
                    f"ALS, a pass at {width} factors, of {passes}",
                    data,
                    [
                        Contender(OURS, "benchmarks.als:ours", given, blas=1, packages=("numpy", "numba")),
                        Contender("implicit", "benchmarks.als:implicit", given, blas=1, packages=("implicit", "scipy")),
                    ],
                    further={"passes": passes, **limits(matrix(data), width)},
                ):
                    yield _of_a_pass(figure, passes)


def ours(data: str, width: int, passes: int) -> Prepared:
    """From the matrix to the vectors of both sides."""
    from regulars.kernels.als import Side, run_pass
    from regulars.kernels.solve import Rows

    met = matrix(data)
    ridge = RIDGES[width] * (ALPHA - 1) / ALPHA

    def side(rows: csr_matrix) -> Side:
        weights = np.full(rows.nnz, ALPHA - 1, dtype=np.float32)
        ones = np.ones(rows.shape[0], dtype=np.float32)
        return Side(Rows(rows.indptr.astype(np.int64), rows.indices, weights), ones, ridge * ones)

    def work() -> Vectors:
        users, items = side(met), side(met.T.tocsr())
        x, y = start(met, width)
        for _ in range(passes):
            run_pass(users, items, x, y, threads=threads())
        return x, y

    return work, _judge(data)


def implicit(data: str, width: int, passes: int) -> Prepared:
    """`fit` of its ALS on the CPU, from the same start."""
    from implicit.als import AlternatingLeastSquares  # type: ignore[import-untyped]

    met = matrix(data)

    def work() -> Vectors:
        model = AlternatingLeastSquares(
            factors=width,
            regularization=RIDGES[width],
            alpha=ALPHA,
            iterations=passes,
            num_threads=threads(),
            use_gpu=False,
        )
        model.user_factors, model.item_factors = start(met, width)
        model.fit(met, show_progress=False)
        return model.user_factors, model.item_factors

    return work, _judge(data)


def start(met: csr_matrix, width: int) -> Vectors:
    """Both sides before the first pass, as implicit draws them."""
    random = np.random.default_rng(0)
    x, y = ((random.random((n, width), dtype=np.float32) * np.float32(0.01)) for n in met.shape)
    return x, y


@cache
def matrix(data: str) -> csr_matrix:
    """Who met what; ones, float32 [n_users, n_items]."""
    return pairs(data).known if data == GOWALLA else simulated()


def simulated() -> csr_matrix:
    """The log of 10 million events of 100,000 customers and 50,000 items; both are met by a power law of their rank."""
    random = np.random.default_rng(0)
    users = (USERS * random.random(EVENTS) ** 1.6).astype(np.int32)  # events of a rank ~ rank ** -0.375
    items = (ITEMS * random.random(EVENTS) ** 2.5).astype(np.int32)  # events of a rank ~ rank ** -0.6
    at = (random.permutation(USERS)[users], random.permutation(ITEMS)[items])
    met = coo_matrix((np.ones(EVENTS, dtype=np.float32), at), shape=(USERS, ITEMS)).tocsr()
    met.data[:] = 1
    met.sort_indices()
    return met


def limits(met: csr_matrix, width: int) -> dict[str, object]:
    """What our pass has to do at least: operations of its dense and sparse part, and bytes fetched from anywhere.

    Dense, for each side: half a Gram matrix, and both sides turned. Sparse, for each side and pair: a product and a
    spread for the residual, both again for the first step, a product for the second. Fetched, for each side and pair: a
    vector; it is read twice more while it is close.
    """
    dense = (1 + 2 * 2) * sum(met.shape) * width**2
    sparse = 2 * (2 + 2 + 1) * 2 * met.nnz * width
    return {
        "pairs": met.nnz,
        "dense_gflop": dense / 1e9,
        "sparse_gflop": sparse / 1e9,
        "fetched_gb": 8e-9 * met.nnz * width,
    }


def _judge(data: str) -> Callable[[Vectors], dict[str, float]]:
    def judge(vectors: Vectors) -> dict[str, float]:
        if data != GOWALLA:
            return {}
        from regulars.kernels.topk import top_k_product

        known = pairs(data).known
        items, _ = top_k_product(*vectors, K, excluded=(known.indptr.astype(np.int64), known.indices))
        return quality(items, pairs(data).wanted)

    return judge


def _of_a_pass(figure: Figure, passes: int) -> Figure:
    if figure.seconds is None or figure.cpu_seconds is None:
        return figure
    return replace(figure, seconds=figure.seconds / passes, cpu_seconds=figure.cpu_seconds / passes)
