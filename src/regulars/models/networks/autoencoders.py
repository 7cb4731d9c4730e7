"""The autoencoders' networks: from a bag of items to the vector whose products with the items' are their logits."""

from typing import Final

import torch
from torch import Tensor, nn

from .bags import Bags, Reader

EASE: Final = 0.1  # of RecVAE's layer norms, as its authors have it


class Narrow(nn.Module):
    """Mult-DAE: one layer of tanh between the history and the catalog (Liang et al., WWW 2018, section 2.3)."""

    def __init__(self, n_items: int, factors: int) -> None:
        super().__init__()
        self.reader = Reader(n_items, factors)

    def forward(self, history: Bags) -> Tensor:
        return torch.tanh(self.reader(history.normalized()))  # [batch, factors]

    def noisy(self, history: Bags, dropout: float) -> Tensor:
        """The same for a history of which a part is left out."""
        return torch.tanh(self.reader(history.normalized().dropped(dropout)))  # [batch, factors]


class Latent(nn.Module):
    """Mult-VAE: history -> hidden -> a normal distribution of `factors` dimensions -> hidden (ibid., section 2.1)."""

    def __init__(self, n_items: int, hidden: int, factors: int) -> None:
        super().__init__()
        self.reader = Reader(n_items, hidden)
        self.narrow = linear(hidden, 2 * factors)
        self.widen = linear(factors, hidden)

    def forward(self, history: Bags) -> Tensor:
        return self.decoded(self.latent(history, 0.0)[0])  # [batch, hidden]

    def latent(self, history: Bags, dropout: float) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance; each [batch, factors]."""
        read = torch.tanh(self.reader(history.normalized().dropped(dropout)))  # [batch, hidden]
        mean, log_variance = self.narrow(read).float().chunk(2, dim=1)  # [batch, factors] each
        return mean, log_variance

    def decoded(self, latent: Tensor) -> Tensor:
        """The last hidden layer; [batch, hidden]."""
        return torch.tanh(self.widen(latent))


class Dense(nn.Module):
    """RecVAE's encoder: five layers of swish and layer norm, each of which sees the sum of all before it.

    Source: Shenbin et al., WSDM 2020, figure 2. Its decoder is linear, so that the mean is the last hidden layer.
    """

    def __init__(self, n_items: int, hidden: int, factors: int) -> None:
        super().__init__()
        self.reader = Reader(n_items, hidden)
        self.layers = nn.ModuleList(linear(hidden, hidden) for _ in range(4))
        self.norms = nn.ModuleList(nn.LayerNorm(hidden, eps=EASE) for _ in range(5))
        self.mean = linear(hidden, factors)
        self.log_variance = linear(hidden, factors)

    def forward(self, history: Bags) -> Tensor:
        return self.latent(history, 0.0)[0]  # [batch, factors]

    def latent(self, history: Bags, dropout: float) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance; each [batch, factors]."""
        read = self.norms[0](nn.functional.silu(self.reader(history.normalized().dropped(dropout))))  # [batch, hidden]
        before = read
        for layer, norm in zip(self.layers, self.norms[1:], strict=False):
            read = norm(nn.functional.silu(layer(read) + before))  # [batch, hidden]
            before = before + read
        return self.mean(read).float(), self.log_variance(read).float()


class Catalog(nn.Module):
    """The last layer: a vector and a bias for each item."""

    def __init__(self, n_items: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.xavier_normal_(torch.empty(n_items, width)))
        self.bias = nn.Parameter(torch.zeros(n_items))


class Whole(nn.Module):
    """A body and the catalog; steps: how many were learned, for what grows with them."""

    steps: Tensor

    def __init__(self, body: nn.Module, n_items: int, width: int) -> None:
        super().__init__()
        self.body = body
        self.catalog = Catalog(n_items, width)
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))


BODIES: Final = {"narrow": Narrow, "latent": Latent, "dense": Dense}
"""The networks by the name that a saved model has for them."""


def linear(wide: int, narrow: int) -> nn.Linear:
    """A linear layer with Glorot's weights and no bias at first."""
    layer = nn.Linear(wide, narrow)
    nn.init.xavier_normal_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def sampled(mean: Tensor, log_variance: Tensor, noise: float) -> Tensor:
    """Latent vectors at random from their distributions, whose deviation is taken `noise` times; [batch, factors]."""
    if not noise:
        return mean
    return mean + noise * torch.randn_like(mean) * torch.exp(0.5 * log_variance)
