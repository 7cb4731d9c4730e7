"""Explicit ratings: fitting and RMSE on ml-100k beside Surprise, on the same five folds (Surprise's own KFold).

"as Surprise": the factors and epochs that Surprise has by default, so that the times compare; step and regularization
are each library's own. "defaults": ours as they are. "chosen": each fold's settings come from its training ratings
alone and begin with those that Surprise has by default (START), so nothing of them has seen the test, as our defaults
have. `tune` makes TRIALS trials on an eighth of the training ratings, goes on from the best with another eighth, and
once more; the best KEPT of each search are then cross-validated over all eighths, and the best of them is fitted once
on the whole training part. Surprise is not tuned. What it calls kNN-baseline is its item-based one with
`pearson_baseline`. Ratings that we say NaN of, those of items that training does not hold, are predicted by the
customer's mean. Quality is the mean over the folds.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl

from benchmarks.data import folder
from benchmarks.figure import OURS, Figure
from benchmarks.measure import Contender, race

FOLDS, SEED = 5, 0
PARTS = 8  # of the training ratings: each is the validation of the others
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
START: dict[str, dict[str, Any]] = {  # shrinkage, which Surprise has not: the middle of its range, by its logarithm
    "SVD++": {"factors": 20, "epochs": 20, "rate": 0.007, "regularization": 0.02, "shrinkage": 1.0}
}
SPANS = {"factors": [10, 200], "epochs": [10, 200]}  # up to 200 factors, as Koren (KDD 2008); all else: legal ranges
SEARCHES, TRIALS, KEPT = 3, 50, 4
CHOSEN = ("SVD++",)  # the others reach their targets as they are

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
    for name in METHODS:
        ours = Contender(OURS, "benchmarks.ratings:defaults", {"name": name}, blas=1, packages=("numpy", "numba"))
        yield from race(f"{name} defaults, fit", "ml-100k", [ours])
    for name in CHOSEN:
        ours = Contender(OURS, "benchmarks.ratings:chosen", {"name": name}, blas=1, packages=("numpy", "optuna"))
        yield from race(f"{name} chosen, fit", "ml-100k", [ours])


def ours(name: str) -> Prepared:
    """From the log of the first fold to the fitted model; judged on all folds."""
    return _judged([_method(name, AS_SURPRISE[name])] * FOLDS)


def defaults(name: str) -> Prepared:
    """The same with our own settings."""
    return _judged([_method(name, {})] * FOLDS)


def chosen(name: str) -> Prepared:
    """The same with the settings of each fold chosen on a part of its training ratings."""
    return _judged([_chosen(name, split_of(*fold).train, number) for number, fold in enumerate(folds())])


def _judged(methods: list[Any]) -> Prepared:
    """The fit of the first fold, and the quality of all folds, each by its own method."""
    splits = [split_of(train, test) for train, test in folds()]

    def judge(_: Any) -> dict[str, float]:
        found = [figures(method, split) for method, split in zip(methods, splits, strict=True)]
        return {name: float(np.mean([one[name] for one in found])) for name in ("rmse", "mae")}

    return lambda: methods[0].fit(splits[0].train), judge


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


def split_of(train: list[Rating], test: list[Rating]) -> Any:
    """A split that withholds the test ratings."""
    from regulars.core import Dataset
    from regulars.evaluation import GivenSplit

    frame = pl.DataFrame([*train, *test], schema=["user_id", "item_id", "weight"], orient="row")
    labels = pl.Series("split", ["train"] * len(train) + ["test"] * len(test))
    return GivenSplit().cut(Dataset.of(frame.with_columns(labels)))


def figures(method: Any, split: Any) -> dict[str, float]:
    """RMSE and MAE of a method on a split."""
    from regulars.evaluation import evaluate

    return evaluate(method.fit(split.train), split, metrics={}).means


def _chosen(name: str, known: Any, fold: int) -> Any:
    """The method at the best settings by what `known`, the training part of a fold, says alone."""
    from regulars import Run
    from regulars.evaluation import Fold as Part
    from regulars.tuning import Exam, Plan, Space, tune

    exams = [Exam(part, metric="rmse") for part in Part.all(PARTS, seed=SEED)]
    best, finalists = _method(name, START[name]), []
    for number, exam in enumerate(exams[:SEARCHES]):
        run = Run(seed=SEARCHES * fold + number)
        study = tune({name: Space(best, SPANS)}, known, exam=exam, plan=Plan(trials=TRIALS), run=run)
        best = study.tuned()[name]
        done = sorted((trial for trial in study.trials if trial.done), key=lambda trial: trial.value)
        finalists += [_method(name, dict(trial.settings)) for trial in done[:KEPT]]
    rungs = [exam.on(known).rungs[-1] for exam in exams]
    errors = {
        method: np.mean([rung.value(method.fit(rung.split.train), Run()) for rung in rungs])
        for method in dict.fromkeys(finalists)
    }
    return min(errors, key=lambda method: errors[method])


def _method(name: str, settings: dict[str, Any]) -> Any:
    from regulars import models

    return getattr(models, METHODS[name])(**settings)


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
