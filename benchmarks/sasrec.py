"""SASRec on Beauty (the files of S3-Rec) and ml-1m: quality on test, the settings chosen on the items before the last.

Beauty: the protocol of `benchmarks.sequences`; SASRec alone, with the attributes of items, and in a rank fusion with
SLIST and Markov chains. ml-1m: the last of each customer's ratings among all films that they have not rated, nothing
known of its time; how good it is after so many CPU seconds.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import polars as pl

from benchmarks.data import folder
from benchmarks.figure import OURS, Figure
from benchmarks.measure import circumstances, threads
from benchmarks.orders import ordered
from benchmarks.sequences import ITEMS, METHODS, PAPERS, REFITTED, K, Sequences
from benchmarks.transformers import dataset
from regulars.core import DAY, Allowed, Dataset, Estimator, Histories, Progress, Queries, Recommender, Run, starts_of
from regulars.models import SLIST, SASRec
from regulars.ranking import RankFusion

# of 5 settings, by NDCG@10 of the validation items
BEAUTY: Final = SASRec(epochs=60, patience=0)
THREE: Final = replace(BEAUTY, members=3)
WITH_ATTRIBUTES: Final = SASRec(epochs=30, patience=0, attributes=True, members=2)
FUSION: Final = {"sasrec": 1.0, "slist": 0.5, "markov": 0.5}  # of 10 settings
CONSTANT: Final = 20.0
MOVIES: Final = SASRec(  # of 3 settings; an hour of one core
    epochs=70, batch=48, rate=0.002, width=128, dropout=0.2, heads=4, frequency=0.0, length=200, patience=0
)
MOVES: Final = SLIST(300.0, whole=0.3, half_life_steps=4.0, ahead_steps=3.0)  # of 1 setting
MOVIES_FUSION: Final = (1.0, 0.7)  # of 4 settings
PUBLISHED: Final = {  # HR@10, NDCG@10
    "s3rec/Beauty": {"SASRec, softmax (256)": (0.0921, 0.0531), "BSARec": (0.1008, 0.0611)},
    "ml-1m": {"SASRec, binary": (0.2500, 0.1341), "SASRec, softmax (3,000)": (0.3159, 0.1857)},
}


@dataclass
class Watch:
    """CPU seconds of each epoch."""

    began: float = field(default_factory=time.process_time)
    spent: list[float] = field(default_factory=list)

    def __call__(self, progress: Progress) -> None:
        if "epoch" not in progress.task:
            self.spent.append(time.process_time() - self.began)


def run() -> Iterator[Figure]:
    """Beauty under both protocols, then ml-1m, and the published figures."""
    for title, cut in (("as the papers", PAPERS), ("refitted", REFITTED)):
        given = Sequences.of(*cut)
        given = replace(given, learned=replace(given.learned, item_features=beauty_attributes()))
        fitted: dict[str, Recommender] = {}
        for name, method in (("sasrec", BEAUTY), ("three of sasrec", THREE), ("two, attributes", WITH_ATTRIBUTES)):
            fitted[name], seconds = _fit(method, given.learned)
            yield _figure(f"{name}, {title}", "s3rec/Beauty", seconds, given.figures(fitted[name]), repr(method))
        for name in ("slist", "markov"):
            fitted[name] = METHODS[name].fit(given.learned, Run(threads=threads()))
        for name in ("sasrec", "three of sasrec"):
            parts = (fitted[name], fitted["slist"], fitted["markov"])
            fusion = RankFusion(parts, weights=tuple(FUSION.values()), depth=100, constant=CONSTANT)
            yield _figure(f"{name} + slist + markov, {title}", "s3rec/Beauty", None, given.figures(fusion), str(FUSION))
    model, seconds = _fit(MOVIES, dataset(ordered("ml-1m")))
    yield _figure("sasrec, as the papers", "ml-1m", seconds, last_film(model), repr(MOVIES))
    moves = MOVES.fit(dataset(ordered("ml-1m")), Run(threads=threads()))
    yield _figure("slist, as the papers", "ml-1m", None, last_film(moves), repr(MOVES))
    fusion = RankFusion((model, moves), weights=MOVIES_FUSION, depth=100, constant=CONSTANT)
    yield _figure("sasrec + slist, as the papers", "ml-1m", None, last_film(fusion), str(MOVIES_FUSION))
    for data, rows in PUBLISHED.items():
        for title, (rate, ndcg) in rows.items():
            quality = {f"hr@{K}": rate, f"ndcg@{K}": ndcg}
            yield Figure("as the papers", data, f"{title}, published", quality=quality)


def beauty_attributes() -> pl.DataFrame:
    """A list of words for each item: the attributes that come with the files."""
    table = pl.read_parquet(folder() / "s3rec" / "Beauty_attributes.parquet")
    words = table.select(pl.col("item_id").cast(pl.Int64) - 1, pl.col("attributes").cast(pl.List(pl.String)))
    whole = pl.DataFrame({"item_id": range(ITEMS)}).join(words, on="item_id", how="left", maintain_order="left")
    return whole.drop("item_id")


def last_film(model: Recommender, left: int = 0, *, every: int = 1) -> dict[str, float]:
    """HR@10 and NDCG@10 of the newest rating of everybody but `left`, asked with all before it in the history.

    every: counts one of so many customers.
    """
    events = ordered("ml-1m", 0)
    before, wanted = events.filter(pl.col("left") > left), events.filter(pl.col("left") == left)
    n = len(before)
    history = Histories(
        starts_of(np.bincount(before["user"].to_numpy())),
        before["item"].to_numpy().astype(np.int32),
        before["place"].to_numpy() * DAY,
        np.ones(n, dtype=np.float32),
        np.zeros(n, dtype=np.int8),
    )
    answer = model.recommend(Queries.of(history), K, Allowed.all_but(history))
    hits = answer.items == wanted.sort("user")["item"].to_numpy()[:, np.newaxis]
    hits = hits[::every]
    gains = hits / np.log2(np.arange(2, K + 2))
    return {f"hr@{K}": float(hits.any(axis=1).mean()), f"ndcg@{K}": float(gains.sum(axis=1).mean())}


def _fit(method: Estimator[Any], data: Dataset) -> tuple[Recommender, list[float]]:
    """The model, and the CPU seconds after each epoch."""
    watch = Watch()
    return method.fit(data, Run(threads=threads(), on_epoch=watch)), watch.spent


def _figure(task: str, data: str, spent: list[float] | None, quality: dict[str, float], settings: str) -> Figure:
    cpu_seconds = spent[-1] if spent else None
    noted = {**circumstances(), "settings": settings, "epochs": spent}
    return Figure(task, data, OURS, cpu_seconds=cpu_seconds, quality=quality, further=noted)
