"""The data sets that figures are published on, found through REGULARS_DATA, and one judge for all."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

USERS_AND_ITEMS = {"gowalla": (29_858, 40_981), "ml-1m": (6_039, 3_628), "ml-100k": (943, 1_682)}


@dataclass(frozen=True)
class Pairs:
    """Who met what, split as published: train and valid together are what a model may know; test is wanted."""

    known: csr_matrix  # [n_users, n_items], ones
    wanted: csr_matrix


def folder() -> Path:
    """Where the data sets are."""
    if "REGULARS_DATA" not in os.environ:
        raise SystemExit("this benchmark needs data sets: set REGULARS_DATA to their folder")
    return Path(os.environ["REGULARS_DATA"])


def pairs(name: str) -> Pairs:
    """lightgcn/gowalla, lightgcn/ml-1m or ml-100k."""
    events = frame(name)
    test = pl.col("split") == "test"
    return Pairs(_matrix(events.filter(~test), name), _matrix(events.filter(test), name))


def frame(name: str) -> pl.DataFrame:
    """user_id, item_id and split (train, valid, test) of each pair; of ml-100k all that was rated, split by chance."""
    if name == "ml-100k":
        return _rated(pl.read_parquet(folder() / name / "ratings.parquet"))
    return pl.read_parquet(folder() / "lightgcn" / f"{name}.parquet")


def _rated(ratings: pl.DataFrame) -> pl.DataFrame:
    chance = np.random.default_rng(0).random(len(ratings))
    split = np.select([chance < 0.1, chance < 0.3], ["valid", "test"], "train")
    return ratings.select(pl.col("user_id", "item_id") - 1).with_columns(split=pl.Series(split))


def _matrix(events: pl.DataFrame, name: str) -> csr_matrix:
    at = (events["user_id"].to_numpy(), events["item_id"].to_numpy())
    matrix = csr_matrix((np.ones(len(events), dtype=np.float32), at), shape=USERS_AND_ITEMS[name])
    matrix.sort_indices()
    return matrix


def quality(items: Any, wanted: csr_matrix) -> dict[str, float]:
    """Recall (hits / wanted) and NDCG (ideal: min(k, wanted) first) of lists [n_users, k], -1 where short."""
    k = items.shape[1]
    hits = np.zeros(items.shape, dtype=bool)
    for user, listed in enumerate(items):
        hits[user] = np.isin(listed, wanted.indices[wanted.indptr[user] : wanted.indptr[user + 1]])
    counts = np.diff(wanted.indptr)
    asked = counts > 0
    gains = 1 / np.log2(np.arange(2, k + 2))
    recall = hits[asked].sum(axis=1) / counts[asked]
    ndcg = (hits[asked] * gains).sum(axis=1) / np.cumsum(gains)[np.minimum(counts[asked], k) - 1]
    return {f"recall@{k}": float(recall.mean()), f"ndcg@{k}": float(ndcg.mean())}
