"""How NCF learns: what was met beside what was not, by binary cross-entropy."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from regulars.core import Dataset, Longs, Run

from ..kinds.pairs import Pairs
from .bags import Rows
from .lesson import Lesson
from .neumf import NeuMF, NeuMFScorer, spread
from .training import Task, train
from .weights import Weights

if TYPE_CHECKING:
    from ..ncf import NCF


class Judging(Task):
    """Each item of a history, told from the others of it, beside some that are not in it."""

    def __init__(self, settings: "NCF", lesson: Lesson) -> None:
        self.module: NeuMF = NeuMF(lesson.n_items, settings.factors, settings.hidden, settings.layers)
        self.settings, self.lesson = settings, lesson
        self.met = Met(lesson.rows, lesson.n_items)

    def steps(self, random: np.random.Generator) -> Iterator[Longs]:
        """Customers whose histories hold about `batch` items together; one at least."""
        order = random.permutation(len(self.lesson.rows))
        ends = np.cumsum(np.diff(self.lesson.rows.starts)[order])
        yield from np.split(order, np.flatnonzero(np.diff(ends // self.settings.batch)) + 1)

    def loss(self, examples: Longs, random: np.random.Generator) -> tuple[Tensor, int]:
        history = self.lesson.rows.take(examples, self.device)
        whose, amounts, power = history.rows(), history.amounts, self.settings.power
        said = self.module.summed(history)  # [batch, width]
        rest = said[whose] - amounts[:, None] * nn.functional.embedding(
            history.items, self.module.contexts
        )  # [n_entries, width]
        left = (history.masses()[whose] - amounts)[:, None]
        rest = rest * torch.where(left > 1e-6, left.clamp_min(1e-6).pow(-power), 0.0)
        for_met = self._scores(rest, torch.arange(len(whose), device=whose.device), history.items[:, None])
        rows = examples.repeat(np.diff(self.lesson.rows.starts)[examples])
        drawn = torch.from_numpy(self.met.others(rows, self.settings.negatives, random)).to(whose.device)
        for_others = self._scores(said * spread(history, power), whose, drawn.clamp_min(0))
        wrong = nn.functional.softplus(for_others).where(drawn >= 0, 0.0).sum(dim=1)
        return (amounts * (nn.functional.softplus(-for_met[:, 0]) + wrong)).sum(), len(whose)

    def judge(self) -> float:
        return self.lesson.withheld.ndcg(self.fitted().score)

    def fitted(self) -> Pairs:
        """The network as it is now; items that nobody met score NaN."""
        settings, lesson = self.settings, self.lesson
        widths = (settings.factors, settings.hidden, settings.layers)
        scorer = NeuMFScorer(widths, settings.power, lesson.places, Weights.of(self.module), lesson.profile)
        return Pairs("ncf", len(lesson.places), scorer)

    def _scores(self, said: Tensor, whose: Tensor, items: Tensor) -> Tensor:
        """Scores of items [n, k], asked by what the histories `whose` [n] say; float32 [n, k]."""
        weighed, queries = self.module.asking(said)  # [batch, factors], [batch, hidden]
        vectors, first = self.module.asked_for(items)  # [n, k, factors], [n, k, hidden]
        product = (weighed[whose, None] * vectors).sum(dim=2)  # [n, k]
        return (product + self.module.judged(queries[whose, None] + first)).float()


class Met:
    """Who met what, to draw what they did not meet."""

    def __init__(self, rows: Rows, n_items: int) -> None:
        self.n_items = n_items
        whose = np.repeat(np.arange(len(rows)), np.diff(rows.starts))
        self.keys = np.sort(whose * n_items + rows.items)  # int64: far from its end for any shop

    def others(self, rows: Longs, k: int, random: np.random.Generator) -> Longs:
        """k items for each of `rows`, uniformly from those that it did not meet; -1 where three draws all were met."""
        drawn = np.full((len(rows), k), -1, dtype=np.int64)
        for _ in range(3):
            missing = np.nonzero(drawn < 0)
            found = random.integers(self.n_items, size=len(missing[0]))
            keys = rows[missing[0]] * self.n_items + found
            places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
            drawn[missing] = np.where(self.keys[places] == keys, -1, found)
        return drawn


def learned(settings: "NCF", data: Dataset, run: Run) -> Pairs:
    """The model that NCF fits."""
    with torch.random.fork_rng():
        torch.manual_seed(run.seed)
        task = Judging(settings, Lesson.of(data, settings, run))
    train(task, settings, run, "ncf")
    return task.fitted()
