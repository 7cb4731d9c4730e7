"""RecTools: `recommend` and `calc_metrics`, in an environment of its own (it asks for numpy < 2)."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from implicit.als import AlternatingLeastSquares
from rectools import Columns
from rectools.dataset import Dataset
from rectools.metrics import NDCG, Recall, calc_metrics
from rectools.models import ImplicitALSWrapperModel

from benchmarks import factors
from benchmarks.data import frame
from benchmarks.measure import threads

Figures = dict[str, float]


def evaluation(data: str, file: str, k: int) -> tuple[Callable[[], Figures], Callable[[Figures], Figures]]:
    """Its wrapper of implicit's ALS with the given vectors; its metrics with the definitions that we use."""
    events = frame(data)
    known, wanted = (_table(events.filter(keep)) for keep in (pl.col("split") != "test", pl.col("split") == "test"))
    dataset = Dataset.construct(known)
    model = _fitted(dataset, file)
    customers = wanted[Columns.User].unique()
    metrics = {f"recall@{k}": Recall(k), f"ndcg@{k}": NDCG(k, divide_by_achievable=True)}

    def work() -> Figures:
        lists = model.recommend(customers, dataset, k, filter_viewed=True)
        return dict(calc_metrics(metrics, lists, wanted))

    return work, lambda figures: figures


def _fitted(dataset: Dataset, file: str) -> ImplicitALSWrapperModel:
    users, items = factors.load(file)
    als = AlternatingLeastSquares(factors=users.shape[1], num_threads=threads())
    als.user_factors = users[dataset.user_id_map.external_ids]
    als.item_factors = items[dataset.item_id_map.external_ids]
    wrapper = ImplicitALSWrapperModel(als)
    wrapper.model, wrapper.is_fitted = als, True
    return wrapper


def _table(events: pl.DataFrame) -> Any:
    columns = {Columns.User: events["user_id"].to_numpy(), Columns.Item: events["item_id"].to_numpy()}
    return pd.DataFrame({**columns, Columns.Weight: np.ones(len(events)), Columns.Datetime: pd.Timestamp(0)})
