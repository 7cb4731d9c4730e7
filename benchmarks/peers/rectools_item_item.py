"""RecTools' item-item methods, in its own environment: EASE, and implicit's item-kNN in its wrapper."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from implicit.nearest_neighbours import CosineRecommender
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import EASEModel, ImplicitItemKNNWrapperModel

from benchmarks.data import pairs, quality

Prepared = tuple[Callable[[], Any], Callable[[Any], dict[str, float]]]


def prepare(data: str, method: str, settings: dict[str, Any], k: int) -> Prepared:
    """From its data set to the fitted model, which is asked for its recommendations."""
    warnings.simplefilter("ignore")
    known = pairs(data).known
    users, items = known.nonzero()
    interactions = pd.DataFrame({Columns.User: users, Columns.Item: items})
    interactions[Columns.Weight] = 1.0
    interactions[Columns.Datetime] = pd.Timestamp("2020-01-01")
    dataset = Dataset.construct(interactions)

    def fit() -> Any:
        if method == "ease":
            return EASEModel(**{"recommend_n_threads": 1, **settings}).fit(dataset)
        return ImplicitItemKNNWrapperModel(CosineRecommender(**settings, num_threads=1)).fit(dataset)

    def judge(model: Any) -> dict[str, float]:
        everybody = np.unique(users)
        answer = model.recommend(everybody, dataset, k=k, filter_viewed=True)
        lists = np.full((known.shape[0], k), -1, dtype=np.int64)
        lists[answer[Columns.User], answer[Columns.Rank] - 1] = answer[Columns.Item]
        return quality(lists, pairs(data).wanted)

    return fit, judge
