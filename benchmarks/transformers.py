"""SASRec beside RecTools' and RecBole's: CPU seconds of an epoch with the softmax over all items, width 64, two blocks.

Ours is a whole fit of one epoch, from the log to the model. The peers make some training steps, with their own batches,
losses and optimizers, and the time is scaled to an epoch: a whole one would take minutes, or hours. RecBole learns from
one target of each example, every prefix of a history being one; RecTools from the newest window of a history, which is
less than all on ml-1m: "newest window" is ours on the same events.
"""

import resource
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from benchmarks.figure import OURS, Figure
from benchmarks.measure import Contender, peer_python, race, threads
from benchmarks.orders import LENGTHS, ordered

STEPS: Final = {"s3rec/Beauty": (5, 2), "ml-1m": (2, 1)}  # of one turn: RecTools', RecBole's; ours is the whole epoch
CATALOGS: Final = (10_000, 100_000, 1_000_000)
TOKENS: Final = 2_048
RECBOLE: Final = {"s3rec/Beauty": 2048, "ml-1m": 256}  # customers of a batch; larger ones do not fit beside others

if TYPE_CHECKING:
    from regulars.core import Dataset

Prepared = tuple[Callable[[], Any], Callable[[Any], dict[str, float]]]


def run() -> Iterator[Figure]:
    """An epoch on Beauty, whose histories are short, and on ml-1m, whose are long; then the softmax alone."""
    for data, (rectools, recbole) in STEPS.items():
        whole = Contender(OURS, "benchmarks.transformers:ours", {"data": data}, warm=False, packages=("torch",))
        contenders = [
            whole,
            replace(whole, peer=f"{OURS}, newest window", arguments={"data": data, "newest": True}),
            _peer("rectools", data, {"batch_size": 128}, rectools),
            _peer("recbole", data, {"train_batch_size": RECBOLE[data]}, recbole),
        ]
        for figure in race("SASRec, an epoch", data, contenders):
            yield _scaled(figure)
    for n_items in CATALOGS:
        given: dict[str, object] = {"n_items": n_items, "plain": False}
        contenders = [Contender(OURS, "benchmarks.transformers:softmax", given, warm=False, packages=("torch",))]
        if n_items < max(CATALOGS):  # where the plain one takes 25 GB
            plain = replace(contenders[0], peer="torch cross_entropy", arguments={**given, "plain": True})
            contenders.append(plain)
        yield from race(f"softmax of {TOKENS:,} tokens", f"{n_items:,} items", contenders)


def _peer(name: str, data: str, settings: dict[str, Any], steps: int) -> Contender:
    given = {"data": data, "settings": settings, "steps": steps}
    target = f"benchmarks.peers.{name}_sasrec:prepare"
    return Contender(name, target, given, python=peer_python(name), packages=(name, "torch"))


def _scaled(figure: Figure) -> Figure:
    """From the steps that were made to an epoch."""
    if figure.cpu_seconds is None or figure.seconds is None:
        return figure
    made = figure.quality["epochs"]
    return replace(figure, seconds=figure.seconds / made, cpu_seconds=figure.cpu_seconds / made)


def ours(data: str, newest: bool = False) -> Prepared:
    """A fit of one epoch, from the log to the model; `newest`: of the newest window of each customer alone."""
    from regulars.core import Run
    from regulars.models import SASRec

    events = ordered(data)
    learned = dataset(events.group_by("user", maintain_order=True).tail(LENGTHS[data] + 1) if newest else events)
    shape = {"width": 64, "length": LENGTHS[data], "blocks": 2, "heads": 1, "frequency": 0.0, "temperature": 0.0}
    method = SASRec(**shape, loss="full", batch=128, epochs=1, patience=0)
    few = learned.where(learned.user < 100)
    method.fit(few, Run(threads=threads()))  # loads what is compiled
    return lambda: method.fit(learned, Run(threads=threads())), lambda _: {"epochs": 1.0}


def dataset(events: pl.DataFrame) -> "Dataset":
    """A day from one event of a customer to the next; the items from 0 to the last that anybody met."""
    from regulars.core import DAY, Dataset, Vocabulary

    n = len(events)
    return Dataset(
        Vocabulary.of(range(events["user"].max() + 1)),
        Vocabulary.of(range(events["item"].max() + 1)),
        events["user"].to_numpy().astype(np.int32),
        events["item"].to_numpy().astype(np.int32),
        events["place"].to_numpy() * DAY,
        np.ones(n, dtype=np.float32),
        np.zeros(n, dtype=np.int8),
    )


def softmax(n_items: int, plain: bool) -> Prepared:
    """Loss and gradients of a step's softmax, width 64; how much memory it takes beside what it is given and gives."""
    import torch

    from regulars.models.networks.softmax import full

    torch.set_num_threads(threads())
    hidden, table = (torch.randn(n, 64, requires_grad=True) for n in (TOKENS, n_items))
    targets = torch.randint(0, n_items, (TOKENS,))

    def step() -> float:
        hidden.grad = table.grad = None
        with torch.autocast("cpu", torch.bfloat16):
            if plain:
                loss = torch.nn.functional.cross_entropy(hidden @ table.T, targets, reduction="sum")
            else:
                loss = full(hidden, table, targets)
        loss.backward()  # type: ignore[no-untyped-call]
        return peak() - before - table.nbytes / 2**20  # its gradient

    with torch.autocast("cpu", torch.bfloat16):
        full(hidden[:64], table[:64], targets[:64] % 64)  # loads what is compiled
    before = peak()
    return step, lambda taken: {"mb": taken, "table_mb": table.nbytes / 2**20}


def peak() -> float:
    """The most memory that this process held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
