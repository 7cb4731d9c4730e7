"""Item-kNN: fitting 100 neighbors of every item, ours beside implicit's recommenders with the same definition.

implicit counts an item among its own neighbors, so it is asked for one more. `agreement`: the part of implicit's
similarities that ours has in the same rows, to five digits; ties at the edge may fall either way.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from benchmarks.data import pairs, quality
from benchmarks.figure import OURS, Figure
from benchmarks.measure import Contender, race, threads

DATA = ("gowalla", "ml-1m")
SIMILARITIES = {"cosine": "CosineRecommender", "tfidf": "TFIDFRecommender", "bm25": "BM25Recommender"}
NEIGHBORS = 100
K = 20

Prepared = tuple[Callable[[], Any], Callable[[Any], dict[str, float]]]


def run() -> Iterator[Figure]:
    """Each similarity on each data set."""
    for data in DATA:
        for similarity in SIMILARITIES:
            given = {"data": data, "similarity": similarity}
            yield from race(
                f"item-kNN {similarity}, fit",
                data,
                [
                    Contender(OURS, "benchmarks.knn:ours", given, blas=1, packages=("numpy", "numba")),
                    Contender("implicit", "benchmarks.knn:implicit", given, blas=1, packages=("implicit", "scipy")),
                ],
            )


def ours(data: str, similarity: str) -> Prepared:
    """From the log to the fitted model."""
    from benchmarks.shops import Shop
    from regulars.core import Run
    from regulars.models import ItemKNN

    shop = Shop.of(data)
    method = ItemKNN(NEIGHBORS, similarity, tilt=0.5, activity=0.0, side="history", rule="count")
    circumstances = Run(threads=threads())

    def judge(model: Any) -> dict[str, float]:
        weights = csr_array((model.data, model.indices, model.indptr), shape=(model.n_items,) * 2)
        theirs = _implicit(data, similarity)().similarity
        return {**quality(shop.lists(model, K), pairs(data).wanted), "agreement": _agreement(weights, theirs)}

    return lambda: method.fit(shop.data, circumstances), judge


def implicit(data: str, similarity: str) -> Prepared:
    """From the matrix to the fitted model."""

    def judge(model: Any) -> dict[str, float]:
        known = pairs(data).known
        items, _ = model.recommend(np.arange(known.shape[0]), known, N=K, filter_already_liked_items=True)
        return quality(items, pairs(data).wanted)

    return _implicit(data, similarity), judge


def _implicit(data: str, similarity: str) -> Callable[[], Any]:
    import warnings

    from implicit import nearest_neighbours
    from implicit.utils import ParameterWarning

    warnings.simplefilter("ignore", ParameterWarning)
    known = pairs(data).known

    def fit() -> Any:
        model = getattr(nearest_neighbours, SIMILARITIES[similarity])(K=NEIGHBORS + 1, num_threads=threads())
        model.fit(known, show_progress=False)
        return model

    return fit


def _agreement(ours: Any, theirs: Any) -> float:
    """Row by row, the part of their similarities, sorted, that ours equal."""
    same = total = 0
    for item in range(ours.shape[0]):
        row = theirs.indptr[item], theirs.indptr[item + 1]
        others = theirs.indices[row[0] : row[1]] != item
        wanted = np.sort(theirs.data[row[0] : row[1]][others])[::-1][:NEIGHBORS]
        found = np.sort(ours.data[ours.indptr[item] : ours.indptr[item + 1]])[::-1][: len(wanted)]
        same += int(np.isclose(found, wanted[: len(found)], rtol=1e-5).sum())
        total += int((wanted > 0).sum())
    return same / total
