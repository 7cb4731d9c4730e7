"""Explicit ratings: fitting and RMSE on ml-100k beside Surprise, on the same five folds (Surprise's own KFold).

"as Surprise": the factors and epochs that Surprise has by default, so that the times compare; step and regularization
are each library's own. Quality is the mean over the folds. "chosen": in each fold, the settings of a small grid with
the least RMSE on an eighth of that fold's training ratings; what to put into the grids was learned on one random split
of the same ratings. Surprise is not tuned. What it calls kNN-baseline is its item-based one with `pearson_baseline`.
Ratings of items that training does not hold are predicted by the customer's mean where we say NaN.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
import polars as pl

from benchmarks.data import folder
from benchmarks.figure import OURS, Figure
from benchmarks.measure import Contender, race

FOLDS, SEED = 5, 0
VALIDATION = 8  # one part in so many
METHODS = {
    "SVD": "SVD",
    "SVD++": "SVDpp",
    "kNN-baseline": "KNNBaseline",
    "kNN-baseline between customers": "UserKNNBaseline",
    "FunkSVD": "FunkSVD",
}
AS_SURPRISE: dict[str, dict[str, Any]] = {
    "SVD": {"factors": 100, "epochs": 20, "rate": 0.01},
    "SVD++": {"factors": 20, "epochs": 20, "rate": 0.014},
    "kNN-baseline": {"neighbors": 40, "shrinkage": 100.0},
    "kNN-baseline between customers": {"neighbors": 40, "shrinkage": 100.0},
}
GRIDS: dict[str, dict[str, Sequence[Any]]] = {
    "SVD": {"epochs": (60, 100), "regularization": (0.07, 0.08, 0.1)},
    "SVD++": {"factors": (50, 100), "epochs": (60, 100), "regularization": (0.08, 0.1)},
    "kNN-baseline": {"neighbors": (25, 40, 60), "shrinkage": (50.0, 100.0)},
    "FunkSVD": {"epochs": (60, 100), "regularization": (0.08, 0.1)},
}

Rating = tuple[str, str, float]
Fold = tuple[list[Rating], list[Rating]]  # training and test
Prepared = tuple[Callable[[], Any], Callable[[Any], dict[str, float]]]


def run() -> Iterator[Figure]:
    """Each method as Surprise has it, then with settings of its own."""
    for name in AS_SURPRISE:
        given = {"name": name}
        yield from race(
            f"{name} as Surprise, fit",
            "ml-100k",
            [
                Contender(OURS, "benchmarks.ratings:ours", given, blas=1, packages=("numpy", "numba")),
                Contender("surprise", "benchmarks.ratings:surprise", given, blas=1, packages=("scikit-surprise",)),
            ],
        )
    for name in GRIDS:
        ours = Contender(OURS, "benchmarks.ratings:chosen", {"name": name}, blas=1, packages=("numpy", "numba"))
        yield from race(f"{name} chosen, fit", "ml-100k", [ours])


def ours(name: str) -> Prepared:
    """From the log of the first fold to the fitted model; judged on all folds."""
    all_folds = folds()
    first = _dataset(all_folds[0][0])
    method = _method(name, AS_SURPRISE[name])
    return lambda: method.fit(first), lambda _: _figures([errors(method, *fold) for fold in all_folds])


def chosen(name: str) -> Prepared:
    """The same with the settings of each fold chosen on a part of its training ratings."""
    all_folds = folds()
    methods = [_chosen(name, train) for train, _ in all_folds]
    first = _dataset(all_folds[0][0])

    def judge(_: Any) -> dict[str, float]:
        return _figures([errors(method, *fold) for method, fold in zip(methods, all_folds, strict=True)])

    return lambda: methods[0].fit(first), judge


def surprise(name: str) -> Prepared:
    """Surprise's fit of the first fold; judged on all folds."""
    import surprise as peer

    def method() -> Any:
        if name.startswith("kNN-baseline"):
            options = {"name": "pearson_baseline", "user_based": name.endswith("customers")}
            return peer.KNNBaseline(k=40, sim_options=options, verbose=False)
        return peer.SVD(random_state=SEED) if name == "SVD" else peer.SVDpp(random_state=SEED)

    pairs = list(_surprise_folds())

    def judge(_: Any) -> dict[str, float]:
        found = [method().fit(train).test(test) for train, test in pairs]
        return _figures([np.array([guess.est - guess.r_ui for guess in fold]) for fold in found])

    return lambda: method().fit(pairs[0][0]), judge


def folds() -> list[Fold]:
    """Training and test ratings of each fold."""
    return [(train.build_testset(), test) for train, test in _surprise_folds()]


def errors(method: Any, train: list[Rating], test: list[Rating]) -> np.ndarray:
    """Prediction less rating for each rating of the test."""
    data = _dataset(train)
    user = data.users.index([row[0] for row in test])
    item = data.items.index([row[1] for row in test])
    sums, counts = np.bincount(data.user, data.weight), np.bincount(data.user)
    means = np.append(sums / counts, data.weight.mean())  # the last one is for customers without training ratings
    scores = np.column_stack([method.fit(data).score(data.everyone()), np.full(data.n_users, np.nan)])
    scores = np.vstack([scores, np.full(scores.shape[1], np.nan)])
    found = np.asarray(scores[user, item])  # MISSING takes the last row or column: NaN
    return np.where(np.isnan(found), means[user], found) - np.array([row[2] for row in test])


def _chosen(name: str, train: list[Rating]) -> Any:
    grid = GRIDS[name]
    part = np.random.default_rng(SEED).integers(VALIDATION, size=len(train))
    known = [row for row, place in zip(train, part, strict=True) if place]
    withheld = [row for row, place in zip(train, part, strict=True) if not place]
    methods = [_method(name, dict(zip(grid, values, strict=True))) for values in product(*grid.values())]
    return min(methods, key=lambda method: float(np.mean(errors(method, known, withheld) ** 2)))


def _method(name: str, settings: dict[str, Any]) -> Any:
    from regulars import models

    return getattr(models, METHODS[name])(**settings)


def _dataset(ratings: list[Rating]) -> Any:
    from regulars.core import Dataset

    return Dataset.of(pl.DataFrame(ratings, schema=["user_id", "item_id", "weight"], orient="row"))


def _surprise_folds() -> Iterator[tuple[Any, list[Rating]]]:
    import surprise as peer
    from surprise.model_selection import KFold

    log = pl.read_parquet(folder() / "ml-100k" / "ratings.parquet").select("user_id", "item_id", "rating")
    data = peer.Dataset.load_from_df(log.to_pandas(), peer.Reader(rating_scale=(1, 5)))
    yield from KFold(n_splits=FOLDS, random_state=SEED).split(data)


def _figures(folds: list[np.ndarray]) -> dict[str, float]:
    """Means over the folds."""
    return {
        "rmse": float(np.mean([np.sqrt(np.mean(fold**2)) for fold in folds])),
        "mae": float(np.mean([np.abs(fold).mean() for fold in folds])),
    }
