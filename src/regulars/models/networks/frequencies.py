"""Frequencies: how often each item is expected among the targets of a step, counted or learned from the steps."""

from abc import ABC, abstractmethod
from typing import Final

import torch
from torch import Tensor, nn

LEARNING: Final = 0.05  # how much of a new gap between two steps with an item counts
FIRST_GAP: Final = 1_000.0  # steps until an item comes back of which none was seen


class Frequencies(ABC, nn.Module):
    """Abstract: what an item's logit is corrected by; float32 [n_items], in buffers, as a checkpoint keeps it."""

    @abstractmethod
    def seen(self, targets: Tensor) -> None:
        """One more step, with these targets; int64 [n]."""

    @abstractmethod
    def expected(self, items: Tensor, batch: int) -> Tensor:
        """How often each of `items` (int64) is expected among `batch` targets; float32."""


class Counted(Frequencies):
    """Exact: the targets of all examples were counted."""

    share: Tensor

    def __init__(self, targets: Tensor, n_items: int) -> None:
        super().__init__()
        counts = torch.bincount(targets, minlength=n_items)
        self.register_buffer("share", (counts / counts.sum().clamp(min=1)).float())

    def seen(self, targets: Tensor) -> None:
        pass

    def expected(self, items: Tensor, batch: int) -> Tensor:
        return batch * self.share[items]


class Streaming(Frequencies):
    """Learned on the way: the moving mean of the steps between two with the item (Yi et al., RecSys 2019, algorithm 2).

    For logs that cannot be counted first. An item that is twice in a step makes its gap half as long.
    """

    step: Tensor
    last: Tensor
    gap: Tensor

    def __init__(self, n_items: int) -> None:
        super().__init__()
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))
        self.register_buffer("last", torch.zeros(n_items, dtype=torch.int64))
        self.register_buffer("gap", torch.full((n_items,), FIRST_GAP))

    def seen(self, targets: Tensor) -> None:
        self.step += 1
        items, copies = targets.unique(return_counts=True)  # type: ignore[no-untyped-call]
        gaps = (self.step - self.last[items]) / copies
        rate = torch.where(self.last[items] > 0, LEARNING, 1.0)
        self.gap[items] += rate * (gaps - self.gap[items])
        self.last[items] = self.step

    def expected(self, items: Tensor, batch: int) -> Tensor:
        return 1 / self.gap[items]
