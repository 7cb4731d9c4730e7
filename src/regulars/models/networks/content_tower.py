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
from ..kinds.content_space import ContentSpace
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
    space: ContentSpace
    weights: Weights

    def mapped(self, rows: Encoded) -> Floats:
        return through(self._tower, rows, self.space.of(rows))

    @cached_property
    def _tower(self) -> "ContentTower":
        return self.weights.into(
            ContentTower(self.inputs, self.factors, self.embedding, self.hidden, self.layers, self.space.width)
        )


class ContentTower(nn.Module):
    """An embedding of what is known, hidden layers, a vector. dropout: of what goes into each layer, in learning."""

    def __init__(
        self, inputs: Inputs, factors: int, embedding: int, hidden: int, layers: int, likeness: int, dropout: float = 0
    ) -> None:
        super().__init__()
        self.embedding = InputEmbedding(inputs, embedding)
        self.scaled = InputScale(inputs, self.embedding.width)
        width = self.embedding.width
        parts: list[nn.Module] = [Dropout(dropout)]
        for _ in range(layers):
            parts += [nn.Linear(width, hidden), nn.GELU(), Dropout(dropout)]
            width = hidden
        self.body = nn.Sequential(*parts, nn.Linear(width, factors + likeness))
        self.factors = factors
        self.gain = nn.Parameter(torch.ones(()))  # of the likeness of content itself
        self.unit = nn.Buffer(torch.ones(()))
        self.mean = nn.Buffer(torch.zeros(factors + likeness))
        self.sharpness = nn.Parameter(torch.zeros(()))  # log of what scores are multiplied by, in learning

    def forward(self, rows: Fed, likes: Tensor) -> Tensor:
        """The vectors of items, [n, factors + w]; likes: [n, w], the coordinates of their content."""
        if len(self.body) == 2 and not self.training:
            made = self.embedding.through(self.scaled.folded(cast(nn.Linear, self.body[1])), rows)
        else:
            made = self.body(self.scaled(self.embedding(rows)))
        return torch.cat([made[:, : self.factors], made[:, self.factors :] + self.gain * likes], 1)

    def placed(self, rows: Fed, likes: Tensor) -> Tensor:
        """The same as the plain model has its vectors."""
        made: Tensor = self.unit * self(rows, likes) + self.mean
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


def through(tower: ContentTower, rows: Encoded, likes: Floats) -> Floats:
    """The vectors of encoded rows; float32 [n, factors + w]."""
    device = tower.mean.device
    found = np.empty((len(rows), len(tower.mean)), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(rows), BATCH):
            items = np.arange(start, min(start + BATCH, len(rows)))
            fed, alike = Fed.of(rows[items], device), torch.from_numpy(likes[items]).to(device)
            found[items] = tower.placed(fed, alike).float().cpu().numpy()
    return found
