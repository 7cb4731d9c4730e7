"""Repurchase: one network over all pairs of a customer and a product learns in which week it is bought again.

What is learned is the hazard of each coming week, the chance that it is bought then if it was not before: the log
loss of these is the likelihood of the week of the next purchase, and probabilities made of them rise with the horizon.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from regulars.core import QUIET, Floats, Frame, Ints, Longs, Run, floats, spans, starts_of
from regulars.core.errors import EmptyData
from regulars.features import Encoded, Inputs

from ..arranged import Repurchased
from .sequence_net import SequenceNet, SequenceShape, Steps, fed
from .training import Task, train_members
from .weights import Weights

PAIRS: Final = 16_384  # answered at a time
SPREAD: Final = 5.0  # standard deviations beyond which a number is cut


@dataclass(frozen=True)
class Purchases:
    """n pairs as a network is told of them at the moment of asking.

    steps: float32 [n_steps, c], the purchases of a pair, oldest first, from starts[i] to starts[i + 1], at least one;
    moments: float32 [n, a], what is known at the moment; coming: float32 [m, weeks, b], of the coming weeks of each
    question; items: int32 [n], rows of `item_table`, which is looked at while learning only; questions: int32 [n], rows
    of `customer_table`, which may lack columns.
    """

    steps: Floats
    starts: Longs
    moments: Floats
    coming: Floats
    items: Ints
    questions: Ints
    item_table: Frame
    customer_table: Frame

    def __len__(self) -> int:
        return len(self.items)

    @classmethod
    def joined(cls, parts: Sequence["Purchases"]) -> "Purchases":
        """The pairs of several moments below one another; they share the table of products."""
        first = starts_of([len(part.coming) for part in parts])
        tables = [part.customer_table for part in parts]
        return cls(
            np.concatenate([part.steps for part in parts]),
            starts_of(np.concatenate([np.diff(part.starts) for part in parts])),
            np.concatenate([part.moments for part in parts]),
            np.concatenate([part.coming for part in parts]),
            np.concatenate([part.items for part in parts]),
            np.concatenate([part.questions + np.int32(low) for part, low in zip(parts, first, strict=False)]),
            parts[0].item_table,
            pl.concat(tables) if tables[0].width else tables[0],
        )


@dataclass(frozen=True)
class Standard:
    """Centers and scales of columns: float32 [c] each."""

    centers: Floats
    scales: Floats

    @classmethod
    def learn(cls, values: Floats) -> "Standard":
        scales = values.std(0, dtype=np.float64)
        return cls(floats(values.mean(0, dtype=np.float64)), floats(np.where(scales > 1e-6, scales, 1)))

    def __call__(self, values: Floats) -> Floats:
        """The same in units of the deviation."""
        return floats(np.clip((values - self.centers) / self.scales, -SPREAD, SPREAD))


class RepurchaseTask(Task):
    """weeks: float32 [n], whole weeks from the moment to the next purchase, inf for none that is known of."""

    module: SequenceNet
    figure = "log likelihood"

    def __init__(
        self, module: SequenceNet, settings: Repurchased, net: "RepurchaseNet", purchases: Purchases, weeks: Floats
    ) -> None:
        self.module, self.settings, self.net, self.purchases, self.weeks = module, settings, net, purchases, weeks
        self.tables = net.tables(purchases)
        every = max(2, round(1 / settings.validation)) if settings.patience else len(purchases) + 1
        self.checked = np.flatnonzero(purchases.questions % every == every - 1)
        self.taught = np.flatnonzero(purchases.questions % every != every - 1)

    def steps(self, random: np.random.Generator) -> Iterator[Longs]:
        order = random.permutation(self.taught)
        yield from np.split(order, range(self.settings.batch, len(order), self.settings.batch))

    def loss(self, examples: Longs, random: np.random.Generator) -> tuple[Tensor, int]:
        logits = self.net.logits(self.module, self.purchases, self.tables, examples)  # [n, weeks]
        weeks = torch.from_numpy(self.weeks[examples]).to(self.device)[:, None]
        at = torch.arange(logits.shape[1], device=self.device)
        losses = binary_cross_entropy_with_logits(logits, (weeks == at).float(), reduction="none")
        return (losses * (weeks >= at)).sum(), len(examples)

    def judge(self) -> float:
        parts = np.array_split(self.checked, -(-len(self.checked) // PAIRS)) if len(self.checked) else []
        summed = sum(float(self.loss(part, np.random.default_rng(0))[0]) for part in parts)
        return -summed / max(len(self.checked), 1) if parts else float("nan")


@dataclass(frozen=True)
class RepurchaseNet:
    """What has been learned: the hazards of these and any other pairs. weights: of each member."""

    shape: SequenceShape
    weights: tuple[Weights, ...]
    steps: Standard
    moments: Standard
    item_rows: tuple[Encoded, ...]  # of the products when it learned, and one of which nothing is known; none: no table
    customer_inputs: tuple[Inputs, ...]  # none for a table without columns

    def hazards(self, purchases: Purchases) -> Floats:
        """The chance of each coming week to be that of the next purchase, if no earlier one is; float32 [n, weeks]."""
        tables = self.tables(purchases)
        found = np.empty((len(purchases), self.shape.horizon), dtype=np.float32)
        with torch.inference_mode():
            for begin in range(0, len(purchases), PAIRS):
                pairs = np.arange(begin, min(begin + PAIRS, len(purchases)))
                logits = [self.logits(net, purchases, tables, pairs) for net in self.networks]
                found[pairs] = torch.stack(logits).sigmoid().mean(0).numpy()
        return found

    @cached_property
    def networks(self) -> tuple[SequenceNet, ...]:
        """Built when the first question comes."""
        return tuple(weights.into(SequenceNet(self.shape)) for weights in self.weights)

    def tables(self, purchases: Purchases) -> tuple[Encoded, ...]:
        """The tables of products and of customers, as far as they say anything."""
        n = len(purchases.coming)
        return (*self.item_rows, *(inputs.encode(purchases.customer_table, n) for inputs in self.customer_inputs))

    def logits(self, net: SequenceNet, purchases: Purchases, tables: tuple[Encoded, ...], pairs: Longs) -> Tensor:
        """The logits of the hazards of some pairs; [len(pairs), weeks]."""
        device = next(net.parameters()).device
        lengths = np.diff(purchases.starts)[pairs]
        moments = self.moments(purchases.moments[pairs])[:, None].repeat(self.shape.horizon, 1)
        questions = purchases.questions[pairs]
        ahead = np.concatenate([moments, purchases.coming[questions]], axis=2)
        products = [np.minimum(purchases.items[pairs], len(rows) - 1) for rows in self.item_rows]
        owners = (*products, *(questions for _ in self.customer_inputs))
        rows, owned = fed(tables, owners, device)
        steps = Steps(
            torch.from_numpy(self.steps(purchases.steps[spans(purchases.starts[:-1][pairs], lengths)])).to(device),
            lengths,
            torch.from_numpy(np.cumsum(lengths) - 1).to(device),
            torch.from_numpy(ahead).to(device),
            owned,
        )
        answers: Tensor = net(steps, rows)
        return answers[:, :, 0]


def fit_repurchase(
    purchases: Purchases, weeks: Floats, settings: Repurchased, *, name: str = "repurchase", run: Run = QUIET
) -> RepurchaseNet:
    """Learns from pairs at past moments and from when each was bought again.

    weeks: float32 [n], whole weeks from the moment to the next purchase, 0 for the first one, inf for never; what is
    known of must reach `settings.weeks` after every moment. Raises EmptyData when there are no pairs.
    """
    if not len(purchases):
        raise EmptyData("nobody had bought anything at the moments that are learned from; take more of the log")
    items, customers = _inputs(purchases.item_table), _inputs(purchases.customer_table)
    shape = SequenceShape(
        purchases.steps.shape[1],
        purchases.moments.shape[1] + purchases.coming.shape[2],
        purchases.coming.shape[1],
        1,
        (*items, *customers),
        settings.arrangement,
        settings.cell,
        settings.layers,
        settings.width,
        settings.dropout,
    )
    rows = tuple(_rows(inputs, purchases.item_table) for inputs in items)
    net = RepurchaseNet(shape, (), Standard.learn(purchases.steps), Standard.learn(purchases.moments), rows, customers)
    base = _base(weeks, shape.horizon)

    def made(own: Run) -> RepurchaseTask:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(own.seed)
            module = SequenceNet(shape)
        torch.nn.init.constant_(module.answer.bias, base)
        return RepurchaseTask(module, settings, net, purchases, weeks)

    weights = tuple(Weights.of(task.module) for task in train_members(settings.members, made, settings, run, name))
    return replace(net, weights=weights)


def _inputs(table: Frame) -> tuple[Inputs, ...]:
    inputs = Inputs.learn(table) if table.width and table.height else Inputs()
    return (inputs,) if inputs else ()


def _rows(inputs: Inputs, table: Frame) -> Encoded:
    """The products as the network reads them, and behind them one that is younger than it."""
    return inputs.encode(pl.concat([table, table.clear(1)]))


def _base(weeks: Floats, horizon: int) -> float:
    """The logit of the mean hazard, from which the network begins."""
    bought = float((weeks < horizon).sum())
    asked = float(np.minimum(weeks + 1, horizon).sum())
    share = min(max(bought / max(asked, 1.0), 1e-4), 0.5)
    return float(np.log(share / (1 - share)))
