"""Curves: how the epochs of a fit went, as its progress told."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from regulars.core import Frame, Progress, Run

LOSS, FIGURE = "loss", "ndcg@10"
SCHEMA = {"name": pl.String, "epoch": pl.Int64, LOSS: pl.Float64, FIGURE: pl.Float64}


@dataclass
class Curve:
    """Hears what a fit tells, and passes it on. epochs: [(epoch, loss, figure or None)] of each network in turn."""

    run: Run
    epochs: list[tuple[int, float, float | None]] = field(default_factory=list)

    def __call__(self, progress: Progress) -> Any:
        told = dict(progress.figures)
        if LOSS in told:
            self.epochs.append((progress.done, told[LOSS], told.get(FIGURE)))
        return self.run.on_epoch(progress)

    @property
    def heard(self) -> Run:
        """The same run, heard."""
        return replace(self.run, on_epoch=self)

    def as_dict(self) -> dict[str, list[Any]]:
        """For JSON: a list for each column."""
        return {name: [epoch[place] for epoch in self.epochs] for place, name in enumerate(("epoch", LOSS, FIGURE))}


def frame(curves: Mapping[str, Mapping[str, list[Any]]]) -> Frame:
    """name, epoch, loss, ndcg@10 of all curves of a file; no rows when there are none."""
    tables = [pl.DataFrame({"name": [name] * len(one["epoch"]), **one}, schema=SCHEMA) for name, one in curves.items()]
    return pl.concat(tables) if tables else pl.DataFrame(schema=SCHEMA)
