"""Run: where and how a fit runs, never what it learns."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

SEEDS: Final = 1_000_003  # between the seeds of two members


@dataclass(frozen=True)
class Progress:
    """How far a long piece of work has come: `done` of `total` steps of `task`, with figures such as the loss."""

    task: str
    done: int
    total: int
    figures: tuple[tuple[str, float], ...] = ()


def _silent(progress: Progress) -> None:
    """The default: nobody watches."""


@dataclass(frozen=True)
class Run:
    """Seed, device, threads, who watches, and where work is kept. A callback stops the work by raising `Interrupted`.

    threads: 0 means all cores. device: "cpu" or a torch device name, looked at by networks only. checkpoints: a folder
    in which networks leave their state after each epoch, and from which a fit that was stopped goes on; None keeps
    nothing. Each fit needs a folder of its own: `run.at(name)`.
    """

    seed: int = 0
    device: str = "cpu"
    threads: int = 0
    on_epoch: Callable[[Progress], Any] = _silent
    checkpoints: Path | None = None

    def random(self) -> np.random.Generator:
        """The one generator of a fit, to be passed down."""
        return np.random.default_rng(self.seed)

    def at(self, name: str) -> "Run":
        """The same run with its checkpoints in the folder `name` of the folder of checkpoints."""
        return self if self.checkpoints is None else replace(self, checkpoints=self.checkpoints / name)

    def member(self, place: int) -> "Run":
        """The run of one of several fits of the same: another seed, and checkpoints of its own; 0 has this seed."""
        return replace(self, seed=self.seed + place * SEEDS).at(f"member_{place + 1}")


QUIET = Run()  # seed 0, all cores, nobody watching: the default of every fit
