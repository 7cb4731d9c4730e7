"""How a content tower learns: by what customers would choose if items were new, or by the vectors of items."""

import math
from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from regulars.core import Floats, Ints, Longs, Run, floats, spans
from regulars.features import Encoded

from ..folds import ndcg
from ..kinds.content_map import ContentMap
from .content_tower import ContentTower, TowerMap, through
from .inputs import Fed
from .training import Task, train
from .weights import Weights

if TYPE_CHECKING:
    from ..content_to_cf import ContentToCF
    from ..mapping import Ground

MOST: Final = 8192  # items that are told apart in a step
SHARP: Final = 4.0  # deviation of the logits before the first step, were items placed where behavior has them
TEMPERS: Final = (1.0, 0.7, 0.5, 0.35, 0.25, 1.4)  # what the weight of likeness may be multiplied by in the end
SOME: Final = 2000  # questions and items by which logits are scaled


class Mapping(Task):
    """Abstract: items by content, judged by how withheld items are ranked for those who chose one of them."""

    module: ContentTower

    def __init__(self, settings: "ContentToCF", module: ContentTower, ground: "Ground") -> None:
        self.settings, self.module, self.withheld = settings, module, ground.new
        self.rows, self.likes, self.counts = ground.rows, ground.reader.likes, ground.counts
        self.folds_of = ground.folds
        self.judged = np.flatnonzero(ground.folds == settings.folds).astype(np.int32)
        own = ground.own
        self.own = floats((own - module.mean.numpy()[: own.shape[1]]) / np.float32(module.unit))

    @abstractmethod
    def steps(self, random: np.random.Generator) -> Iterator[Longs]: ...

    def judge(self) -> float:
        if not len(self.withheld):
            return math.nan
        return ndcg(self.withheld, self.judged, through(self.module, *self._seen(self.judged)))

    def made(self, items: Ints) -> Tensor:
        """The vectors of these items by content; [m, d + w]."""
        rows, likes = self._seen(items)
        made: Tensor = self.module(Fed.of(rows, self.device), self.tensor(likes))
        return made

    def tensor(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device)

    def _seen(self, items: Ints) -> tuple[Encoded, Floats]:
        return self.rows[items], self.likes[items]


