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

LEAST: Final = 50  # steps of an epoch: small shops are gone through several times
MOST: Final = 8192  # items that are told apart in a step
TEMPERS: Final = (
    1.0,
    0.5,
    0.25,
    0.13,
    0.7,
    1.4,
    2.0,
    4.0,
    8.0,
    16.0,
)  # what the weight of likeness may be multiplied by
SHARPER: Final = tuple(2.0**power for power in range(-5, 4))  # deviations of logits that are tried
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

    def batches(self, examples: Longs) -> Iterator[Longs]:
        """Some at a time."""
        size = self.settings.batch
        yield from (examples[start : start + size] for start in range(0, len(examples), size))

    def made(self, items: Ints) -> Tensor:
        """The vectors of these items by content; [m, d + w]."""
        made: Tensor = self.module(*self._fed(items))
        return made

    def tensor(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device)

    def _fed(self, items: Ints) -> tuple[Fed, Tensor]:
        return Fed.of(self.rows[items], self.device), self.tensor(self.likes[items])

    def _seen(self, items: Ints) -> tuple[Encoded, Floats]:
        return self.rows[items], self.likes[items]


class ByChoice(Mapping):
    """Examples are questions of one fold; their n answers are told from all items of the fold, each by n ** -0.5.

    They are told twice, by tastes alone and with the likeness of content: else the latter takes the work from tastes,
    whose places among items are what similar items are found by.
    """

    def __init__(self, settings: "ContentToCF", module: ContentTower, ground: "Ground") -> None:
        super().__init__(settings, module, ground)
        self.folds = ground.questions(settings.folds)
        d = self.own.shape[1]
        lengths = np.linalg.norm(self.folds.queries[:, :d], axis=1, keepdims=True)
        self.directions = floats(self.folds.queries / np.maximum(lengths, 1e-12))
        self.members = [np.flatnonzero(ground.folds == fold).astype(np.int32) for fold in range(settings.folds)]
        self.sharpness = 1.0
        self._begin()

    def steps(self, random: np.random.Generator) -> Iterator[Longs]:
        done = 0
        while done < LEAST:
            order = random.permutation(len(self.folds))
            order = order[np.argsort(self.folds.fold[order], kind="stable")]
            of_folds = np.split(order, np.flatnonzero(np.diff(self.folds.fold[order])) + 1)
            batches = [batch for part in of_folds for batch in self.batches(part)]
            for at in random.permutation(len(batches)):
                yield batches[at]
            done += len(batches)

    def loss(self, examples: Longs, random: np.random.Generator) -> tuple[Tensor, int]:
        folds = self.folds
        lengths = folds.lengths[examples]
        targets = folds.items[spans(folds.starts[:-1][examples], lengths)]
        items, offsets = self._candidates(int(folds.fold[examples[0]]), targets, random)
        made = self.made(items)
        asked = self.tensor(self.directions[examples])
        rows = self.tensor(np.repeat(np.arange(len(examples)), lengths))
        places = self.tensor(np.searchsorted(items, targets).astype(np.int64))
        shares = self.tensor(floats(np.repeat(lengths**-0.5, lengths)))
        sharpness, d = self.module.sharpness.exp() * self.sharpness, self.own.shape[1]
        by_taste = sharpness * (asked[:, :d] @ made[:, :d].T) + self.tensor(offsets)
        parts = [by_taste]
        if self.module.likeness:
            parts.append(by_taste + sharpness * (asked[:, d:] @ made[:, d:].T))
        told = [log_softmax(logits.float(), 1)[rows, places] for logits in parts]
        loss = -(shares * sum(told)).sum() / len(parts)
        if self.settings.alignment:
            loss = loss + self.settings.alignment * len(examples) * self._apart(made, items)
        return loss, len(examples)

    def _begin(self) -> None:
        """Multiplies tastes, and likeness, by what explains some answers best: tastes as behavior has them.

        Tastes begin at 0, and learn fast where they are sharp; likeness, were it sharper, would drown them.
        """
        folds, d = self.folds, self.own.shape[1]
        some = np.flatnonzero(folds.fold == folds.fold[0])[:SOME]
        lengths = folds.lengths[some]
        targets = folds.items[spans(folds.starts[:-1][some], lengths)]
        items, offsets = self._candidates(int(folds.fold[0]), targets, np.random.default_rng(0))
        rows = torch.from_numpy(np.repeat(np.arange(len(some)), lengths))
        places = torch.from_numpy(np.searchsorted(items, targets).astype(np.int64))
        asked = torch.from_numpy(self.directions[some])

        def sharpest(logits: Tensor, beside: Tensor) -> float:
            unit = max(logits.std().item(), 1e-12)
            losses = {by: -log_softmax(by / unit * logits + beside, 1)[rows, places].sum().item() for by in SHARPER}
            return min(losses, key=losses.__getitem__) / unit

        offset = torch.from_numpy(offsets)
        self.sharpness = sharpest(asked[:, :d] @ torch.from_numpy(self.own[items]).T, offset)
        if self.module.likeness:
            alike = sharpest(asked[:, d:-1] @ torch.from_numpy(self.likes[items]).T, offset)
            with torch.no_grad():
                self.module.gain.fill_(alike / self.sharpness)

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
        done = 0
        while done < LEAST:
            batches = list(self.batches(random.permutation(len(self.teachers))))
            yield from batches
            done += len(batches)

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
    """Gives what items are worth to anybody, and the likeness of content, the weight with which withheld items are
    ranked best: random axes make likeness noisy, and what is noise in learning is noise again in answering."""
    if not task.module.likeness or not len(task.withheld):
        return
    module, gain = task.module, task.module.gain.item()
    options = [(0.0, by) for by in TEMPERS] + [(1.0, by) for by in TEMPERS]
    best = (-1.0, 0.0, 1.0)
    for worth, by in options:
        module.worth.fill_(worth)
        module.gain.data.fill_(by * gain)
        best = max(best, (task.judge(), worth, by))
    module.worth.fill_(best[1])
    module.gain.data.fill_(best[2] * gain)
