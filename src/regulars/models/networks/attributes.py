"""Attributes: what the table of items says of an item, as a vector beside that of its id."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag

from regulars.core import Bools, Dataset, Ints
from regulars.features import Columns

from ..described import described

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def attributes(data: Dataset, names: tuple[str, ...]) -> "csr_array":
    """The attributes of each item, each row of length one; float32 [n_items, n_attributes].

    names: of the columns of the table of items that are used, all when empty.
    Raises MissingColumn when there is no such table, or it lacks one of them.
    """
    table = described(data, names, "attributes = True")
    matrix = Columns.learn(table).matrix(table)
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1))).ravel()
    matrix.data /= np.repeat(lengths, np.diff(matrix.indptr)).astype(np.float32)
    return matrix


class Network(nn.Module):
    """Vectors of items, made of their ids and their attributes, and what reads them.

    met: int32, the items that were met, each of which has a vector of its own; forget: the part of those that is hidden
    in each step of training, so that attributes learn to stand alone.
    """

    def __init__(self, met: Ints, body: nn.Module, width: int, *, table: "csr_array | None", forget: float) -> None:
        super().__init__()
        self.met, self.forget = met, forget
        self.items = nn.Embedding(len(met), width)
        nn.init.normal_(self.items.weight, std=0.02)
        self.bag = None if table is None else Bag(table, width)
        self.at = torch.from_numpy(met.astype(np.int64))
        self.body = body

    def vectors(self, rows: Tensor | None = None) -> Tensor:
        """Of the met items at these places among `met`, or of all; [n, d]."""
        own = self.items.weight if rows is None else self.items(rows)  # [n, d]
        if self.bag is None:
            return own
        if self.training and self.forget:
            own = own * (torch.rand(len(own), 1, device=own.device) >= self.forget)
        at = self.at.to(own.device)
        bag: Tensor = self.bag(at if rows is None else at[rows])
        return own + bag

    def catalog(self, n_items: int) -> Tensor:
        """Of all items; NaN for what was never met, unless attributes tell of it; float32 [n_items, d]."""
        whole = torch.full((n_items, self.items.embedding_dim), torch.nan)
        if self.bag is not None:
            told = torch.from_numpy(np.flatnonzero(self.bag.told()))
            whole[told] = self.bag(told.to(self.items.weight.device)).float().cpu()
        whole[self.at] = self.vectors().float().cpu()
        return whole


class Bag(nn.Module):
    """The sum of the vectors of an item's attributes, weighed."""

    starts: Tensor
    attributes: Tensor
    weights: Tensor

    def __init__(self, table: "csr_array", width: int) -> None:
        super().__init__()
        self.register_buffer("starts", torch.from_numpy(table.indptr.astype(np.int64)), persistent=False)
        self.register_buffer("attributes", torch.from_numpy(table.indices.astype(np.int64)), persistent=False)
        self.register_buffer("weights", torch.from_numpy(table.data.astype(np.float32)), persistent=False)
        self.vectors = nn.Embedding(table.shape[1], width)
        nn.init.normal_(self.vectors.weight, std=0.02)

    def told(self) -> Bools:
        """Which items have an attribute; bool [n_items]."""
        told: Bools = np.diff(self.starts.cpu().numpy()) > 0
        return told

    def forward(self, items: Tensor) -> Tensor:
        lengths = self.starts[items + 1] - self.starts[items]  # [n]
        offsets = lengths.cumsum(0) - lengths
        entries = torch.arange(int(lengths.sum()), device=items.device)
        entries = entries + torch.repeat_interleave(self.starts[items] - offsets, lengths)
        summed: Tensor = embedding_bag(
            self.attributes[entries],
            self.vectors.weight,
            offsets,
            mode="sum",
            per_sample_weights=self.weights[entries],
        )  # [n, d]
        return summed
