"""The one training loop: every network learns by it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from regulars.core import Longs, Progress, Run

from ..trained import Trained
from .weights import Weights


class Task(ABC):
    """What is learned: a module, the examples of each step, the loss of a step, and how good it has become."""

    module: nn.Module

    @abstractmethod
    def steps(self, random: np.random.Generator) -> Iterable[Longs]:
        """The examples of each step of one epoch: indices into whatever the task learns from.

        Called once for each epoch; several processes get the same steps, and each a part of every step.
        """

    @abstractmethod
    def loss(self, examples: Longs, random: np.random.Generator) -> tuple[Tensor, int]:
        """The sum of the losses of these examples' targets, and how many targets there are.

        random: for what is drawn (negatives); dropout and noise may use torch's own generator, which is seeded.
        """

    @abstractmethod
    def judge(self) -> float:
        """NDCG@10 of the events that were withheld; the module is in evaluation mode, without gradients."""


@dataclass
class Learned:
    """How a fit went: loss and NDCG of each epoch, the best epoch (from 1)."""

    losses: list[float] = field(default_factory=list)
    figures: list[float] = field(default_factory=list)
    best: int = 0


def train(task: Task, settings: Trained, run: Run, name: str) -> Learned:
    """Trains the module of `task`, and leaves it with the weights of its best epoch, in evaluation mode."""
    module, learned = task.module, Learned()
    optimizer = torch.optim.AdamW(module.parameters(), lr=settings.rate, weight_decay=settings.weight_decay)
    best: Weights | None = None
    with torch.random.fork_rng():
        for epoch in range(settings.epochs):
            torch.manual_seed(run.seed * 1_000_003 + epoch)
            random = np.random.default_rng([run.seed, epoch])
            module.train()
            total, targets = 0.0, 0
            for examples in task.steps(random):
                summed, count = task.loss(examples, random)
                optimizer.zero_grad(set_to_none=True)
                (summed / max(count, 1)).backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(module.parameters(), settings.clip)
                optimizer.step()
                total, targets = total + float(summed), targets + count
            learned.losses.append(total / max(targets, 1))
            figures = [("loss", learned.losses[-1])]
            if settings.patience:
                module.eval()
                with torch.no_grad():
                    learned.figures.append(task.judge())
                figures.append(("ndcg@10", learned.figures[-1]))
                if not learned.best or learned.figures[-1] > learned.figures[learned.best - 1]:
                    learned.best, best = epoch + 1, Weights.of(module)
            run.on_epoch(Progress(name, epoch + 1, settings.epochs, tuple(figures)))
            if settings.patience and epoch + 1 - learned.best >= settings.patience:
                break
    if best is not None:
        best.into(module)
    module.eval()
    return learned
