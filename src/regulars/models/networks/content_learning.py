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
from regulars.features import Encoded, Inputs

from ..folds import Folds
from ..kinds.content_map import ContentMap
from .content_tower import ContentTower, TowerMap, through
from .inputs import Fed
from .training import Task, train
from .weights import Weights

if TYPE_CHECKING:
    from ..content_to_cf import ContentToCF

MOST: Final = 8192  # items that are told apart in a step
SHARP: Final = 4.0  # deviation of the logits before the first step, were items placed where behavior has them
JUDGED: Final = 10


class Mapping(Task):
    """Abstract: items by content, judged by how withheld items are ranked for those who chose one of them."""

    module: ContentTower

    def __init__(
        self, module: ContentTower, rows: Encoded, own: Floats, counts: Longs, *, folds: Folds, withheld: Folds
    ) -> None:
        self.module, self.rows, self.folds, self.withheld, self.counts = module, rows, folds, withheld, counts
        self.own = own
        self.judged = np.flatnonzero(withheld.of == withheld.of.max(initial=0)).astype(np.int32)

    def judge(self) -> float:
        if not len(self.withheld):
            return math.nan
        vectors = through(self.module, self.rows[self.judged])
        return ndcg(self.withheld, self.judged, vectors)

    @abstractmethod
    def steps(self, random: np.random.Generator) -> Iterator[Longs]: ...


class ByChoice(Mapping):
    """Examples are questions of one fold; the answer is told from all items of the fold."""

    def __init__(self, settings: "ContentToCF", *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        self.settings = settings
        lengths = np.linalg.norm(self.folds.queries, axis=1, keepdims=True)
        self.directions = floats(self.folds.queries / np.maximum(lengths, 1e-12))
        n_folds = int(self.folds.of.max(initial=0)) + 1
        self.members = [np.flatnonzero(self.folds.of == fold).astype(np.int32) for fold in range(n_folds)]
        some = np.concatenate(self.members)[:2000]
        spread = float((self.directions[:2000] @ self.own[some].T).std()) if len(self.folds) else 1.0
        self.sharpness = SHARP / max(spread, 1e-12)

    def steps(self, random: np.random.Generator) -> Iterator[Longs]:
        order = random.permutation(len(self.folds))
        order = order[np.argsort(self.folds.fold[order], kind="stable")]
        cuts = np.flatnonzero(np.diff(self.folds.fold[order])) + 1
        batches = [
            part[at : at + self.settings.batch]
            for part in np.split(order, cuts)
            for at in range(0, len(part), self.settings.batch)
        ]
        for at in random.permutation(len(batches)):
            yield batches[at]

    def loss(self, examples: Longs, random: np.random.Generator) -> tuple[Tensor, int]:
        folds = self.folds
        lengths = folds.lengths[examples]
        targets = folds.items[spans(folds.starts[:-1][examples], lengths)]
        items, offsets = self._candidates(int(folds.fold[examples[0]]), targets, random)
        made = self.module(Fed.of(self.rows[items], self.device))  # [m, d]
        asked = self._tensor(self.directions[examples])
        logits = (self.module.sharpness.exp() * self.sharpness) * (asked @ made.T) + self._tensor(offsets)
        chances = log_softmax(logits.float(), 1)
        at = (
            self._tensor(np.repeat(np.arange(len(examples)), lengths)),
            self._tensor(np.searchsorted(items, targets).astype(np.int64)),
        )
        loss = -chances[at].sum()
        if self.settings.alignment:
            loss = loss + self.settings.alignment * len(targets) * self._apart(made, items)
        return loss, len(targets)

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
        offsets[len(wanted) :] = np.log(len(others) / len(some))
        order = np.argsort(items)
        return items[order], offsets[order]

    def _apart(self, made: Tensor, items: Ints) -> Tensor:
        """How far items are from where behavior has them, in units of those vectors; what was met often counts more."""
        counts = self.counts[items]
        weights = self._tensor(floats(counts / (counts + 10.0)))
        own = self._tensor(self.own[items])
        return (weights * ((made - own) ** 2).mean(1)).sum() / weights.sum().clamp(min=1e-6)

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device)


class ByVector(Mapping):
    """Examples are items; their vectors are told, by squared error."""

    def __init__(self, settings: "ContentToCF", *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        self.settings = settings
        inside = (self.folds.of >= 0) & (self.folds.of != self.withheld.of.max(initial=0))
        self.teachers = np.flatnonzero(inside & (self.counts >= settings.least)).astype(np.int32)

    def steps(self, random: np.random.Generator) -> Iterator[Longs]:
        order = random.permutation(len(self.teachers))
        for start in range(0, len(order), self.settings.batch):
            yield order[start : start + self.settings.batch]

    def loss(self, examples: Longs, random: np.random.Generator) -> tuple[Tensor, int]:
        items = self.teachers[examples]
        made = self.module(Fed.of(self.rows[items], self.device))
        own = torch.from_numpy(self.own[items]).to(self.device)
        return ((made - own) ** 2).mean(1).sum(), len(items)


def learned(
    settings: "ContentToCF",
    inputs: Inputs,
    rows: Encoded,
    own: Floats,
    counts: Longs,
    *,
    folds: Folds,
    withheld: Folds,
    run: Run,
) -> ContentMap:
    """The fitted tower. own: float32 [n_items, d], with zeros for items that teach nothing."""
    teachers = folds.of >= 0
    mean = own[teachers].mean(0)
    unit = float(np.sqrt(((own[teachers] - mean) ** 2).mean())) or 1.0
    shape = (inputs, own.shape[1], settings.embedding, settings.hidden, settings.layers)
    with torch.random.fork_rng():
        torch.manual_seed(run.seed)
        module = ContentTower(*shape, dropout=settings.dropout)
    task = (ByChoice if settings.mapping == "softmax" else ByVector)(
        settings, module, rows, floats((own - mean) / np.float32(unit)), counts, folds=folds, withheld=withheld
    )
    train(task, settings, run, "content_to_cf")
    last = module.body[-1]
    assert isinstance(last, torch.nn.Linear)
    with torch.no_grad():  # as the base has them
        last.weight *= unit
        last.bias *= unit
        last.bias += torch.from_numpy(mean)
    return TowerMap(*shape, Weights.of(module))


def ndcg(folds: Folds, items: Ints, vectors: Floats, k: int = JUDGED) -> float:
    """Mean NDCG@k of these items, which have these vectors, for the questions; those that have answers among them."""
    gains = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(gains)])
    place = np.full(len(folds.of), -1, dtype=np.int64)
    place[items] = np.arange(len(items))
    total, size = 0.0, max(1, 8_000_000 // max(1, len(items)))
    k = min(k, len(items))
    for start in range(0, len(folds), size):
        rows = np.arange(start, min(start + size, len(folds)))
        scores = folds.queries[rows] @ vectors.T
        best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable")
        best = np.take_along_axis(best, order, 1)
        wanted = np.zeros(scores.shape, dtype=np.bool_)
        lengths = folds.lengths[rows]
        wanted[
            np.repeat(np.arange(len(rows)), lengths), place[folds.items[spans(folds.starts[:-1][rows], lengths)]]
        ] = True
        hits = np.take_along_axis(wanted, best, 1)
        total += float(((hits @ gains[:k]) / ideal[np.minimum(lengths, k)]).sum())
    return total / max(1, len(folds))
