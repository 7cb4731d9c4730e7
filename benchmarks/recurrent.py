"""GRU and LSTM without padding beside torch's `PackedSequence` and padded rectangles: CPU seconds of an epoch.

Forward and backward of one layer over diginetica's training sessions, 512 at a time, drawn by chance; the embedding and
the softmax are not counted. A part of the epoch is done and the time scaled to all of it. Then
GRU4Rec on Beauty, by the protocol of `benchmarks.sequences`, as the papers.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from benchmarks.data import folder
from benchmarks.figure import OURS, Figure
from benchmarks.measure import circumstances, threads, timed
from benchmarks.sequences import DATA, PAPERS, Sequences
from regulars.core import Run
from regulars.models import GRU4Rec

BATCH, STEPS, LENGTH = 512, 15, 50
BEAUTY = GRU4Rec(width=64, loss="full", batch=128, rate=0.002, dropout=0.5, epochs=12, patience=0)  # the only one tried
Work = Callable[[np.ndarray], Any]


def run() -> Iterator[Figure]:
    """Both cells, two widths, three ways; then Beauty."""
    import torch

    torch.set_num_threads(threads())
    sessions = pl.read_parquet(folder() / "sessions" / "diginetica_train.parquet")["items"]
    lengths = np.minimum(sessions.list.len().to_numpy().astype(np.int64) - 1, LENGTH)
    random = np.random.default_rng(0)
    batches = [np.sort(random.choice(lengths, BATCH)) for _ in range(STEPS)]
    share = sum(batch.sum() for batch in batches) / lengths.sum()
    for cell in ("gru", "lstm"):
        for d in (64, 128):
            ways = {OURS: _ours(cell, d), "PackedSequence": _packed(cell, d), "padded to the longest": _padded(cell, d)}
            for name, work in ways.items():
                work(batches[0])
                _, seconds, cpu_seconds = timed(partial(_all, work, batches))
                task = f"{cell}, width {d}, an epoch"
                yield Figure(task, "diginetica", name, seconds / share, cpu_seconds / share, further=circumstances())
    given = Sequences.of(*PAPERS)
    model, seconds, cpu_seconds = timed(partial(BEAUTY.fit, given.learned, Run(threads=threads())))
    noted = {**circumstances(), "settings": repr(BEAUTY)}
    figures = given.figures(model)
    yield Figure("gru4rec, as the papers", DATA, OURS, seconds, cpu_seconds, quality=figures, further=noted)


def _all(work: Work, batches: list[np.ndarray]) -> None:
    for lengths in batches:
        work(lengths)


def _ours(cell: str, d: int) -> Work:
    import torch

    from regulars.models.networks.recurrent import Recurrent
    from regulars.models.networks.sequences import Sequences

    net = Recurrent(d, LENGTH, 1, cell, 0.0).build()

    def work(lengths: np.ndarray) -> None:
        starts = np.concatenate([[0], np.cumsum(lengths)])
        nothing = np.zeros(starts[-1], dtype=np.int64)
        batch = Sequences(starts, nothing.astype(np.int32), nothing).batch(starts[:-1], starts[1:], ahead=False)
        net(torch.randn(int(starts[-1]), d, requires_grad=True), batch).sum().backward()

    return work


def _packed(cell: str, d: int) -> Work:
    import torch
    from torch.nn.utils.rnn import PackedSequence

    net = _torchs(cell, d)

    def work(lengths: np.ndarray) -> None:
        sizes = torch.from_numpy((lengths > np.arange(lengths[-1])[:, None]).sum(axis=1))
        net(PackedSequence(torch.randn(int(lengths.sum()), d, requires_grad=True), sizes))[0].data.sum().backward()

    return work


def _padded(cell: str, d: int) -> Work:
    import torch

    net = _torchs(cell, d)

    def work(lengths: np.ndarray) -> None:
        net(torch.randn(int(lengths[-1]), len(lengths), d, requires_grad=True))[0].sum().backward()

    return work


def _torchs(cell: str, d: int) -> Any:
    from torch import nn

    return {"gru": nn.GRU, "lstm": nn.LSTM}[cell](d, d)
