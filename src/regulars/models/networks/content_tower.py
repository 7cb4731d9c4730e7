"""Content tower: a network that makes an item's vector of what is known of it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, cast, final

import numpy as np
import torch
from torch import Tensor, nn

from regulars.core import Floats
from regulars.features import Encoded, Inputs

from ..kinds.content_map import ContentMap
from .dropout import Dropout
from .inputs import Fed, InputEmbedding
from .weights import Weights

BATCH: Final = 4096  # items looked at together


@final
@dataclass(frozen=True)
class TowerMap(ContentMap):
    """A fitted content tower. factors: width of its vectors; embedding: of a category or word; layers: hidden ones."""

    inputs: Inputs
    factors: int
    embedding: int
    hidden: int
    layers: int
    weights: Weights

    def mapped(self, rows: Encoded) -> Floats:
        return through(self._tower, rows)

    @cached_property
    def _tower(self) -> "ContentTower":
        return self.weights.into(ContentTower(self.inputs, self.factors, self.embedding, self.hidden, self.layers))


class ContentTower(nn.Module):
    """An embedding of what is known, hidden layers, a vector. dropout: of what goes into each layer, in learning."""

    def __init__(
        self, inputs: Inputs, factors: int, embedding: int, hidden: int, layers: int, *, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.embedding = InputEmbedding(inputs, embedding)
        self.scaled = InputScale(inputs, self.embedding.width)
        width = self.embedding.width
        parts: list[nn.Module] = [Dropout(dropout)]
        for _ in range(layers):
            parts += [nn.Linear(width, hidden), nn.GELU(), Dropout(dropout)]
            width = hidden
        self.body = nn.Sequential(*parts, nn.Linear(width, factors))
        self.sharpness = nn.Parameter(torch.zeros(()))  # log of what scores are multiplied by, in learning

    def forward(self, rows: Fed) -> Tensor:
        if len(self.body) == 2 and not self.training:
            return self.embedding.through(self.scaled.folded(cast(nn.Linear, self.body[1])), rows)
        made: Tensor = self.body(self.scaled(self.embedding(rows)))
        return made


class InputScale(nn.Module):
    """Dense vectors by the root of their width, so that a vector column says about as much as a category."""

    scale: Tensor

    def __init__(self, inputs: Inputs, width: int) -> None:
        super().__init__()
        scale = torch.ones(width)
        end = width
        for column in reversed(inputs.vectors):
            scale[end - column.width : end] = column.width**-0.5
            end -= column.width
        self.register_buffer("scale", scale, persistent=False)

    def forward(self, made: Tensor) -> Tensor:
        return made * self.scale

    def folded(self, layer: nn.Linear) -> nn.Linear:
        """The layer that makes the same of what is not scaled."""
        folded = nn.Linear(layer.in_features, layer.out_features, device="meta")
        folded.weight = nn.Parameter(layer.weight * self.scale, requires_grad=False)
        folded.bias = layer.bias
        return folded


def through(tower: ContentTower, rows: Encoded) -> Floats:
    """The vectors of encoded rows; float32 [n, d]."""
    device = next(tower.parameters()).device
    found = np.empty((len(rows), cast(nn.Linear, tower.body[-1]).out_features), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(rows), BATCH):
            items = np.arange(start, min(start + BATCH, len(rows)))
            found[items] = tower(Fed.of(rows[items], device)).float().cpu().numpy()
    return found
