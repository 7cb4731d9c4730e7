"""Bags: histories as networks read them when order does not count; ragged, never a dense row of the catalog."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from regulars.core import Longs, spans, starts_of
from regulars.kernels.profiles import Sparse


class Bags(NamedTuple):
    """A batch of histories: items int64 [n_entries], amounts float32 [n_entries], starts int64 [batch + 1]."""

    items: Tensor
    amounts: Tensor
    starts: Tensor

    def normalized(self) -> "Bags":
        """Every history at length one."""
        squares = self._sums(self.amounts.square())
        return self._replace(amounts=self.amounts * self._spread(squares.clamp_min(1e-12).rsqrt()))

    def dropped(self, chance: float) -> "Bags":
        """Without entries that chance leaves out; the others grow, so that the sums stay what they were."""
        if not chance:
            return self
        kept = torch.rand_like(self.amounts) >= chance
        before = torch.zeros(len(kept) + 1, dtype=torch.int64, device=kept.device)
        torch.cumsum(kept, 0, out=before[1:])
        return Bags(self.items[kept], self.amounts[kept] / (1 - chance), before[self.starts])

    def masses(self) -> Tensor:
        """The sum of the amounts of each history; float32 [batch]."""
        return self._sums(self.amounts)

    def rows(self) -> Tensor:
        """The history of each entry; int64 [n_entries]."""
        n = len(self.starts) - 1
        return torch.arange(n, device=self.starts.device).repeat_interleave(
            self.starts.diff(), output_size=len(self.items)
        )

    def _sums(self, values: Tensor) -> Tensor:
        sums = torch.zeros(len(self.starts) - 1, device=values.device)
        return sums.index_add_(0, self.rows(), values)

    def _spread(self, values: Tensor) -> Tensor:
        return values[self.rows()]


@dataclass(frozen=True)
class Rows:
    """All histories that are learned from, as CSR; none is empty."""

    starts: Longs
    items: np.ndarray
    amounts: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def take(self, rows: Longs, device: torch.device) -> Bags:
        """The histories of these rows."""
        lengths = np.diff(self.starts)[rows]
        entries = spans(self.starts[:-1][rows], lengths)
        return bags((starts_of(lengths), self.items[entries], self.amounts[entries]), device)


def bags(rows: Sparse, device: torch.device) -> Bags:
    """CSR rows as a network takes them."""
    starts, items, amounts = (torch.from_numpy(part).to(device) for part in rows)
    return Bags(items.long(), amounts, starts)


class Reader(nn.Module):
    """A linear layer over the catalog whose input is a bag: only the rows of its items are looked at."""

    def __init__(self, n_items: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.xavier_normal_(torch.empty(n_items, width)))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, some: Bags) -> Tensor:
        read = nn.functional.embedding_bag(
            some.items, self.weight, some.starts[:-1], mode="sum", per_sample_weights=some.amounts
        )  # [batch, width]
        return read + self.bias
