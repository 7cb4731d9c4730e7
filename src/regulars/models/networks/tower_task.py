"""How two towers learn: which item came next, whether one was bought, or how it was rated."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

from regulars.core import Bools, Floats, Ints, Longs, floats
from regulars.features import Encoded

from ..withheld import Withheld
from .asking import asked
from .examples import Examples
from .inputs import Fed
from .tower_encoder import encoded, readable, vectors_of
from .towers import Towers
from .training import Task

if TYPE_CHECKING:
    from ..two_tower import TwoTower


class Tables(NamedTuple):
    """What is known: of all items, customers and events (of the columns known at asking), and which items were met."""

    items: Encoded
    customers: Encoded
    context: Encoded
    met: Bools


class Pool(NamedTuple):
    """The m different items that the questions of a step are asked about, rising.

    items: int64 [m]; copies: float32 [m], how often each is a target or was drawn; places: int64 [n], of the targets.
    """

    items: Longs
    copies: Floats
    places: Longs

    @classmethod
    def of(cls, targets: Ints, drawn: Ints) -> "Pool":
        items, places, copies = np.unique(np.concatenate([targets, drawn]), return_inverse=True, return_counts=True)
        return cls(items.astype(np.int64), floats(copies), places[: len(targets)])


class Answered(NamedTuple):
    """Vectors and biases of n questions and of a pool of m items."""

    queries: Tensor  # [n, d]
    query_bias: Tensor  # [n]
    items: Tensor  # [m, d]
    item_bias: Tensor  # [m]


class TowerTask(Task):
    """Examples are events; the other events of a step and items drawn for all of them are what it was not.

    weights: float32 [n examples], how much each counts; weighed: float32, the weights of the withheld events.
    """

    module: Towers

    def __init__(
        self,
        module: Towers,
        settings: "TwoTower",
        examples: Examples,
        weights: Floats,
        tables: Tables,
        *,
        withheld: Withheld,
        weighed: Floats,
    ) -> None:
        if settings.objective == "rating":
            self.figure = "rmse below zero"
        self.module, self.settings, self.examples, self.weights = module, settings, examples, weights
        self.tables, self.withheld, self.weighed = tables, withheld, weighed
        self.able = np.flatnonzero(tables.met | tables.items.told).astype(np.int32)

    def steps(self, random: np.random.Generator) -> Iterator[Longs]:
        order = random.permutation(len(self.examples))
        for start in range(0, len(order), self.settings.batch):
            yield order[start : start + self.settings.batch]

    def loss(self, examples: Longs, random: np.random.Generator) -> tuple[Tensor, int]:
        targets = self.examples.targets[examples]
        if self.settings.objective == "rating":
            losses = self._of_ratings(self._answered(examples, targets, random), examples)
        else:
            pool = Pool.of(targets, random.choice(self.able, self.settings.negatives))
            losses = self._of_pool(self._answered(examples, pool.items, random), pool)
        return (self._tensor(self.weights[examples]) * losses).sum(), len(examples)

    def judge(self) -> float:
        """Of ratings: the root mean squared error of the withheld ones, below zero, so that more is better."""
        vectors = vectors_of(self.module, self.tables.items, self.tables.met)
        if self.settings.objective == "rating":
            if not len(self.withheld):
                return math.nan
            found = encoded(self.module, self.withheld.queries, vectors)
            errors = (found * vectors[self.withheld.targets]).sum(1) - self.weighed
            return -float(np.sqrt(np.nanmean(errors**2)))
        return self.withheld.ndcg(lambda queries: encoded(self.module, queries, vectors) @ vectors.T)

    def _of_ratings(self, answered: Answered, examples: Longs) -> Tensor:
        """Squared errors, in units of the ratings' deviation; [n]."""
        shape = self.module.shape
        ratings = self.examples.data.weight[self.examples.events[examples]]
        found = (
            (answered.queries * answered.items).sum(1) / shape.temperature + answered.query_bias + answered.item_bias
        )
        return (found - self._tensor(floats((ratings - shape.mean) / shape.unit))) ** 2

    def _of_pool(self, answered: Answered, pool: Pool) -> Tensor:
        """Losses of telling the target of each question from all others in the pool; [n]."""
        n, copies = len(pool.places), self._tensor(pool.copies)
        rows, own = self._tensor(np.arange(n)), self._tensor(pool.places)
        offsets = answered.item_bias
        if (frequencies := self.module.frequencies) is not None:
            frequencies.seen(self._tensor(pool.items)[own])
            often = frequencies.expected(self._tensor(pool.items), n) + self.settings.negatives / len(self.able)
            offsets = offsets - often.log()
        scaled = answered.queries / self.module.shape.temperature
        if self.settings.objective == "purchase":
            logits = torch.addmm(offsets, scaled, answered.items.T) + answered.query_bias.unsqueeze(1)  # [n, m]
            reached, losses = logits[rows, own], softplus(logits)
            return losses @ copies - copies[own] * losses[rows, own] + softplus(-reached)
        logits = torch.addmm(offsets + copies.log(), scaled, answered.items.T)
        logits[rows, own] -= copies[own].log()  # the target at another place is no negative
        return cross_entropy(logits, own, reduction="none")

    def _answered(self, examples: Longs, pool: Ints | Longs, random: np.random.Generator) -> Answered:
        """The questions of these examples and the items of the pool, some of them without their ids."""
        module, tables, data = self.module, self.tables, self.examples.data
        history = readable(module.shape, self.examples.histories(examples), tables.met)
        ids, places = np.unique(np.concatenate([pool, history.items]), return_inverse=True)
        rows, met = self._tensor(ids.astype(np.int64)), floats(tables.met[ids])
        described = module.described(Fed.of(tables.items[ids], rows.device))
        own = module.own(rows, self._tensor(met))
        dropped = self._tensor(floats(random.random((len(ids), 1)) >= self.settings.id_dropout))
        made, biases = module.items(described + own * dropped)
        table = module.items(described + own)[0] if module.history is None else module.history(rows)
        events = self.examples.events[examples]
        question = asked(
            module.shape,
            replace(history, items=places[len(pool) :].astype(np.int32)),
            data.time[events],
            customers=tables.customers[data.user[events]],
            context=tables.context[events],
            device=rows.device,
        )
        where = self._tensor(places[: len(pool)])
        return Answered(*module.queries(question, table), made[where], biases[where])

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(self.device)
