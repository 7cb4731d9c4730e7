"""Composite: how RecVAE learns, encoder and decoder in turn, with a prior that remembers."""

import math
from collections.abc import Iterator
from copy import deepcopy
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from regulars.core import Longs

from .autoencoders import Dense, Whole, sampled
from .bags import Bags
from .lesson import Lesson
from .multinomial import multinomial
from .reconstruction import Reconstruction

if TYPE_CHECKING:
    from ..rec_vae import RecVAE

FLAT: Final = 10.0  # log variance of the widest part of the prior, as the authors have it


class Remembering(Whole):
    """A body, the catalog, and the body as it was before the last epoch of the decoder."""

    before: Dense

    def __init__(self, body: Dense, n_items: int, width: int) -> None:
        super().__init__(body, n_items, width)
        self.before = deepcopy(body).requires_grad_(False)


class Composite(Reconstruction):
    """RecVAE (Shenbin et al., WSDM 2020, algorithm 1)."""

    network = "dense"

    def __init__(self, settings: "RecVAE", lesson: Lesson) -> None:
        super().__init__(lesson, settings.batch, (settings.hidden, settings.factors))
        self.body = Dense(lesson.n_items, *self.widths)
        self.module: Remembering = Remembering(self.body, lesson.n_items, settings.factors)
        self.settings, self.encodes = settings, True
        parts = (settings.standard, 1 - settings.standard - settings.flat, settings.flat)
        self.shares = [math.log(part) for part in parts]

    def steps(self, random: np.random.Generator) -> Iterator[Longs]:
        for _ in range(self.settings.encoder_passes + 1):
            yield from super().steps(random)

    def loss(self, examples: Longs, random: np.random.Generator) -> tuple[Tensor, int]:
        """Which of the two learns is told by the steps that are done."""
        passes = self.settings.encoder_passes
        step = int(self.module.steps) % (self.batches * (passes + 1))
        self.encodes = step < self.batches * passes
        if step == self.batches * passes:
            self.module.before.load_state_dict(self.body.state_dict())
        return super().loss(examples, random)

    def lost(self, history: Bags) -> Tensor:
        catalog = self.module.catalog
        if not self.encodes:
            with torch.no_grad():
                latent = sampled(*self.body.latent(history, 0.0), self.settings.noise)  # [batch, factors]
            return self.told(latent, history)
        mean, log_variance = self.body.latent(history, self.settings.dropout)  # [batch, factors] each
        latent = sampled(mean, log_variance, self.settings.noise)  # [batch, factors]
        divergence = (density(latent, mean, log_variance) - self._prior(history, latent)).sum(dim=1)  # [batch]
        told = multinomial(latent, catalog.weight.detach(), catalog.bias.detach(), history)
        return told + self.settings.gamma * history.masses() @ divergence

    def _prior(self, history: Bags, latent: Tensor) -> Tensor:
        """Log density of the mixture for each entry of the latent vectors; [batch, factors]."""
        with torch.no_grad():
            mean, log_variance = self.module.before.latent(history, 0.0)  # [batch, factors] each
        nothing = torch.zeros_like(mean)
        parts = (
            density(latent, nothing, nothing),
            density(latent, mean, log_variance),
            density(latent, nothing, nothing + FLAT),
        )
        return torch.stack([part + share for part, share in zip(parts, self.shares, strict=True)]).logsumexp(dim=0)


def density(at: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Log density of normal distributions, entry by entry."""
    return -0.5 * (log_variance + math.log(2 * math.pi) + (at - mean).square() * torch.exp(-log_variance))
