"""Real data: the figures of the plainest evaluator that sorts the whole catalog for each customer."""

import os
from dataclasses import dataclass
from math import log2
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from regulars.core import DAY, Dataset, top_k
from regulars.evaluation import GivenSplit, TimeSplit, compare, evaluate
from regulars.models.popularity import Popularity
from regulars.ranking import Unseen

FOLDER = os.environ.get("REGULARS_DATA", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="REGULARS_DATA, the folder of public data sets, is not set")


@dataclass(frozen=True)
class Dice:
    """Scores drawn for each customer, times what each item weighs: no ties."""

    weights: np.ndarray

    def score(self, queries):
        drawn = [np.random.default_rng(int(user)).random(len(self.weights)) for user in queries.users]
        return (self.weights * np.array(drawn)).astype(np.float32)

    def recommend(self, queries, k, allowed=None):
        return top_k(self.score(queries), k, allowed)


def test_ml_1m_agrees_with_sorting_the_whole_catalog():
    log = pl.read_parquet(Path(FOLDER) / "lightgcn" / "ml-1m.parquet")
    split = GivenSplit().cut(Dataset.of(log)).sample(300)
    taste = Dice(1.0 + np.bincount(split.train.item, minlength=split.train.n_items))
    found = evaluate(taste, split, k=(20,), filters=[Unseen()])
    recalls, ndcgs = [], []
    for row in range(len(split)):
        one = split.queries[row : row + 1]
        scores = taste.score(one)[0]
        scores[one.history.items] = -np.inf
        wanted = set(split.wanted[row : row + 1].items.tolist())
        ranks = [rank for rank, item in enumerate(np.argsort(-scores)[:20].tolist(), 1) if item in wanted]
        ideal = sum(1 / log2(rank + 1) for rank in range(1, min(20, len(wanted)) + 1))
        recalls.append(len(ranks) / len(wanted))
        ndcgs.append(sum(1 / log2(rank + 1) for rank in ranks) / ideal)
    assert found.figures["recall@20"].tolist() == pytest.approx(recalls)
    assert found.figures["ndcg@20"].tolist() == pytest.approx(ndcgs)


def test_ml_100k_cut_in_time_finds_popularity_better_than_dice():
    log = pl.read_parquet(Path(FOLDER) / "ml-100k" / "ratings.parquet").rename({"timestamp": "time"})
    data = Dataset.of(log)
    split = TimeSplit(days=28.0).cut(data)
    assert split.train.time.max() < split.queries.times.min() <= split.wanted.times.min()
    assert split.queries.times[0] == data.time.max() + 1 - 28 * DAY
    models = {"popularity": Popularity().fit(split.train), "dice": Dice(np.ones(data.n_items))}
    table = compare(models, split, filters=[Unseen()]).frame()
    verdicts = {row["name"]: row["verdict"] for row in table.to_dicts() if row["metric"] == "ndcg@10"}
    assert verdicts == {"popularity": "reference", "dice": "worse"}
