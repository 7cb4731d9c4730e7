"""BPR and WARP: CPU seconds of an epoch beside implicit's BPR, and what an epoch buys.

An epoch meets every pair once. implicit's moves one random item for each pair; our BPR draws one, or several of which
it moves the one with the best score; WARP draws until one violates the margin. Times hold all of a fit, divided by the
epochs. The quality is that after so few epochs, on test, with the defaults of both.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.data import pairs, quality
from benchmarks.figure import OURS, Figure
from benchmarks.measure import Contender, race, threads

EPOCHS, K, WIDTHS = 5, 20, (64, 128)
DATA = ("gowalla", "ml-1m")
METHODS: dict[str, dict[str, float]] = {
    "BPR of one negative": {"hardness": 0.0},
    "BPR of the hardest negative": {},
    "WARP": {},
}

Prepared = tuple[Callable[[], Any], Callable[[Any], dict[str, float]]]


def run() -> Iterator[Figure]:
    """Each method at each width on each data set, beside implicit's BPR."""
    for data in DATA:
        for width in WIDTHS:
            given = {"data": data, "width": width}
            theirs = Contender("implicit", "benchmarks.pairwise:implicit", given, blas=1, packages=("implicit",))
            for name in METHODS:
                ours = Contender(
                    OURS, "benchmarks.pairwise:ours", {**given, "name": name}, blas=1, packages=("numpy", "numba")
                )
                for figure in race(f"{name}, an epoch at {width} factors, of {EPOCHS}", data, [ours, theirs]):
                    yield _of_an_epoch(figure)


def ours(data: str, width: int, name: str) -> Prepared:
    """`fit` of a method."""
    from benchmarks.shops import Shop
    from regulars.core import Run
    from regulars.models import BPR, WARP

    shop = Shop.of(data)
    method: Any = WARP if name == "WARP" else BPR
    settings = method(factors=width, epochs=EPOCHS, **METHODS[name])

    def work() -> Any:
        return settings.fit(shop.data, Run(threads=threads()))

    return work, lambda model: quality(shop.lists(model, K), pairs(data).wanted)


def implicit(data: str, width: int) -> Prepared:
    """`fit` of its BPR on the CPU; one factor more is its bias."""
    from implicit.bpr import BayesianPersonalizedRanking  # type: ignore[import-untyped]

    known = pairs(data).known

    def work() -> Any:
        model = BayesianPersonalizedRanking(
            factors=width - 1, iterations=EPOCHS, num_threads=threads(), use_gpu=False, random_state=0
        )
        model.fit(known, show_progress=False)
        return model

    def judge(model: Any) -> dict[str, float]:
        items, _ = model.recommend(np.arange(known.shape[0]), known, N=K, filter_already_liked_items=True)
        return quality(items, pairs(data).wanted)

    return work, judge


def _of_an_epoch(figure: Figure) -> Figure:
    if figure.seconds is None or figure.cpu_seconds is None:
        return figure
    return replace(figure, seconds=figure.seconds / EPOCHS, cpu_seconds=figure.cpu_seconds / EPOCHS)
