"""RecBole's item-item methods, in its own environment: what their constructors learn."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.model.general_recommender import EASE, SLIMElastic
from recbole.model.general_recommender.itemknn import ComputeSimilarity

from benchmarks.data import frame, pairs, quality
from benchmarks.measure import threads
from benchmarks.peers.weights import lists

Prepared = tuple[Callable[[], Any], Callable[[Any], dict[str, float]]]


def prepare(data: str, method: str, settings: dict[str, Any], k: int) -> Prepared:
    """From its data set to the matrix. Of item-kNN the similarities only: its model also holds everybody's scores."""
    torch.set_num_threads(threads())
    config = _config(data, {"item_knn": "ItemKNN", "ease": "EASE", "slim": "SLIMElastic"}[method], settings)
    dataset = create_dataset(config)
    train = data_preparation(config, dataset)[0].dataset

    def fit() -> Any:
        if method == "item_knn":
            matrix = train.inter_matrix(form="csr").astype(np.float32)
            return ComputeSimilarity(matrix, topk=config["k"], shrink=config["shrink"]).compute_similarity()[1]
        return {"ease": EASE, "slim": SLIMElastic}[method](config, train).item_similarity

    def judge(weights: Any) -> dict[str, float]:
        ids = dataset.field2id_token["item_id"][1:].astype(np.int64)  # its first item is padding
        inside = weights[1:][:, 1:]
        return quality(ids[lists(inside, pairs(data).known[:, ids], k)], pairs(data).wanted)

    return fit, judge


def _config(data: str, model: str, settings: dict[str, Any]) -> Config:
    folder, name = Path(tempfile.mkdtemp()), "events"  # RecBole has a data set ml-100k of its own
    (folder / name).mkdir()
    events, test = frame(data), pl.col("split") == "test"
    for part, some in (("known", events.filter(~test)), ("test", events.filter(test))):
        columns = some.select("user_id", "item_id").rename({"user_id": "user_id:token", "item_id": "item_id:token"})
        columns.write_csv(folder / name / f"{name}.{part}.inter", separator="\t")
    return Config(
        model=model,
        dataset=name,
        config_dict={
            "data_path": str(folder),
            "benchmark_filename": ["known", "test", "test"],
            "load_col": {"inter": ["user_id", "item_id"]},
            "eval_args": {"order": "RO", "group_by": "user", "mode": "full", "split": {"RS": [8, 1, 1]}},
            "use_gpu": False,
            "show_progress": False,
            "checkpoint_dir": str(folder),
            "state": "ERROR",
            **settings,
        },
    )
