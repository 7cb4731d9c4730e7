"""LensKit's item-item methods, in its own environment; judged is the matrix from which its scores come."""

import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from lenskit.data import from_interactions_df
from lenskit.knn import EASEScorer, ItemKNNScorer, SLIMScorer
from lenskit.training import TrainingOptions

from benchmarks.data import pairs, quality
from benchmarks.measure import threads
from benchmarks.peers.weights import lists

Prepared = tuple[Callable[[], Any], Callable[[Any], dict[str, float]]]

METHODS = {"item_knn": ItemKNNScorer, "ease": EASEScorer, "slim": SLIMScorer}


def prepare(data: str, method: str, settings: dict[str, Any], k: int) -> Prepared:
    """From its data set to the trained component."""
    warnings.simplefilter("ignore")
    os.environ["LK_NUM_THREADS"] = str(threads())
    matrix = pairs(data).known
    users, items = matrix.nonzero()
    dataset = from_interactions_df(pd.DataFrame({"user_id": users, "item_id": items}))

    def fit() -> Any:
        model = METHODS[method](**settings)
        model.train(dataset, TrainingOptions())
        return model

    def judge(model: Any) -> dict[str, float]:
        weights = model.sim_matrix.to_scipy() if method == "item_knn" else model.weights
        ids = np.asarray(model.items.ids())
        inside = matrix[:, ids]
        found = ids[lists(weights, inside, k)]
        return quality(found, pairs(data).wanted)

    return fit, judge
