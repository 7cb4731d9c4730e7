"""Reconstruction: autoencoders learn to tell a history from what is left of it."""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from torch import Tensor

from regulars.core import MISSING, Dataset, Longs, Run

from ..kinds.factors import Factors
from .autoencoders import Latent, Narrow, Whole, sampled
from .bag_encoder import BagEncoder
from .bags import Bags
from .lesson import Lesson
from .multinomial import multinomial
from .training import Task, train
from .weights import Weights

S = TypeVar("S", bound="Autoencoder")

if TYPE_CHECKING:
    from ..autoencoder import Autoencoder
    from ..mult_dae import MultDAE
    from ..mult_vae import MultVAE


class Reconstruction(Task):
    """Abstract: batches of customers, and a model as it is now.

    network, widths: of the BagEncoder that answers.
    """

    network: str
    module: Whole

    def __init__(self, lesson: Lesson, batch: int, widths: tuple[int, ...]) -> None:
        self.lesson, self.batch, self.widths = lesson, batch, widths

    @property
    def batches(self) -> int:
        """Steps that meet every customer once."""
        return -(-len(self.lesson.rows) // self.batch)

    def steps(self, random: np.random.Generator) -> Iterable[Longs]:
        return np.array_split(random.permutation(len(self.lesson.rows)), self.batches)

    def loss(self, examples: Longs, random: np.random.Generator) -> tuple[Tensor, int]:
        history = self.lesson.rows.take(examples, self.device)
        self.module.steps += 1
        return self.lost(history), len(history.items)

    @abstractmethod
    def lost(self, history: Bags) -> Tensor:
        """The sum of the losses of these customers."""

    def judge(self) -> float:
        return self.lesson.withheld.ndcg(self.fitted("").score)

    def told(self, hidden: Tensor, wanted: Bags) -> Tensor:
        """Minus the log likelihood of the histories."""
        return multinomial(hidden, self.module.catalog.weight, self.module.catalog.bias, wanted)

    def fitted(self, method: str) -> Factors:
        """The network as it is now; items that nobody met have no vector."""
        lesson, catalog = self.lesson, self.module.catalog
        vectors = torch.cat([catalog.weight, catalog.bias[:, None]], dim=1).detach().cpu().numpy()  # [n_met, d + 1]
        item_vectors = np.full((len(lesson.places), vectors.shape[1]), np.nan, dtype=np.float32)
        item_vectors[lesson.places != MISSING] = vectors
        weights = Weights.of(self.module.body)
        encoder = BagEncoder(self.network, self.widths, lesson.places, weights, lesson.profile)
        return Factors(method, len(lesson.places), item_vectors, encoder)


class Denoising(Reconstruction):
    """Mult-DAE (Liang et al., WWW 2018)."""

    network = "narrow"

    def __init__(self, settings: "MultDAE", lesson: Lesson) -> None:
        super().__init__(lesson, settings.batch, (settings.factors,))
        self.body, self.dropout = Narrow(lesson.n_items, *self.widths), settings.dropout
        self.module = Whole(self.body, lesson.n_items, settings.factors)

    def lost(self, history: Bags) -> Tensor:
        return self.told(self.body.noisy(history, self.dropout), history)


class Variational(Reconstruction):
    """Mult-VAE (ibid., eq. 5), whose beta grows to its last value along `annealing` epochs."""

    network = "latent"

    def __init__(self, settings: "MultVAE", lesson: Lesson) -> None:
        super().__init__(lesson, settings.batch, (settings.hidden, settings.factors))
        self.body, self.settings = Latent(lesson.n_items, *self.widths), settings
        self.module = Whole(self.body, lesson.n_items, settings.hidden)

    def lost(self, history: Bags) -> Tensor:
        mean, log_variance = self.body.latent(history, self.settings.dropout)  # [batch, factors] each
        hidden = self.body.decoded(sampled(mean, log_variance, self.settings.noise))  # [batch, hidden]
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum()
        return self.told(hidden, history) + self.beta() * divergence

    def beta(self) -> Tensor:
        """The weight of the divergence from the prior at this step."""
        whole = max(1, self.settings.annealing * self.batches)
        return self.settings.beta * (self.module.steps / whole).clamp_max(1.0)


def learned(task: Callable[[S, Lesson], Reconstruction], settings: S, data: Dataset, run: Run, method: str) -> Factors:
    """The model that a method of this family fits."""
    with torch.random.fork_rng():
        torch.manual_seed(run.seed)
        lesson = Lesson.of(data, settings, run)
        learning = task(settings, lesson)
    train(learning, settings, run, method)
    return learning.fitted(method)