class ByChoice(Mapping):
    """Examples are questions of one fold; their n answers are told from all items of the fold, each by n ** -0.5."""

    def __init__(self, settings: "ContentToCF", module: ContentTower, ground: "Ground") -> None:
        super().__init__(settings, module, ground)
        self.folds = ground.questions(settings.folds)
        d = self.own.shape[1]
        lengths = np.linalg.norm(self.folds.queries[:, :d], axis=1, keepdims=True)
        self.directions = floats(self.folds.queries / np.maximum(lengths, 1e-12))
        self.members = [np.flatnonzero(ground.folds == fold).astype(np.int32) for fold in range(settings.folds)]
        asked, items = self.directions[:SOME], np.concatenate(self.members)[:SOME]
        spread = max(float((asked[:, :d] @ self.own[items].T).std()), 1e-12)
        self.sharpness = SHARP / spread
        if self.likes.shape[1]:  # at first content is compared as sharply as behavior
            alike = float((asked[:, d:-1] @ self.likes[items].T).std())
            with torch.no_grad():
                module.gain *= spread / max(alike, 1e-12)

    def steps(self, random: np.random.Generator) -> Iterator[Longs]:
        order = random.permutation(len(self.folds))
        order = order[np.argsort(self.folds.fold[order], kind="stable")]
        cuts = np.flatnonzero(np.diff(self.folds.fold[order])) + 1
        size = self.settings.batch
        batches = [part[at : at + size] for part in np.split(order, cuts) for at in range(0, len(part), size)]
        for at in random.permutation(len(batches)):
            yield batches[at]

    def loss(self, examples: Longs, random: np.random.Generator) -> tuple[Tensor, int]:
        folds = self.folds
        lengths = folds.lengths[examples]
        targets = folds.items[spans(folds.starts[:-1][examples], lengths)]
        items, offsets = self._candidates(int(folds.fold[examples[0]]), targets, random)
        made = self.made(items)
        asked = self.tensor(self.directions[examples])
        logits = (self.module.sharpness.exp() * self.sharpness) * (asked @ made.T) + self.tensor(offsets)
        rows = self.tensor(np.repeat(np.arange(len(examples)), lengths))
        places = self.tensor(np.searchsorted(items, targets).astype(np.int64))
        shares = self.tensor(floats(np.repeat(lengths**-0.5, lengths)))
        loss = -(shares * log_softmax(logits.float(), 1)[rows, places]).sum()
        if self.settings.alignment:
            loss = loss + self.settings.alignment * len(examples) * self._apart(made, items)
        return loss, len(examples)

    def _candidates(self, fold: int, targets: Ints, random: np.random.Generator) -> tuple[Ints, Floats]:
        """The items of the fold, rising, or of a large one the targets and some others that stand for all of those."""
        members = self.members[fold]
        if len(members) <= MOST:
            return members, np.zeros(len(members), dtype=np.float32)
        wanted = np.unique(targets)
        others = np.setdiff1d(members, wanted, assume_unique=True)
        some = random.choice(others, min(len(others), max(MOST - len(wanted), MOST // 2)), replace=False)
        items = np.concatenate([wanted, some])
        offsets = np.zeros(len(items), dtype=np.float32)
        offsets[len(wanted) :] = np.log(len(others) / max(1, len(some)))
        order = np.argsort(items)
        return items[order], offsets[order]

    def _apart(self, made: Tensor, items: Ints) -> Tensor:
        """How far items are from where behavior has them, in units of those vectors; what was met often counts more."""
        counts = self.counts[items]
        weights = self.tensor(floats(counts / (counts + 10.0)))
        own = self.tensor(self.own[items])
        apart = ((made[:, : own.shape[1]] - own) ** 2).mean(1)
        return (weights * apart).sum() / weights.sum().clamp(min=1e-6)


class ByVector(Mapping):
    """Examples are items; their vectors are told, by squared error."""

    def __init__(self, settings: "ContentToCF", module: ContentTower, ground: "Ground") -> None:
        super().__init__(settings, module, ground)
        inside = (ground.folds >= 0) & (ground.folds < settings.folds)
        least = min(settings.least, int(ground.counts[inside].max(initial=0)))
        self.teachers = np.flatnonzero(inside & (ground.counts >= least)).astype(np.int32)

    def steps(self, random: np.random.Generator) -> Iterator[Longs]:
        order = random.permutation(len(self.teachers))
        for start in range(0, len(order), self.settings.batch):
            yield order[start : start + self.settings.batch]

    def loss(self, examples: Longs, random: np.random.Generator) -> tuple[Tensor, int]:
        items = self.teachers[examples]
        own = self.tensor(self.own[items])
        return ((self.made(items)[:, : own.shape[1]] - own) ** 2).mean(1).sum(), len(items)


def learned(settings: "ContentToCF", ground: "Ground", run: Run) -> ContentMap:
    """The fitted tower."""
    space, own = ground.space, ground.own[ground.folds >= 0]
    d, embedding, hidden, layers = own.shape[1], settings.embedding, settings.hidden, settings.layers
    with torch.random.fork_rng():
        torch.manual_seed(run.seed)
        module = ContentTower(
            space.inputs,
            d,
            embedding=embedding,
            hidden=hidden,
            layers=layers,
            likeness=space.width,
            adapts=settings.adapts,
            dropout=settings.dropout,
        )
    with torch.no_grad():  # the tower learns vectors of mean 0 and deviation 1
        module.mean[:d] = torch.from_numpy(own.mean(0))
        module.unit.fill_(float(own.std(0).mean()) or 1.0)
    task = (ByChoice if settings.mapping == "softmax" else ByVector)(settings, module, ground)
    train(task, settings, run, "content_to_cf")
    _temper(task)
    return TowerMap(space.inputs, d, embedding, hidden, layers, settings.adapts, space, Weights.of(module))


def _temper(task: Mapping) -> None:
    """Gives the likeness of content the weight with which withheld items are ranked best: random axes make it noisy,
    and what is noise in learning is noise again in answering."""
    if not task.module.likeness or not len(task.withheld):
        return
    gain, best = task.module.gain.item(), (-1.0, 1.0)
    for share in TEMPERS:
        task.module.gain.data.fill_(share * gain)
        best = max(best, (task.judge(), share))
    task.module.gain.data.fill_(best[1] * gain)
