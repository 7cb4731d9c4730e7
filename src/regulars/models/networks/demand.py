"""Demand: one network over all series learns what each will sell, and how sure that is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from regulars.core import QUIET, Floats, Longs, Run, floats, spans
from regulars.core.errors import EmptyData
from regulars.features import Encoded, Inputs

from ..arranged import Demanded
from .sequence_net import SequenceNet, SequenceShape, Steps, fed
from .series import Read, Series, SeriesReader
from .training import Task, train_members
from .weights import Weights

LEVELS: Final = (0.05, 0.25, 0.5, 0.75, 0.95)  # of the quantiles that are learned
FARTHEST: Final = 6.0  # of a forecast from its level, in logarithms
ROWS: Final = 512  # series that are answered at a time


class Windows(NamedTuple):
    """Steps of series: int64 [n] each; the row of the series, the first step, and how many."""

    rows: Longs
    starts: Longs
    lengths: Longs

    def tokens(self) -> tuple[Longs, Longs]:
        """Series and step of every step, one window after another."""
        return np.repeat(self.rows, self.lengths), spans(self.starts, self.lengths)


class DemandTask(Task):
    """Each step of a series tells the next `horizon` ones."""

    module: SequenceNet
    figure = "loss below zero"

    def __init__(
        self, module: SequenceNet, settings: Demanded, series: Series, reader: SeriesReader, static: tuple[Encoded, ...]
    ) -> None:
        self.module, self.settings, self.series, self.static = module, settings, series, static
        self.horizon = module.shape.horizon
        self.read = reader.read(series)
        self.end = series.n_steps - (self.horizon if settings.patience else 0)  # what is learned from ends here
        observed = ~np.isnan(series.units)
        self.begins = np.where(observed.any(1), observed.argmax(1), self.end).astype(np.int64)
        if (self.begins >= self.end - 1).all():
            raise EmptyData(f"no series has two observed steps among the first {self.end} to learn from")

    def steps(self, random: np.random.Generator) -> Iterator[Longs]:
        length = self.settings.length
        lengths = np.maximum(self.end - 1 - self.begins, 0)
        first = np.where(lengths > length, random.integers(0, length, len(lengths)), 0)  # of the oldest window
        counts = np.where(lengths > 0, -(-(lengths + first) // length), 0)
        rows = np.repeat(np.arange(len(lengths)), counts)
        starts = self.begins[rows] - first[rows] + spans(np.zeros_like(counts), counts) * length
        ends = np.minimum(starts + length, self.end - 1)
        starts = np.maximum(starts, self.begins[rows])
        self._windows = Windows(rows, starts, ends - starts)
        order = random.permutation(len(rows))[: self.settings.windows]
        yield from np.split(order, range(self.settings.batch, len(order), self.settings.batch))

    def loss(self, examples: Longs, random: np.random.Generator) -> tuple[Tensor, int]:
        windows = Windows(*(column[examples] for column in self._windows))
        return self._losses(windows, self._forks(windows, random), self.end)

    def _forks(self, windows: Windows, random: np.random.Generator) -> Longs:
        """The steps from which is looked ahead; not from the first quarter of a window that goes on from another."""
        rows, starts, lengths = windows
        tokens = np.arange(lengths.sum())
        if not self.settings.forks:
            return tokens
        place = tokens - np.repeat(np.cumsum(lengths) - lengths, lengths)
        late = place >= np.repeat(np.where(starts > self.begins[rows], lengths // 4, 0), lengths)
        order = np.lexsort((-random.random(len(tokens)) * late, np.repeat(np.arange(len(rows)), lengths)))
        return np.sort(order[place < self.settings.forks])

    def judge(self) -> float:
        n, total, targets = len(self.series), 0.0, 0
        starts = np.maximum(self.end - self.settings.length, np.minimum(self.begins, self.end - 1))
        for rows in np.array_split(np.arange(n), -(-n // ROWS)):
            windows = Windows(rows, starts[rows], self.end - starts[rows])
            summed, count = self._losses(windows, np.cumsum(windows.lengths) - 1, self.series.n_steps)
            total, targets = total + float(summed), targets + count
        return -total / max(targets, 1)

    def _losses(self, windows: Windows, forks: Longs, until: int) -> tuple[Tensor, int]:
        """until: steps that are known."""
        owner, at = (column[forks] for column in windows.tokens())
        coming = at[:, None] + 1 + np.arange(self.horizon)  # [f, horizon]
        units = self.series.units[owner[:, None], np.minimum(coming, self.series.n_steps - 1)]
        wanted = (coming < until) & ~np.isnan(units)
        told = answered(self.module, self.read, self.static, windows, forks)  # [f, horizon, outputs]
        levels = self._tensor(self.read.levels[owner, at])[:, None]
        target, there = self._tensor(floats(np.maximum(np.nan_to_num(units), 0))), torch.from_numpy(wanted)
        losses = self._point(told[:, :, 0] + levels, target, levels) + self._quantiles(told[:, :, 1:], target, levels)
        return losses[there.to(self.device)].sum(), int(wanted.sum())

    def _point(self, log: Tensor, units: Tensor, levels: Tensor) -> Tensor:
        """log: of 1 + the forecast; [f, horizon]."""
        if self.settings.loss == "log":
            return (log - units.log1p()).abs()
        errors = torch.expm1(log) - units
        if self.settings.loss == "absolute":
            return errors.abs() / levels.exp()
        errors = errors / units.clamp_min(1)
        return errors.abs() if self.settings.loss == "percentage" else errors.square()

    def _quantiles(self, answers: Tensor, units: Tensor, levels: Tensor) -> Tensor:
        """The pinball losses of logarithms, whose quantiles are the logarithms of the units' quantiles."""
        missed = (units.log1p() - levels)[:, :, None] - answers  # [f, horizon, q]
        at = torch.tensor(LEVELS, device=missed.device)
        return torch.maximum(at * missed, (at - 1) * missed).sum(2)

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(self.device)


