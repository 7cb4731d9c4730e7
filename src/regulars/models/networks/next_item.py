"""What comes next: how networks over sequences learn, and the model that they become."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from regulars.core import MISSING, Dataset, Ints, Longs, Run
from regulars.core.errors import EmptyData
from regulars.core.mapped import counts_of, pieces

from ..kinds.ensemble import together
from ..kinds.factors import Factors
from ..sequential import Sequential
from ..withheld import Withheld
from . import softmax
from .attributes import Network, attributes
from .sequence_encoder import SequenceEncoder, Shape
from .sequences import Sequences
from .training import Task, train_members
from .weights import Weights


class NextItem(Task):
    """Each token of a window tells the next one."""

    module: Network

    def __init__(self, name: str, settings: Sequential, shape: Shape, withheld: Withheld, seed: int) -> None:
        data = withheld.known
        self.name, self.settings, self.shape, self.withheld = name, settings, shape, withheld
        self.met = _met(data)
        codes = np.full(data.n_items, MISSING, dtype=np.int32)
        codes[self.met] = np.arange(len(self.met))
        self.sequences = Sequences.of(data.histories(), codes, gap=settings.gap)
        if not (self.sequences.lengths > 1).any():
            within = f" within {settings.gap_minutes:g} minutes" if np.isfinite(settings.gap) else ""
            raise EmptyData(f"{name} needs customers with two events{within} to see what follows what; there are none")
        table = attributes(data, settings.columns) if settings.attributes else None
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.module = Network(self.met, shape.build(), shape.width, table=table, forget=settings.forget)
        self._full = settings.sums_over_all(len(self.met))
        self._chances = _Chances(self.sequences.items, len(self.met), settings)

    def steps(self, random: np.random.Generator) -> Iterator[Longs]:
        begins, ends = self.sequences.windows(self.settings.length, random)
        if self.settings.targets == "last":
            ends = begins + 2 + random.integers(0, ends - begins - 1)
        self._windows = begins, ends
        order = random.permutation(len(begins))
        yield from np.split(order, range(self.settings.batch, len(order), self.settings.batch))

    def loss(self, examples: Longs, random: np.random.Generator) -> tuple[Tensor, int]:
        begins, ends = self._windows
        batch = self.sequences.batch(begins[examples], ends[examples], device=str(self.device))
        items, targets, used = batch.items, batch.targets, None  # [n_tokens] twice
        if not self._full:
            drawn, log_q = self._chances.draw(random)
            used, places = torch.unique(torch.cat([items, targets, drawn.to(self.device)]), return_inverse=True)
            items, targets, negatives = places.split([len(items), len(targets), len(drawn)])
        table = self.module.vectors(used)  # [used, d]; a step costs what it draws, however long the catalog
        hidden = self.module.body(embedding(items, table), batch)  # [n_tokens, d]
        if self.settings.targets == "last":
            hidden, targets = hidden[batch.ends], targets[batch.ends]  # [n, d]
        if self.settings.temperature:
            hidden, table = self._sharp(hidden), nn.functional.normalize(table, dim=1)
        if used is None:
            return softmax.full(hidden, table, targets), len(targets)
        return softmax.sampled(hidden, table, targets, negatives, log_q.to(self.device)[used]), len(targets)

    def judge(self) -> float:
        return self.withheld.ndcg(self.model().score)

    def model(self) -> Factors:
        """The module as it is now."""
        with torch.no_grad():
            learned = self.module.catalog(self.withheld.known.n_items)
            vectors = nn.functional.normalize(learned, dim=1) if self.settings.temperature else learned
        inputs = learned.numpy() if self.settings.temperature else np.empty((0, 0), np.float32)
        sharpness = 1 / self.settings.temperature if self.settings.temperature else 0.0
        encoder = SequenceEncoder(self.shape, Weights.of(self.module.body), inputs, sharpness, self.settings.gap)
        return Factors(self.name, len(vectors), vectors.numpy(), encoder)

    def _sharp(self, hidden: Tensor) -> Tensor:
        return nn.functional.normalize(hidden, dim=1) / self.settings.temperature


def _met(data: Dataset) -> Ints:
    """The items that somebody met, rising."""
    met = np.zeros(data.n_items, dtype=np.bool_)
    for part in pieces(len(data)):
        met[data.item[part][data.weight[part] > 0]] = True
    return np.flatnonzero(met).astype(np.int32)


class _Chances:
    """How negatives are drawn."""

    def __init__(self, items: Ints, n_items: int, settings: Sequential) -> None:
        counts = counts_of(items, n_items).astype(np.float64)
        weights = np.maximum(counts, 1) ** settings.popularity
        self.ends = np.cumsum(weights / weights.sum())
        self.negatives = settings.negatives
        missed = np.log1p(-np.minimum(weights / weights.sum(), 0.5)) * settings.negatives
        self.log_q = torch.from_numpy(np.log(-np.expm1(missed)).astype(np.float32))

    def draw(self, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Different items, rising, and the logarithm of the chance of each item of the catalog to be among them."""
        drawn = np.searchsorted(self.ends, random.random(self.negatives) * self.ends[-1], side="right")
        return torch.from_numpy(np.unique(np.minimum(drawn, len(self.ends) - 1))), self.log_q


def fit(name: str, settings: Sequential, shape: Shape, data: Dataset, run: Run) -> Factors:
    """The model of a network of this shape, or of several, that learned from `data` what comes next."""
    withheld = Withheld.of(data, settings.validation if settings.patience else 0.0, run.random())
    tasks = train_members(
        settings.members, lambda own: NextItem(name, settings, shape, withheld, own.seed), settings, run, name
    )
    return together([task.model() for task in tasks])
