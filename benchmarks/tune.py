"""Tuning on ml-1m: what it gains over the defaults on the test set, and what it costs beside the bare fits.

`tune` is given train + valid and cuts its own validation out of them, a random tenth of each customer's items; test is
asked once for the defaults and once for the settings that were chosen. Overhead: CPU seconds of the whole search less
those of fitting and judging, for each trial; a study file on disk included.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.data import quality
from benchmarks.figure import OURS, Figure
from benchmarks.measure import circumstances, threads, timed
from benchmarks.shops import Shop, wanted
from regulars.core import Estimator, Run
from regulars.evaluation import RatioPerUser
from regulars.models import ALS, EASE, ItemKNN
from regulars.ranking import Unseen
from regulars.tuning import NEEDS, Exam, Plan, Space, Study, tune

DATA, K, TRIALS = "ml-1m", 20, 60
METHODS: dict[str, Estimator[Any]] = {"item_knn": ItemKNN(), "ease": EASE(), "als": ALS()}


def run() -> Iterator[Figure]:
    """The search, then each method on the test set with its defaults and with what was chosen."""
    shop, target = Shop.of(DATA), wanted(DATA, "test")
    exam = Exam(RatioPerUser(0.1, random=True), "ndcg", K, (Unseen(),))
    circumstance = Run(threads=threads())
    spaces = {name: Space(method, held=NEEDS[name].held) for name, method in METHODS.items()}
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "study.db"
        tune(spaces, shop.data, exam=exam, plan=Plan(trials=3), file=Path(scratch) / "warm.db", run=circumstance)
        study, seconds, cpu_seconds = timed(
            lambda: tune(spaces, shop.data, exam=exam, plan=Plan(trials=TRIALS), file=file, run=circumstance)
        )
    yield Figure(
        f"tune {', '.join(METHODS)}, {TRIALS} trials",
        DATA,
        OURS,
        seconds,
        cpu_seconds,
        quality=_costs(study, cpu_seconds),
    )
    for name, tuned in study.tuned().items():
        for what, method in (("defaults", METHODS[name]), ("tuned", tuned)):
            model, seconds, cpu_seconds = timed(lambda method=method: method.fit(shop.data, circumstance))
            found = {**quality(shop.lists(model, K), target), "validation": _value(study, name, what)}
            noted = {**circumstances(), "settings": repr(method), "trials": len(study.of(name))}
            yield Figure(f"{name}, {what}", DATA, OURS, seconds, cpu_seconds, quality=found, further=noted)


def _costs(study: Study, cpu_seconds: float) -> dict[str, float]:
    """Of one trial: CPU seconds of its fit and judgement, and what the search added; how many were stopped early."""
    bare = sum(trial.cost.cpu_seconds for trial in study.trials)
    n = len(study.trials)
    pruned = int(study.standings()["pruned"].sum())
    return {"bare_per_trial": bare / n, "overhead_per_trial": (cpu_seconds - bare) / n, "stopped_early": float(pruned)}


def _value(study: Study, name: str, what: str) -> float:
    return (study.first(name) if what == "defaults" else study.best(name)).value