@dataclass(frozen=True)
class DemandNet:
    """What has been learned: forecasts for these and any other series that are told in the same way.

    weights: of each member; length: the newest steps that are read.
    """

    shape: SequenceShape
    weights: tuple[Weights, ...]
    reader: SeriesReader
    length: int

    def forecast(self, series: Series, levels: Sequence[float] = LEVELS) -> tuple[Floats, Floats]:
        """The units of the coming steps: float32 [n, horizon], and their quantiles [n, horizon, len(levels)], rising.

        Levels between those that were learned lie between their quantiles; none beyond the outermost is told.
        """
        read = self.reader.read(series)
        static = self._static(series)
        starts = _read_from(series, self.length)
        parts = []
        with torch.inference_mode():
            for rows in np.array_split(np.arange(len(series)), -(-len(series) // ROWS)):
                windows = Windows(rows, starts[rows], series.n_steps - starts[rows])
                forks = np.cumsum(windows.lengths) - 1
                told = [answered(net, read, static, windows, forks) for net in self.networks]
                parts.append(torch.stack(told).mean(0).numpy())
        logs = np.concatenate(parts) + read.levels[:, -1, None, None]
        units = np.maximum(np.expm1(logs), 0)
        return floats(units[:, :, 0]), _between(np.sort(units[:, :, 1:], axis=2), levels)

    @cached_property
    def networks(self) -> tuple[SequenceNet, ...]:
        """Built when the first question comes."""
        return tuple(weights.into(SequenceNet(self.shape)) for weights in self.weights)

    def _static(self, series: Series) -> tuple[Encoded, ...]:
        return tuple(inputs.encode(series.static, len(series)) for inputs in self.shape.tables)


def fit_demand(
    series: Series, horizon: int, settings: Demanded, *, season: int = 0, name: str = "lstm", run: Run = QUIET
) -> DemandNet:
    """Learns from every step of every series what the next `horizon` ones sell.

    season: steps after which the pattern returns, 0 for none. Raises EmptyData when no series has two observed steps.
    """
    reader = SeriesReader.learn(series, half_life=settings.half_life, season=season)
    inputs = Inputs.learn(series.static, min_count=1) if series.static.width else Inputs()
    shape = SequenceShape(
        reader.past,
        reader.ahead,
        horizon,
        1 + len(LEVELS),
        (inputs,) if inputs else (),
        settings.arrangement,
        settings.cell,
        settings.layers,
        settings.width,
        settings.dropout,
    )
    static = tuple(table.encode(series.static, len(series)) for table in shape.tables)

    def made(own: Run) -> DemandTask:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(own.seed)
            return DemandTask(SequenceNet(shape), settings, series, reader, static)

    weights = tuple(Weights.of(task.module) for task in train_members(settings.members, made, settings, run, name))
    return DemandNet(shape, weights, reader, settings.length)


def answered(net: SequenceNet, read: Read, static: tuple[Encoded, ...], windows: Windows, forks: Longs) -> Tensor:
    """What the network says at these forks of windows of series, as distances from the levels: [f, horizon, n]."""
    device = next(net.parameters()).device
    owner, at = windows.tokens()
    tables, owners = fed(static, (windows.rows,) * len(static), device)
    steps = Steps(
        torch.from_numpy(read.past(owner, at)).to(device),
        windows.lengths,
        torch.from_numpy(forks).to(device),
        torch.from_numpy(read.ahead(owner[forks], at[forks], net.shape.horizon)).to(device),
        owners,
    )
    told: Tensor = net(steps, tables)
    return told.clamp(-FARTHEST, FARTHEST)


def _read_from(series: Series, length: int) -> Longs:
    """The first step that is read of each series: its first observed one, at most `length` before the end."""
    observed = ~np.isnan(series.units)
    begins = np.where(observed.any(1), observed.argmax(1), series.n_steps - 1)
    return np.maximum(begins, series.n_steps - length).astype(np.int64)


def _between(quantiles: Floats, levels: Sequence[float]) -> Floats:
    """The quantiles at any levels, by a line between the learned ones."""
    at = np.interp(levels, LEVELS, np.arange(len(LEVELS)))
    low = np.minimum(at.astype(np.int64), len(LEVELS) - 2)
    share = (at - low).astype(np.float32)
    return floats(quantiles[:, :, low] * (1 - share) + quantiles[:, :, low + 1] * share)
