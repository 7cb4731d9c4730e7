"""Top-20 of all gowalla customers, what they met left out: ours beside implicit's `recommend`."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks import factors
from benchmarks.data import pairs, quality
from benchmarks.figure import OURS, Figure
from benchmarks.measure import Contender, race, threads

WIDTHS = (64, 128, 256)
K = 20
SAMPLE = 500  # customers whose list is compared with a sort of all float64 products

Answer = tuple[Any, Any]


def run() -> Iterator[Figure]:
    """Each width with the same vectors on both sides."""
    for width in WIDTHS:
        given = {"data": "gowalla", "file": str(factors.path("gowalla", width))}
        yield from race(
            f"top-{K}, {width} factors",
            "gowalla",
            [
                Contender(OURS, "benchmarks.topk:ours", given, blas=1, packages=("numpy", "numba")),
                Contender("implicit", "benchmarks.topk:implicit", given, blas=1, packages=("implicit", "scipy")),
            ],
        )


def ours(data: str, file: str) -> tuple[Callable[[], Answer], Callable[[Answer], dict[str, float]]]:
    """`top_k_product`, as every model of factors answers."""
    from regulars.kernels.topk import top_k_product

    known = pairs(data).known
    users, items = factors.load(file)
    excluded = (known.indptr.astype(np.int64), known.indices)
    return lambda: top_k_product(users, items, K, excluded=excluded, threads=threads()), _judge(data, file)


def implicit(data: str, file: str) -> tuple[Callable[[], Answer], Callable[[Answer], dict[str, float]]]:
    """`recommend` of its ALS with the same vectors."""
    from implicit.als import AlternatingLeastSquares  # type: ignore[import-untyped]

    known = pairs(data).known
    users, items = factors.load(file)
    model = AlternatingLeastSquares(factors=users.shape[1], num_threads=threads(), use_gpu=False)
    model.user_factors, model.item_factors = users, items
    everybody = np.arange(len(users))
    return lambda: model.recommend(everybody, known, N=K, filter_already_liked_items=True), _judge(data, file)


def _judge(data: str, file: str) -> Callable[[Answer], dict[str, float]]:
    """Quality, and how far the worst score of a sample is from the exact one, as a part of the largest score."""

    def judge(answer: Answer) -> dict[str, float]:
        known, (users, items) = pairs(data), factors.load(file)
        sample = np.random.default_rng(0).choice(len(users), SAMPLE, replace=False)
        exact = users[sample].astype(np.float64) @ items.astype(np.float64).T
        exact[known.known[sample].nonzero()] = -np.inf
        best = -np.sort(-exact, axis=1)[:, :K]
        return {**quality(answer[0], known.wanted), "error": float(np.abs(best - answer[1][sample]).max() / best.max())}

    return judge
