"""RecTools' EASE, in its own environment."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.data import pairs, quality

Prepared = tuple[Callable[[], Any], Callable[[Any], dict[str, float]]]


def prepare(data: str, regularization: float, k: int, threads: int) -> Prepared:
    """From its data set to the fitted model."""
    from rectools import Columns
    from rectools.dataset import Dataset
    from rectools.models import EASEModel

    known = pairs(data).known
    users, items = known.nonzero()
    interactions = pd.DataFrame({Columns.User: users, Columns.Item: items})
    interactions[Columns.Weight] = 1.0
    interactions[Columns.Datetime] = pd.Timestamp("2020-01-01")
    dataset = Dataset.construct(interactions)

    def fit() -> Any:
        return EASEModel(regularization=regularization, recommend_n_threads=threads).fit(dataset)

    def judge(model: Any) -> dict[str, float]:
        everybody = np.unique(users)
        answer = model.recommend(everybody, dataset, k=k, filter_viewed=True)
        lists = np.full((known.shape[0], k), -1, dtype=np.int64)
        lists[answer[Columns.User], answer[Columns.Rank] - 1] = answer[Columns.Item]
        return quality(lists, pairs(data).wanted)

    return fit, judge
