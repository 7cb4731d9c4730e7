"""diginetica's sessions as published (SR-GNN's preparation), and the last training sessions as a validation cut."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from benchmarks.data import folder
from regulars.core import DAY, Dataset, Histories, Queries, Vocabulary, longs, starts_of

PER_DAY = 1_300  # sessions; the files name no moments, but their order is that of the days
VALIDATION = 16_000  # the last training sessions, about as many as there are in the test


@dataclass(frozen=True)
class Sessions:
    """What a method may learn from, the sessions so far, and which item came next in each."""

    data: Dataset
    queries: Queries
    wanted: np.ndarray

    @classmethod
    def test(cls) -> "Sessions":
        """All training sessions, and the published 60,858 questions."""
        asked = pl.read_parquet(folder() / "sessions" / "diginetica_test.parquet")
        train = _train()
        return cls(_dataset(train), _queries(asked["prefix"], len(train)), asked["target"].to_numpy())

    @classmethod
    def validation(cls, sample: int = 20_000) -> "Sessions":
        """Some questions about every place of the last training sessions, and what came before these."""
        train = _train()
        known = train.head(len(train) - VALIDATION)
        met = set(known.explode().unique().to_list())
        rows = [
            (kept[:end], kept[end])
            for row in train.tail(VALIDATION).to_list()
            for kept in [[item for item in row if item in met]]
            for end in range(1, len(kept))
        ]
        picked = np.random.default_rng(0).choice(len(rows), min(sample, len(rows)), replace=False)
        prefixes = pl.Series([rows[at][0] for at in picked])
        return cls(_dataset(known), _queries(prefixes, len(known)), np.array([rows[at][1] for at in picked]))

    def figures(self, items: np.ndarray) -> dict[str, float]:
        """P@k (a hit among the k), MRR@k and NDCG@k of lists [n, k]."""
        hits = items == self.wanted[:, np.newaxis]
        ranks = np.arange(1, items.shape[1] + 1)
        k = items.shape[1]
        return {
            f"p@{k}": float(hits.any(axis=1).mean()),
            f"mrr@{k}": float((hits / ranks).sum(axis=1).mean()),
            f"ndcg@{k}": float((hits / np.log2(ranks + 1)).sum(axis=1).mean()),
        }


def _train() -> pl.Series:
    return pl.read_parquet(folder() / "sessions" / "diginetica_train.parquet").sort("session")["items"]


def _dataset(sessions: pl.Series) -> Dataset:
    lengths = sessions.list.len().to_numpy()
    items = sessions.explode().to_numpy().astype(np.int32)
    user = np.repeat(np.arange(len(sessions), dtype=np.int32), lengths)
    n = len(items)
    return Dataset(
        Vocabulary.of(range(len(sessions))),
        Vocabulary.of(range(int(items.max()) + 1)),
        user,
        items,
        _moment(user),
        np.ones(n, dtype=np.float32),
        np.zeros(n, dtype=np.int8),
    )


def _queries(prefixes: pl.Series, known: int) -> Queries:
    starts = starts_of(prefixes.list.len().to_numpy())
    n = int(starts[-1])
    items = prefixes.explode().to_numpy().astype(np.int32)
    now = int(_moment(np.array([known]))[0])
    ones, zeros = np.ones(n, dtype=np.float32), np.zeros(n, dtype=np.int8)
    return Queries.of(Histories(starts, items, np.full(n, now), ones, zeros), times=now + 1)


def _moment(session: np.ndarray) -> np.ndarray:
    return longs(session) * DAY // PER_DAY
