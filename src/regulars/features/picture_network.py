"""PictureNetwork: what a picture shows of a shop's attributes; a small convolutional network with a head for each."""

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from .attribute_encoder import NetworkShape


class Block(nn.Module):
    """Halves height and width, with a shortcut (He et al., CVPR 2016)."""

    def __init__(self, narrow: int, wide: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(narrow, wide, 3, stride=2, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(wide)
        self.second = nn.Conv2d(wide, wide, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(wide)
        self.shortcut = nn.Conv2d(narrow, wide, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.relu(self.first_norm(self.first(x)))  # [b, wide, h / 2, w / 2]
        short = self.shortcut(functional.avg_pool2d(x, 2, ceil_mode=True))  # [b, wide, h / 2, w / 2]
        return functional.relu(self.second_norm(self.second(inner)) + short)


class PictureNetwork(nn.Module):
    """Pictures, and vectors beside them -> an embedding for each attribute, and what each says of its attribute."""

    def __init__(self, shape: "NetworkShape", dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = shape
        self.stem = self.blocks = self.seen = self.beside = None
        if shape.channels:
            widths = [shape.channels * factor for factor in (1, 2, 4, 6)]
            self.stem = nn.Sequential(
                nn.Conv2d(3, widths[0], 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()
            )
            self.blocks = nn.Sequential(*(Block(narrow, wide) for narrow, wide in pairwise(widths)))
            self.seen = nn.Linear(2 * widths[-1], shape.hidden)
        if shape.beside:
            self.beside = nn.Sequential(nn.LayerNorm(shape.beside), nn.Linear(shape.beside, shape.hidden))
        self.drop = nn.Dropout(dropout)
        self.embed = nn.Linear(shape.hidden, len(shape.classes) * shape.embedding)
        self.heads = nn.ModuleList(nn.Linear(shape.embedding, classes) for classes in shape.classes)

    def forward(self, pixels: Tensor, beside: Tensor) -> Tensor:
        """pixels: uint8 [b, h, w, 3]; beside: float32 [b, beside]; -> [b, attributes, embedding], each of unit norm."""
        read = torch.zeros(len(pixels), self.shape.hidden, device=beside.device)
        if self.stem is not None and self.blocks is not None and self.seen is not None:
            x = pixels.permute(0, 3, 1, 2).float() / 64 - 2  # [b, 3, h, w], channels last in memory
            x = self.blocks(self.stem(x))  # [b, c, h / 16, w / 16]
            pooled = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)  # [b, 2 c]
            read = read + self.seen(pooled)  # [b, hidden]
        if self.beside is not None:
            read = read + self.beside(beside)  # [b, hidden]
        made = self.embed(self.drop(functional.gelu(read)))  # [b, attributes * embedding]
        parts = made.float().unflatten(1, (len(self.shape.classes), self.shape.embedding))
        return functional.normalize(parts, dim=2)  # [b, attributes, embedding]

    def logits(self, embeddings: Tensor) -> list[Tensor]:
        """Of the classes of each attribute; [b, classes] each."""
        scale = self.shape.embedding**0.5
        return [head(embeddings[:, place] * scale) for place, head in enumerate(self.heads)]
