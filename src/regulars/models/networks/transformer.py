"""Transformer: causal self-attention over the tokens of a batch, sequences of nearly one length at a time."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, scaled_dot_product_attention, silu

from .dropout import Dropout
from .sequences import Batch, Group


@dataclass(frozen=True)
class Transformer:
    """The shape of a transformer; see `SASRec` for what its parts mean."""

    width: int
    length: int
    blocks: int
    heads: int
    expansion: int
    block: str
    dropout: float
    frequency: float
    frequencies: int
    intervals: bool

    def build(self) -> "TransformerBody":
        return TransformerBody(self)


class TransformerBody(nn.Module):
    """What is known after each token of a batch; places count from the first token of a window."""

    def __init__(self, shape: Transformer) -> None:
        super().__init__()
        self.places = nn.Embedding(shape.length, shape.width)
        nn.init.normal_(self.places.weight, std=0.02)
        self.dropout = Dropout(shape.dropout)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.blocks))
        self.norm = nn.LayerNorm(shape.width)

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        n = len(x)
        x = _filled(self.dropout(x + self.places(batch.places)))  # [n_tokens, d]
        for block in self.blocks:
            x = block(x, batch)  # [n_tokens, d]
        normed: Tensor = self.norm(x[:n])
        return normed


class Block(nn.Module):
    """Attention, then a small network for each token, each added to what came in."""

    def __init__(self, shape: Transformer) -> None:
        super().__init__()
        d = shape.width
        self.attention = Attention(shape)
        self.forth = Gated(d, shape.expansion) if shape.block == "ligr" else Plain(d, shape.expansion)
        self.norms = nn.ModuleList(nn.LayerNorm(d) for _ in range(2))
        self.gates = nn.ModuleList(nn.Linear(d, d) for _ in range(2 if shape.block == "ligr" else 0))
        self.dropout = Dropout(shape.dropout)

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        x = x + self._gated(0, x, self.attention(self.norms[0](x), batch))  # [n_tokens, d]
        return x + self._gated(1, x, self.forth(self.norms[1](x)))

    def _gated(self, place: int, x: Tensor, y: Tensor) -> Tensor:
        """LiGR: how much of y is added is learned from x (Borisyuk et al. 2025)."""
        y = self.dropout(y)
        gated: Tensor = y * torch.sigmoid(self.gates[place](x)) if len(self.gates) else y
        return gated


class Plain(nn.Module):
    """Two layers with GELU between."""

    def __init__(self, d: int, expansion: int) -> None:
        super().__init__()
        self.up = nn.Linear(d, expansion * d)
        self.down = nn.Linear(expansion * d, d)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.down(nn.functional.gelu(self.up(x)))  # [n_tokens, d]
        return y


class Gated(nn.Module):
    """SwiGLU: two layers, the first gated (Shazeer 2020)."""

    def __init__(self, d: int, expansion: int) -> None:
        super().__init__()
        self.up = nn.Linear(d, 2 * expansion * d)
        self.down = nn.Linear(expansion * d, d)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.up(x).chunk(2, dim=1)  # [n_tokens, expansion * d] each
        y: Tensor = self.down(silu(gate) * value)  # [n_tokens, d]
        return y


class Attention(nn.Module):
    """Each token looks at itself and the older ones of its sequence; optionally mixed with their slow waves."""

    def __init__(self, shape: Transformer) -> None:
        super().__init__()
        d = shape.width
        self.heads, self.mix = shape.heads, shape.frequency
        self.taken = nn.Linear(d, 3 * d)
        self.given = nn.Linear(d, d)
        self.intervals = Intervals(shape.heads) if shape.intervals else None
        self.waves = Waves(shape) if shape.frequency > 0 else None

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        taken = self.taken(x).float()  # [n_tokens, 3 d]
        with torch.autocast(x.device.type, enabled=False):  # on CPUs its gradient is ten times slower in bfloat16
            attended = [self._attend(part, group) for part, group in batch.parted(taken)]
        y: Tensor = self.given(_filled(torch.cat(attended)))  # [n_tokens, d]
        return y if self.waves is None else (1 - self.mix) * y + self.mix * self.waves(x, batch)

    def _attend(self, taken: Tensor, group: Group) -> Tensor:
        n, width, _ = taken.shape
        q, k, v = taken.view(n, width, 3, self.heads, -1).permute(2, 0, 3, 1, 4)  # [n, heads, width, d / heads] each
        if self.intervals is None:
            y = scaled_dot_product_attention(q, k, v, is_causal=True)  # [n, heads, width, d / heads]
        else:
            bias = self.intervals(group.times)  # [n, heads, width, width]
            y = scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))
        return group.flat(y.transpose(1, 2).reshape(n, width, -1))  # [kept, d]


class Intervals(nn.Module):
    """A learned bias for the time between two events of a history, by its power of two seconds."""

    SPANS = 34  # up to 270 years

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.bias = nn.Embedding(self.SPANS, heads)
        nn.init.zeros_(self.bias.weight)

    def forward(self, times: Tensor) -> Tensor:
        gaps = (times[:, :, None] - times[:, None, :]).clamp(min=0)  # [n, width, width]
        spans = torch.log2(1.0 + gaps).long().clamp(max=self.SPANS - 1)
        width = times.shape[1]
        future = torch.ones(width, width, dtype=torch.bool, device=times.device).triu(1)
        bias: Tensor = self.bias(spans).permute(0, 3, 1, 2)  # [n, heads, width, width]
        return bias.masked_fill(future, -torch.inf)


class Waves(nn.Module):
    """The slow waves of a history, and learned shares of the fast ones (BSARec: Shin et al., AAAI 2024, eq. 6-8).

    A token sees the waves of what came before it, as when every prefix is a sequence of its own of `length` places.
    """

    kernel: Tensor

    def __init__(self, shape: Transformer) -> None:
        super().__init__()
        steps = torch.arange(shape.length, dtype=torch.float64)
        turns = 2 * torch.pi * torch.arange(1, shape.frequencies // 2 + 1)[:, None] * steps / shape.length
        self.register_buffer("kernel", ((1 + 2 * turns.cos().sum(0)) / shape.length).float(), persistent=False)
        self.fast = nn.Parameter(torch.randn(shape.width))

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            slow = torch.cat([group.flat(self._slow(part)) for part, group in batch.parted(x.float())])
        slow = pad(slow, (0, 0, 0, len(x) - len(slow)))  # [n_tokens, d]
        return slow + self.fast**2 * (x - slow)

    def _slow(self, x: Tensor) -> Tensor:
        width = x.shape[1]
        since = torch.arange(width, device=x.device)
        since = since[:, None] - since  # [width, width]
        weights = torch.where(since >= 0, self.kernel[since.abs()], 0.0).to(x.dtype)
        return weights @ x  # [n, width, d]


def _filled(x: Tensor) -> Tensor:
    """Tokens of zeros at the end: oneDNN compiles a product anew for every shape, so there should be few of them."""
    step = 1 << max(7, len(x).bit_length() - 4)
    return pad(x, (0, 0, 0, -len(x) % step))
