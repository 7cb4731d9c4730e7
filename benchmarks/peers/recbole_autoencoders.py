"""RecBole's autoencoders, in its own environment: the same pairs, judged by the judge of all."""

import math
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.model.general_recommender import MultiDAE, MultiVAE, RecVAE
from recbole.trainer import RecVAETrainer, Trainer
from recbole.utils import init_seed

from benchmarks.data import USERS_AND_ITEMS, frame, pairs, quality
from benchmarks.measure import threads

MODELS: Final = {"mult_dae": MultiDAE, "mult_vae": MultiVAE, "rec_vae": RecVAE}
AT_ONCE: Final = 1024  # customers judged at a time; by its default it would be one

Prepared = tuple[Callable[[], Any], Callable[[Any], dict[str, float]]]


def prepare(data: str, method: str, settings: Mapping[str, Any], *, stops: bool, k: int) -> Prepared:
    """Training on train; `stops` early by NDCG@k on valid and takes the best epoch, or learns all `epochs`.

    The judge asks on test for what is neither in train nor in valid.
    """
    torch.set_num_threads(threads())
    config = _config(data, MODELS[method].__name__, settings, k)
    dataset = create_dataset(config)
    train, valid, _ = data_preparation(config, dataset)

    def fit() -> Any:
        init_seed(config["seed"], True)
        model = MODELS[method](config, train.dataset)
        trainer = (RecVAETrainer if method == "rec_vae" else Trainer)(config, model)
        heard: list[float] = []
        trainer.fit(
            train,
            valid if stops else None,
            saved=stops,
            verbose=False,
            callback_fn=lambda _, figure: heard.append(figure),
        )
        if stops:
            model.load_state_dict(torch.load(trainer.saved_model_file, weights_only=False)["state_dict"])
        model.eval()
        return model, heard

    def judge(result: Any) -> dict[str, float]:
        model, heard = result
        found = quality(_lists(model, dataset, pairs(data).known, k), pairs(data).wanted)
        return {**found, "valid": max(heard, default=math.nan), "epochs": float(len(heard) or config["epochs"])}

    return fit, judge


def _lists(model: Any, dataset: Any, known: Any, k: int) -> np.ndarray:
    """Everybody's k best of what they do not have, by our numbers; -1 for those whom RecBole never met."""
    users = dataset.field2id_token["user_id"][1:].astype(np.int64)
    items = dataset.field2id_token["item_id"][1:].astype(np.int64)
    lists = np.full((known.shape[0], k), -1, dtype=np.int64)
    with torch.no_grad():
        for start in range(0, len(users), AT_ONCE):
            rows = users[start : start + AT_ONCE]
            asked = {"user_id": torch.arange(start + 1, start + 1 + len(rows))}
            scores = model.full_sort_predict(asked).view(len(rows), -1)[:, 1:].numpy().copy()
            scores[known[rows][:, items].toarray() > 0] = -np.inf
            lists[rows] = items[np.argsort(-scores, axis=1, kind="stable")[:, :k]]
    return lists


def _config(data: str, model: str, settings: Mapping[str, Any], k: int) -> Config:
    folder, name = Path(tempfile.mkdtemp()), "events"  # RecBole has a data set ml-100k of its own
    (folder / name).mkdir()
    for part in ("train", "valid"):
        events = frame(data).filter(pl.col("split") == part).select("user_id", "item_id")
        columns = events.rename({"user_id": "user_id:token", "item_id": "item_id:token"})
        columns.write_csv(folder / name / f"{name}.{part}.inter", separator="\t")
    return Config(
        model=model,
        dataset=name,
        config_dict={
            "data_path": str(folder),
            "benchmark_filename": ["train", "valid", "valid"],
            "load_col": {"inter": ["user_id", "item_id"]},
            "eval_args": {"order": "RO", "group_by": "user", "mode": "full", "split": {"RS": [8, 1, 1]}},
            "metrics": ["Recall", "NDCG"],
            "topk": [k],
            "valid_metric": f"NDCG@{k}",
            "eval_batch_size": AT_ONCE * (USERS_AND_ITEMS[data][1] + 1),
            "train_neg_sample_args": None,
            "use_gpu": False,
            "show_progress": False,
            "checkpoint_dir": str(folder),
            "state": "ERROR",
            **settings,
        },
    )
