"""What comes next, on Beauty (the files of S3-Rec) and diginetica; settings chosen on validation only.

The last item of each of the 22,363 customers is the test, the one before it the validation; everybody is answered with
the 10 best of all 12,101 items, those of the history left out. "As the papers": fitted on all but the last two items,
and asked with the validation item in the history. "Refitted": fitted on all but the last one. The settings, chosen by
NDCG@10 of the validation items, are the same for both. Positions act as times, a step each.

On diginetica Markov chains answer the 60,858 questions of `benchmarks.sessions`; here each click is a step.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from benchmarks.data import folder
from benchmarks.diginetica import Sessions
from benchmarks.figure import OURS, Figure
from benchmarks.measure import circumstances, threads, timed
from regulars.core import DAY, Allowed, Dataset, Estimator, Queries, Recommender, Run, Vocabulary
from regulars.models import EASE, SLIST, ItemKNN, Markov

DATA, USERS, ITEMS, K = "s3rec/Beauty", 22_363, 12_101, 10

METHODS: dict[str, Estimator[Any]] = {
    # of 74 settings: cosine and TF-IDF, tilt .5-.9, activity 0-1, shrinkage 0-10, both sides, half-life .7-4
    "item_knn": ItemKNN(1000, "tfidf", tilt=0.8, activity=0.0, rule="binary", half_life_steps=1.0),
    # of 46: reach 1-20, shrinkage 0-200, popularity damping 0-.6, activity 0-1, half-lives
    "markov": Markov(
        1000,
        reach=10,
        ahead_steps=3.0,
        shrinkage=20.0,
        popularity_damping=0.05,
        back=0.0,
        half_life_steps=1.0,
        activity=0.25,
    ),
    # of 17, by a quarter of the customers: regularization 30-300, whole .25 and .5, activity 0 and .5, half-lives 1-2.8
    "slist": SLIST(100.0, whole=0.5, half_life_steps=1.4, ahead_steps=1.4, max_items=ITEMS),
    # of 9: regularization 30-300, half-life .7-2.8
    "ease": EASE(100.0, half_life_steps=1.4, max_items=ITEMS),
}

PUBLISHED = {  # HR@10, NDCG@10: S3-Rec's table and the README of RecTools' eSASRec
    "SASRec, BCE": (0.0605, 0.0318),
    "S3-Rec": (0.0647, 0.0327),
    "TIGER": (0.0648, 0.0384),
    "SASRec, sampled softmax": (0.0921, 0.0531),
}


@dataclass(frozen=True)
class Sequences:
    """What a method may learn from, and who is asked; the item that comes next is `wanted`, int32 [n_users]."""

    learned: Dataset
    asked: Dataset
    wanted: np.ndarray

    @classmethod
    def of(cls, learned: int, asked: int) -> "Sequences":
        """Fitted without the last `learned` items of everybody, asked for the last but `asked - 1`."""
        events = pl.read_parquet(folder() / f"{DATA}.parquet").sort("user_id", "pos")
        events = events.with_columns(left=pl.len().over("user_id") - pl.col("pos"))
        wanted = events.filter(pl.col("left") == asked)["item_id"].to_numpy() - 1
        return cls(_dataset(events, learned), _dataset(events, asked), wanted)

    def figures(self, model: Recommender) -> dict[str, float]:
        """HR@10 and NDCG@10 over all customers."""
        history = self.asked.histories()
        answer = model.recommend(Queries.of(history), K, Allowed.all_but(history))
        hits = answer.items == self.wanted[:, np.newaxis]
        gains = hits / np.log2(np.arange(2, K + 2))
        return {f"hr@{K}": float(hits.any(axis=1).mean()), f"ndcg@{K}": float(gains.sum(axis=1).mean())}


# of 28 settings, by NDCG@20 of 6,000 questions about the last training sessions
CHAINS = Markov(
    500, reach=10, ahead_steps=3.0, shrinkage=20.0, popularity_damping=0.2, back=1.0, half_life_steps=1.5, activity=0.25
)

VALIDATION, PAPERS, REFITTED = (2, 2), (2, 1), (1, 1)  # arguments of `Sequences.of`


def run() -> Iterator[Figure]:
    """Each method under both protocols, and the published figures."""
    for name, method in METHODS.items():
        for title, cut in (("as the papers", PAPERS), ("refitted", REFITTED)):
            given = Sequences.of(*cut)
            model, seconds, cpu_seconds = timed(partial(method.fit, given.learned, Run(threads=threads())))
            noted = {**circumstances(), "settings": repr(method)}
            yield Figure(
                f"{name}, {title}", DATA, OURS, seconds, cpu_seconds, quality=given.figures(model), further=noted
            )
            del model
    for title, (rate, ndcg) in PUBLISHED.items():
        yield Figure("as the papers", DATA, f"{title}, published", quality={f"hr@{K}": rate, f"ndcg@{K}": ndcg})
    given = in_steps(Sessions.test())
    model, seconds, cpu_seconds = timed(partial(CHAINS.fit, given.data, Run(threads=threads())))
    figures = given.figures(model.recommend(given.queries, 20).items)
    noted = {**circumstances(), "settings": repr(CHAINS)}
    yield Figure("markov", "diginetica", OURS, seconds, cpu_seconds, quality=figures, further=noted)


def in_steps(sessions: Sessions) -> Sessions:
    """The same sessions with every click a second after the one before."""
    data, history = sessions.data, sessions.queries.history
    place = np.arange(len(data)) - data.starts[data.user]
    asked = np.arange(len(history.items)) - history.starts[history.rows]
    queries = Queries.of(replace(history, times=history.times + asked))
    return replace(sessions, data=replace(data, time=data.time + place), queries=queries)


def _dataset(events: pl.DataFrame, cut: int) -> Dataset:
    """Everybody's history without the last `cut` items."""
    kept = events.filter(pl.col("left") > cut)
    n = len(kept)
    return Dataset(
        Vocabulary.of(range(USERS)),
        Vocabulary.of(range(ITEMS)),
        kept["user_id"].to_numpy().astype(np.int32) - 1,
        kept["item_id"].to_numpy().astype(np.int32) - 1,
        kept["pos"].to_numpy().astype(np.int64) * DAY,
        np.ones(n, dtype=np.float32),
        np.zeros(n, dtype=np.int8),
    )
