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
from .inputs import Fed, InputEmbedding
from .weights import Weights

BATCH: Final = 4096  # items looked at together


@final
@dataclass(frozen=True)
class TowerMap(ContentMap):
    """A fitted content tower. factors: width of the plain model's vectors; see `ContentTower` for the others."""

    inputs: Inputs
    factors: int
    embedding: int
    hidden: int
    layers: int
    adapts: bool
    space: ContentSpace
    weights: Weights

    def mapped(self, rows: Encoded) -> Floats:
        return through(self._tower, rows, self.space.of(rows))

    @cached_property
    def _tower(self) -> "ContentTower":
        tower = ContentTower(
            self.inputs,
            self.factors,
            embedding=self.embedding,
            hidden=self.hidden,
            layers=self.layers,
            likeness=self.space.width,
            adapts=self.adapts,
        )
        return self.weights.into(tower)


class ContentTower(nn.Module):
    """Vectors of items by what is known of them: linear in it, or with hidden layers over embeddings.

    likeness: width of the coordinates of content, which the last part of the vectors is, times `gain`; adapts: what is
    known adds to it, too. Behind it comes what an item is worth to anybody. dropout: part of what is known that is
    hidden in learning.
    """

    def __init__(
        self,
        inputs: Inputs,
        factors: int,
        *,
        embedding: int,
        hidden: int,
        layers: int,
        likeness: int,
        adapts: bool,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.factors, self.likeness, self.adapts, self.dropout = factors, likeness, adapts, dropout
        made = factors + likeness * adapts + bool(likeness)
        self.body = Layers(inputs, embedding, hidden, layers, made) if layers else Words(inputs, made)
        self.gain = nn.Parameter(torch.ones(()))  # of the likeness of content itself
        self.worth = nn.Buffer(torch.ones(()))  # of what an item is worth to anybody, once it is learned
        self.unit = nn.Buffer(torch.ones(()))
        self.mean = nn.Buffer(torch.zeros(factors + likeness + bool(likeness)))
        self.sharpness = nn.Parameter(torch.zeros(()))  # log of what scores are multiplied by, in learning

    def forward(self, rows: Fed, likes: Tensor) -> Tensor:
        """The vectors of items, [n, factors + w + 1]; likes: [n, w], the coordinates of their content."""
        if self.training and self.dropout:
            rows = hidden_in(rows, self.dropout)
        made: Tensor = self.body(rows)
        if not self.likeness:
            return made
        alike = self.gain * likes
        if self.adapts:
            alike = alike + made[:, self.factors : -1]
        return torch.cat([made[:, : self.factors], alike, self.worth * made[:, -1:]], 1)

    def placed(self, rows: Fed, likes: Tensor) -> Tensor:
        """The same as the plain model has its vectors."""
        made: Tensor = self.unit * self(rows, likes) + self.mean
        return made


class Words(nn.Module):
    """The sum of a vector for each category and word, and of the numbers and vectors times weights."""

    def __init__(self, inputs: Inputs, width: int) -> None:
        super().__init__()
        self.embedding = InputEmbedding(inputs, width)
        dense = self.embedding.width - width * (len(inputs.categories) + len(inputs.bags))
        self.scale = nn.Buffer(scales(inputs, dense), persistent=False)
        self.dense = nn.Parameter(torch.zeros(dense, width))
        self.bias = nn.Parameter(torch.zeros(width))
        with torch.no_grad():
            for table in (self.embedding.categories, *self.embedding.bags):
                if table is not None:
                    cast(Tensor, table.weight).zero_()

    def forward(self, rows: Fed) -> Tensor:
        made: Tensor = (rows.dense * self.scale) @ self.dense + self.bias
        tables = self.embedding
        if tables.categories is not None:
            made = made + tables.categories(rows.categories + tables.firsts).sum(1)
        for table, (codes, starts, weights) in zip(tables.bags, rows.bags, strict=True):
            made = made + table(codes, starts, per_sample_weights=weights)
        return made


class Layers(nn.Module):
    """Embeddings of categories and words beside numbers and vectors, and hidden layers over them."""

    def __init__(self, inputs: Inputs, embedding: int, hidden: int, layers: int, width: int) -> None:
        super().__init__()
        self.embedding = InputEmbedding(inputs, embedding)
        read = self.embedding.width
        self.scale = nn.Buffer(scales(inputs, read), persistent=False)
        parts: list[nn.Module] = []
        for _ in range(layers):
            parts += [nn.Linear(read, hidden), nn.GELU()]
            read = hidden
        self.layers = nn.Sequential(*parts, nn.Linear(read, width))

    def forward(self, rows: Fed) -> Tensor:
        made: Tensor = self.layers(self.embedding(rows) * self.scale)
        return made


def scales(inputs: Inputs, width: int) -> Tensor:
    """What the entries of an embedding are multiplied by: dense vectors by the inverse root of their width, so that a
    column of them says about as much as a category; [width].
    """
    scale, end = torch.ones(width), width
    for column in reversed(inputs.vectors):
        scale[end - column.width : end] = column.width**-0.5
        end -= column.width
    return scale


def hidden_in(rows: Fed, share: float) -> Fed:
    """The same rows, of whose categories and words about this share is unknown, and of whose numbers 0."""
    kept = 1 / (1 - share)
    categories = rows.categories * (torch.rand(rows.categories.shape, device=rows.categories.device) >= share)
    bags = tuple(
        (codes, starts, weights * kept * (torch.rand(weights.shape, device=weights.device) >= share))
        for codes, starts, weights in rows.bags
    )
    return Fed(categories, bags, nn.functional.dropout(rows.dense, share))


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
