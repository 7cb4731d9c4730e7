"""RecBole's SASRec with its softmax over all items, in its own environment: some of its training steps."""

import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.model.sequential_recommender import SASRec
from recbole.utils import init_seed

from benchmarks.measure import threads
from benchmarks.orders import LENGTHS, ordered

Prepared = tuple[Callable[[], float], Callable[[float], dict[str, float]]]


def prepare(data: str, settings: dict[str, Any], steps: int) -> Prepared:
    """`steps` of its steps; each prefix of a history is an example of its own."""
    torch.set_num_threads(threads())
    folder, name = Path(tempfile.mkdtemp()), "events"
    (folder / name).mkdir()
    columns = {"user": "user_id:token", "item": "item_id:token", "place": "timestamp:float"}
    ordered(data, without=0).select(list(columns)).rename(columns).write_csv(
        folder / name / f"{name}.inter", separator="\t"
    )
    config = Config(
        model="SASRec",
        dataset=name,
        config_dict={
            "data_path": str(folder),
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "eval_args": {"order": "TO", "group_by": "user", "mode": "full", "split": {"LS": "valid_and_test"}},
            "MAX_ITEM_LIST_LENGTH": LENGTHS[data],
            "train_neg_sample_args": None,
            "loss_type": "CE",
            "n_layers": 2,
            "n_heads": 1,
            "hidden_size": 64,
            "inner_size": 256,
            "use_gpu": False,
            "show_progress": False,
            "checkpoint_dir": str(folder),
            "state": "ERROR",
            **settings,
        },
    )
    init_seed(0, True)
    dataset = create_dataset(config)
    train, _, _ = data_preparation(config, dataset)
    model = SASRec(config, train.dataset)
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    batches = itertools.cycle(train)

    def work() -> float:
        loss = torch.zeros(())
        for batch in itertools.islice(batches, steps):
            optimizer.zero_grad()
            loss = model.calculate_loss(batch)
            loss.backward()
            optimizer.step()
        return float(loss.detach())

    return work, lambda loss: {"loss": loss, "epochs": steps / len(train)}
