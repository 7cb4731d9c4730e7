"""RecBole: its evaluation by full sort, in an environment of its own (its pins conflict with ours)."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.model.general_recommender import BPR
from recbole.trainer import Trainer

from benchmarks import factors
from benchmarks.data import USERS_AND_ITEMS, frame
from benchmarks.measure import threads

Figures = dict[str, float]


def evaluation(
    data: str, file: str, k: int, at_once: int | None = None
) -> tuple[Callable[[], Figures], Callable[[Figures], Figures]]:
    """A BPR whose embeddings are the given vectors; the same product of vectors decides.

    at_once: customers of a batch; unless given RecBole's own default, 4,096 scores, which is one or two customers.
    """
    torch.set_num_threads(threads())
    config = _config(data, k, at_once, Path(tempfile.mkdtemp()))
    dataset = create_dataset(config)
    train, _, test = data_preparation(config, dataset)
    model = BPR(config, train.dataset)
    users, items = factors.load(file)
    _put(model.user_embedding, users, dataset.field2id_token["user_id"])
    _put(model.item_embedding, items, dataset.field2id_token["item_id"])
    trainer = Trainer(config, model)
    return lambda: dict(trainer.evaluate(test, load_best_model=False)), lambda figures: figures


def _put(embedding: torch.nn.Embedding, vectors: Any, tokens: Any) -> None:
    """Gives row i the vector of tokens[i]; row 0 is padding."""
    with torch.no_grad():
        embedding.weight[1:] = torch.from_numpy(vectors[np.array(tokens[1:], dtype=np.int64)])


def _config(data: str, k: int, at_once: int | None, folder: Path) -> Config:
    _write(data, folder / data)
    settings = {
        "data_path": str(folder),
        "benchmark_filename": ["train", "valid", "test"],
        "load_col": {"inter": ["user_id", "item_id"]},
        "embedding_size": 64,
        "metrics": ["Recall", "NDCG"],
        "topk": [k],
        "valid_metric": f"NDCG@{k}",
        "metric_decimal_place": 6,
        "eval_args": {"order": "RO", "group_by": "user", "mode": "full", "split": {"RS": [8, 1, 1]}},
        "eval_batch_size": at_once * (USERS_AND_ITEMS[data][1] + 1) if at_once else 4096,
        "use_gpu": False,
        "show_progress": False,
        "checkpoint_dir": str(folder),
        "state": "ERROR",
    }
    return Config(model="BPR", dataset=data, config_dict=settings)


def _write(data: str, folder: Path) -> None:
    folder.mkdir()
    for part, events in frame(data).partition_by("split", as_dict=True).items():
        columns = events.select("user_id", "item_id").rename({"user_id": "user_id:token", "item_id": "item_id:token"})
        columns.write_csv(folder / f"{data}.{part[0]}.inter", separator="\t")
