"""The one training loop: every network learns by it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from regulars.core import Longs, Run

from ..trained import Trained
from .checkpoints import Keeper
from .devices import device_of, threads
from .fitting import Fitting
from .processes import joined, place


class Task(ABC):
    """What is learned: a module, the examples of each step, the loss of a step, and how good it has become.

    What it counts or remembers from step to step belongs into buffers of the module, so that a fit that was stopped
    goes on exactly where it was. The arrays that it holds tell its checkpoint from those of other data.
    """

    module: nn.Module
    figure: str = "ndcg@10"  # what `judge` gives

    @property
    def device(self) -> torch.device:
        """Where the module is during the fit, and where what `loss` makes belongs."""
        return next(self.module.parameters()).device

    @abstractmethod
    def steps(self, random: np.random.Generator) -> Iterable[Longs]:
        """The examples of each step of one epoch: indices into whatever the task learns from.

        Called once for each epoch and read to its end before the first step; several processes get the same steps, and
        each a part of every step.
        """

    @abstractmethod
    def loss(self, examples: Longs, random: np.random.Generator) -> tuple[Tensor, int]:
        """The sum of the losses of these examples' targets, and how many targets there are.

        random: for what is drawn (negatives); dropout and noise may use torch's own generator, which is seeded.
        """

    @abstractmethod
    def judge(self) -> float:
        """The figure of the withheld events, more is better; the module is in evaluation mode, without gradients."""


T = TypeVar("T", bound=Task)


@dataclass
class Learned:
    """How a fit went: loss and figure of each epoch, the best epoch (from 1)."""

    losses: list[float] = field(default_factory=list)
    figures: list[float] = field(default_factory=list)
    best: int = 0


def train(task: Task, settings: Trained, run: Run, name: str, *, keep: bool = False) -> Learned:
    """Trains the module of `task`, and leaves it with the weights of its best epoch, in evaluation mode, on the CPU.

    The same seed gives the same weights on the same number of threads and processes of one machine. With
    `run.checkpoints` a fit that was stopped goes on from where it was; the folder belongs to this one fit. keep: its
    end stays there, for a fit that is a part of a longer one. Raises TrainingError when the device is
    not there, the folder holds a checkpoint of another fit, or the loss diverges.
    """
    device = device_of(run.device, place())
    with threads(run.threads), torch.random.fork_rng([device] if device.type == "cuda" else []):
        fitting = Fitting(task, settings, run, name, device, joined(device))
        fitting.learn()
        fitting.finish(keep=keep)
    return Learned(fitting.state.losses, fitting.state.figures, fitting.state.best)


def train_members(members: int, made: Callable[[Run], T], settings: Trained, run: Run, name: str) -> Iterator[T]:
    """Trains several of the same one after another, each from a beginning of its own, and gives each when it is done.

    made: the task of a member's run. A fit that was stopped goes on at the member that was learning.
    """
    if members == 1:
        task = made(run)
        train(task, settings, run, name)
        yield task
        return
    parts = [(run.member(place), f"{name} {place + 1} of {members}") for place in range(members)]
    for own, called in parts:
        task = made(own)
        train(task, settings, own, called, keep=True)
        yield task
    for own, called in parts:
        if own.checkpoints is not None:
            Keeper(own.checkpoints, called, {}).remove()
