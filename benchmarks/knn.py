"""kNN: fitting 100 neighbors of every item, and answering everybody, ours beside implicit with the same definition.

implicit has no user-kNN; fitted on the transposed matrix it finds the neighbors of every customer, whose votes are then
summed by scipy. Ours finds them when it is asked, so fitting and answering are measured together.

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
ROWS = 1_000  # customers whose votes scipy sums at a time

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
    for data in DATA:
        yield from race(f"item-kNN tfidf, fit and top-{K} of all", data, _answering("items", data, "implicit"))
        yield from race(
            f"user-kNN tfidf, fit and top-{K} of all",
            data,
            _answering("users", data, "implicit", "implicit, fit alone"),
        )


def _answering(side: str, data: str, *peers: str) -> list[Contender]:
    ours = Contender(OURS, f"benchmarks.knn:our_{side}", {"data": data}, blas=1, packages=("numpy", "numba"))
    names = {"implicit": f"benchmarks.knn:implicit_{side}", "implicit, fit alone": "benchmarks.knn:implicit_neighbors"}
    theirs = [Contender(peer, names[peer], {"data": data}, blas=1, packages=("implicit", "scipy")) for peer in peers]
    return [ours, *theirs]


def our_items(data: str) -> Prepared:
    """Item-kNN: from the log to everybody's answer."""
    from regulars.models import ItemKNN

    return _our_lists(data, ItemKNN(NEIGHBORS, "tfidf", tilt=0.5, activity=0.0, side="history", rule="count"))


def our_users(data: str) -> Prepared:
    """User-kNN: the same."""
    from regulars.models import UserKNN

    plain = {"tilt": 0.5, "shrinkage": 0.0, "power": 1.0, "activity": 0.0, "popularity": 0.0, "rule": "count"}
    return _our_lists(data, UserKNN(NEIGHBORS, "tfidf", **plain))  # type: ignore[arg-type]


def _our_lists(data: str, method: Any) -> Prepared:
    from benchmarks.shops import Shop
    from regulars.core import Run

    shop = Shop.of(data)
    circumstances = Run(threads=threads())
    return (
        lambda: shop.lists(method.fit(shop.data, circumstances), K),
        lambda items: quality(items, pairs(data).wanted),
    )


def implicit_items(data: str) -> Prepared:
    """Item-kNN: from the matrix to everybody's answer."""
    known, fit = pairs(data).known, _implicit(data, "tfidf")

    def answer() -> Any:
        return fit().recommend(np.arange(known.shape[0]), known, N=K, filter_already_liked_items=True)[0]

    return answer, lambda items: quality(items, pairs(data).wanted)


def implicit_users(data: str) -> Prepared:
    """User-kNN: the same, the votes summed by scipy."""
    known, fit = pairs(data).known, _implicit(data, "tfidf", of_users=True)

    def answer() -> Any:
        similarity = fit().similarity
        lists = np.full((known.shape[0], K), -1, dtype=np.int32)
        for start in range(0, known.shape[0], ROWS):
            scores = similarity[start : start + ROWS] @ known
            scores = scores - scores.multiply(known[start : start + ROWS])  # what they have is left out
            for row in range(scores.shape[0]):
                part = slice(scores.indptr[row], scores.indptr[row + 1])
                best = np.argsort(-scores.data[part])[:K]
                lists[start + row, : len(best)] = scores.indices[part][best]
        return lists

    return answer, lambda items: quality(items, pairs(data).wanted)


def implicit_neighbors(data: str) -> Prepared:
    """User-kNN: everybody's neighbors, without an answer."""
    return _implicit(data, "tfidf", of_users=True), lambda _: {}


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


def _implicit(data: str, similarity: str, *, of_users: bool = False) -> Callable[[], Any]:
    import warnings

    from implicit import nearest_neighbours
    from implicit.utils import ParameterWarning

    warnings.simplefilter("ignore", ParameterWarning)
    known = pairs(data).known
    known = known.T.tocsr() if of_users else known

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
