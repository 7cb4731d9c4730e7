"""RecTools' SASRec with its softmax over all items, in its own environment: training steps, or a fit for a time."""

import itertools
import logging
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel

from benchmarks.measure import threads
from benchmarks.orders import LENGTHS, ordered

K = 10

Prepared = tuple[Callable[[], float], Callable[[float], dict[str, float]]]


def prepare(data: str, settings: dict[str, Any], steps: int) -> Prepared:
    """`steps` of its steps, with the batches and the optimizer that it would use."""
    model, _ = _built(data, settings)
    network, loader = model.lightning_model, model.data_preparator.get_dataloader_train()
    network.train()
    optimizer = network.configure_optimizers()
    batches = itertools.cycle(loader)

    def work() -> float:
        loss = torch.zeros(())
        for number, batch in enumerate(itertools.islice(batches, steps)):
            loss = _step(network, optimizer, batch, number)
        return float(loss.detach())

    return work, lambda loss: {"loss": loss, "epochs": steps / len(loader)}


def pace(
    data: str, settings: dict[str, Any], seconds: float, every: int
) -> tuple[Callable[[], dict[float, float]], Callable[[dict[float, float]], dict[str, float]]]:
    """NDCG@10 of the validation items of one of `every` customers by CPU seconds, until so many are spent."""

    def told(reached: dict[float, float]) -> dict[str, float]:
        return {f"after {spent:.0f} s": ndcg for spent, ndcg in reached.items()}

    return lambda: dict(curve(data, settings, seconds, every)), told


def curve(data: str, settings: dict[str, Any], seconds: float, every: int) -> Iterator[tuple[float, float]]:
    """After each epoch: the CPU seconds that training took so far, and NDCG@10."""
    model, dataset = _built(data, settings)
    model.is_fitted = True
    wanted = ordered(data, 1).group_by("user", maintain_order=True).last().sort("user")
    network, spent = model.lightning_model, 0.0
    optimizer = network.configure_optimizers()
    while spent < seconds:
        began = time.process_time()
        network.train()
        for number, batch in enumerate(model.data_preparator.get_dataloader_train()):
            _step(network, optimizer, batch, number)
        spent += time.process_time() - began
        users = wanted["user"].to_numpy()[::every]
        found = model.recommend(users=users, dataset=dataset, k=K, filter_viewed=True)
        hits = found.merge(
            pd.DataFrame({Columns.User: users, Columns.Item: wanted["item"].to_numpy()[::every]}),
            on=[Columns.User, Columns.Item],
        )
        yield spent, float((1 / np.log2(hits[Columns.Rank] + 1)).sum() / len(users))


def _step(network: Any, optimizer: torch.optim.Optimizer, batch: Any, number: int) -> torch.Tensor:
    loss: torch.Tensor = network.training_step(batch, number)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def _built(data: str, settings: dict[str, Any]) -> tuple[SASRecModel, Dataset]:
    warnings.simplefilter("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    torch.set_num_threads(threads())
    torch.manual_seed(0)
    events = ordered(data)
    moments = pd.to_datetime(events["place"].to_numpy(), unit="s")
    columns = {Columns.User: events["user"].to_numpy(), Columns.Item: events["item"].to_numpy()}
    dataset = Dataset.construct(pd.DataFrame({**columns, Columns.Weight: 1.0, Columns.Datetime: moments}))
    shape = {"n_blocks": 2, "n_heads": 1, "n_factors": 64, "session_max_len": LENGTHS[data], "loss": "softmax"}
    model = SASRecModel(**{**shape, "epochs": 1, **settings})
    model._build_model_from_dataset(dataset)
    model.lightning_model.log = lambda *_, **__: None
    return model, dataset
