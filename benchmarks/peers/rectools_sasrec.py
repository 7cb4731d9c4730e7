"""RecTools' SASRec with its softmax over all items, in its own environment: some of its training steps."""

import itertools
import logging
import warnings
from collections.abc import Callable
from typing import Any

import pandas as pd
import torch
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel

from benchmarks.measure import threads
from benchmarks.orders import LENGTHS, ordered

Prepared = tuple[Callable[[], float], Callable[[float], dict[str, float]]]


def prepare(data: str, settings: dict[str, Any], steps: int) -> Prepared:
    """`steps` of its steps, with the batches and the optimizer that it would use."""
    warnings.simplefilter("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    torch.set_num_threads(threads())
    events = ordered(data)
    moments = pd.to_datetime(events["place"].to_numpy(), unit="s")
    columns = {Columns.User: events["user"].to_numpy(), Columns.Item: events["item"].to_numpy()}
    dataset = Dataset.construct(pd.DataFrame({**columns, Columns.Weight: 1.0, Columns.Datetime: moments}))
    model = SASRecModel(
        n_blocks=2, n_heads=1, n_factors=64, session_max_len=LENGTHS[data], loss="softmax", epochs=1, **settings
    )
    model._build_model_from_dataset(dataset)
    network, loader = model.lightning_model, model.data_preparator.get_dataloader_train()
    network.log = lambda *_, **__: None
    network.train()
    optimizer = network.configure_optimizers()
    batches = itertools.cycle(loader)

    def work() -> float:
        loss = torch.zeros(())
        for number, batch in enumerate(itertools.islice(batches, steps)):
            loss = network.training_step(batch, number)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return float(loss.detach())

    return work, lambda loss: {"loss": loss, "epochs": steps / len(loader)}
