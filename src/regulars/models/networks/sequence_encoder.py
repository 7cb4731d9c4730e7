"""SequenceEncoder: a history read by a network, token by token; what is known after the last one is the query."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol, final

import numpy as np
import torch
from torch import Tensor, nn

from regulars.core import Floats, Histories, Ints, Longs, Queries

from ..kinds.factors import Encoder, Parts
from ..kinds.session import tail
from .occlusion import occluded
from .sequences import Sequences, known
from .weights import Weights

TOKENS: Final = 8_192  # read together


class Shape(Protocol):
    """The shape of a network that reads tokens: a frozen dataclass of numbers, saved with the model."""

    @property
    def width(self) -> int:
        """Of the vector of each token."""

    @property
    def length(self) -> int:
        """The newest events that are read, at most."""

    def build(self) -> nn.Module:
        """The network; its forward takes vectors [n_tokens, width] and a `Batch`, and gives as many."""


@final
@dataclass(frozen=True)
class SequenceEncoder(Encoder):
    """Reads the newest events of each history.

    inputs: float32 [n_items, width], what each item is to the network, NaN where it is unknown; of size 0 when it is
    the item vectors themselves. sharpness: what a query vector of length one is multiplied by, 0 when it keeps its
    length. gap: seconds; only what came after the last longer pause is read.
    """

    shape: Shape
    weights: Weights
    inputs: Floats
    sharpness: float
    gap: float

    def encode(self, queries: Queries, item_vectors: Floats) -> Floats:
        """The vector of each query; float32 [n, width], NaN where nothing known was met."""
        inputs = self.inputs if self.inputs.size else item_vectors
        history = self._read(queries.history, inputs)
        vectors = np.full((len(queries), inputs.shape[1]), np.nan, dtype=np.float32)
        for rows in _blocks(history.lengths):
            vectors[rows] = self._vectors(history[rows], inputs)
        return vectors

    def contributions(self, queries: Queries, item_vectors: Floats, answers: Ints) -> Parts:
        return occluded(self.encode, queries, item_vectors, answers)

    def _read(self, history: Histories, inputs: Floats) -> Histories:
        """What the network is shown of each history."""
        met = known(history, np.where(np.isnan(inputs[:, 0]), -1, 0).astype(np.int32))
        return (tail(met, self.gap) if np.isfinite(self.gap) else met).last(self.shape.length)

    def _vectors(self, history: Histories, inputs: Floats) -> Floats:
        sequences = Sequences(history.starts, history.items, history.times)
        batch = sequences.batch(history.starts[:-1], history.starts[1:], ahead=False)
        table = torch.from_numpy(np.ascontiguousarray(inputs[batch.items.numpy()]))
        with torch.inference_mode():
            hidden: Tensor = self._network(table, batch)[batch.ends]  # [n, width]
            if self.sharpness:
                hidden = self.sharpness * nn.functional.normalize(hidden, dim=1)
        vectors = np.empty((len(history), inputs.shape[1]), dtype=np.float32)
        vectors[batch.order] = hidden.float().numpy()
        return vectors

    @cached_property
    def _network(self) -> nn.Module:
        return self.weights.into(self.shape.build())


def _blocks(lengths: Longs) -> Iterator[Longs]:
    """Rows that are not empty, those of like length together, about TOKENS tokens at a time."""
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    block = np.cumsum(lengths[order]) // TOKENS
    yield from (part for part in np.split(order, np.flatnonzero(np.diff(block)) + 1) if len(part))
