"""The published splits as datasets of ours: what a method may learn from, and what it must find."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from benchmarks.data import USERS_AND_ITEMS, frame
from regulars.core import Allowed, Dataset, Queries, Recommender, Vocabulary

Splits = tuple[str, ...]

TRAIN: Splits = ("train",)
KNOWN: Splits = ("train", "valid")


@dataclass(frozen=True)
class Shop:
    """Pairs without times that a model may know; users and items are called by their numbers in the file."""

    data: Dataset

    @classmethod
    def of(cls, name: str, splits: Splits = KNOWN) -> "Shop":
        """lightgcn/gowalla or lightgcn/ml-1m."""
        events = _frame(name, splits)
        n, (users, items) = len(events), USERS_AND_ITEMS[name]
        data = Dataset(
            Vocabulary.of(range(users)),
            Vocabulary.of(range(items)),
            events["user_id"].to_numpy().astype(np.int32),
            events["item_id"].to_numpy().astype(np.int32),
            np.zeros(n, dtype=np.int64),
            np.ones(n, dtype=np.float32),
            np.zeros(n, dtype=np.int8),
        )
        return cls(data.sorted())

    def queries(self) -> tuple[Queries, Allowed]:
        """A question about every user, and everything but what they have."""
        return self.data.everyone(), Allowed.all_but(self.data.histories())

    def lists(self, recommender: Recommender, k: int) -> np.ndarray:
        """The k best items for every user, what they have left out; int32 [n_users, k]."""
        queries, allowed = self.queries()
        return recommender.recommend(queries, k, allowed).items


def wanted(name: str, split: str) -> csr_matrix:
    """What the users of a split want; ones [n_users, n_items]."""
    events = _frame(name, (split,))
    at = (events["user_id"].to_numpy(), events["item_id"].to_numpy())
    return csr_matrix((np.ones(len(events), dtype=np.float32), at), shape=USERS_AND_ITEMS[name])


def _frame(name: str, splits: Splits) -> pl.DataFrame:
    return frame(name).filter(pl.col("split").is_in(splits)).sort("user_id", "item_id")
