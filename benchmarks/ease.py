"""EASE on ml-1m: from the log to the fitted model, beside the bare inversion of the same matrix and beside RecTools.

RecTools 0.19 answers with the transposed weights, which costs it quality; its fit is the same work.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.data import pairs, quality
from benchmarks.figure import OURS, Figure
from benchmarks.measure import Contender, peer_python, race, threads

REGULARIZATION = 500.0
K = 20

Prepared = tuple[Callable[[], Any], Callable[[Any], dict[str, float]]]


def run() -> Iterator[Figure]:
    """Ours, two ways to invert the matrix and nothing else, and RecTools."""
    given = {"data": "ml-1m"}
    peer = {"regularization": REGULARIZATION, "recommend_n_threads": threads()}
    yield from race(
        "EASE, fit",
        "ml-1m",
        [
            Contender(OURS, "benchmarks.ease:ours", given, packages=("numpy", "scipy", "numba")),
            Contender("numpy.linalg.inv alone", "benchmarks.ease:general_inversion", given, packages=("numpy",)),
            Contender("LAPACK Cholesky inversion alone", "benchmarks.ease:inversion", given, packages=("scipy",)),
            Contender(
                "rectools",
                "benchmarks.peers.rectools_item_item:prepare",
                {**given, "method": "ease", "settings": peer, "k": K},
                peer_python("rectools"),
                packages=("rectools", "numpy"),
            ),
        ],
        further={"regularization": REGULARIZATION},
    )


def ours(data: str) -> Prepared:
    """`EASE.fit`."""
    from benchmarks.shops import Shop
    from regulars.core import Run
    from regulars.models import EASE

    shop = Shop.of(data)
    method, circumstances = EASE(regularization=REGULARIZATION), Run(threads=threads())
    return (
        lambda: method.fit(shop.data, circumstances),
        lambda model: quality(shop.lists(model, K), pairs(data).wanted),
    )


def general_inversion(data: str) -> Prepared:
    """The inverse as most would call it, of the same float32 matrix."""
    matrix = _matrix(data)
    return lambda: np.linalg.inv(matrix), lambda inverse: {"error": _error(matrix, inverse)}


def inversion(data: str) -> Prepared:
    """The cheapest inverse of a symmetric matrix that LAPACK has; one triangle."""
    from scipy.linalg import lapack

    matrix = _matrix(data)

    def work() -> Any:
        factor, _ = lapack.spotrf(matrix, lower=1, clean=0)
        return lapack.spotri(factor, lower=1, overwrite_c=1)[0]

    def judge(inverse: Any) -> dict[str, float]:
        return {"error": _error(matrix, np.tril(inverse) + np.tril(inverse, -1).T)}

    return work, judge


def _matrix(data: str) -> Any:
    known = pairs(data).known
    gram = (known.T @ known).toarray(order="F")
    gram.flat[:: len(gram) + 1] += REGULARIZATION
    return gram


def _error(matrix: Any, inverse: Any) -> float:
    """The largest entry of matrix @ inverse - I."""
    return float(np.abs(matrix.astype(np.float64) @ inverse.astype(np.float64) - np.eye(len(matrix))).max())
