"""Baselines: last season again, the mean of the latest steps, and the last step again."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from regulars.core import QUIET, Run, Settings, setting

from .arrays import Numbers, part
from .forecast import LEVELS, Forecast, answered
from .panel import Panel


@dataclass(frozen=True)
class Repeating:
    """Forecasts each step by the step one season before; earlier seasons, then the latest step, fill the gaps."""

    horizon: int
    season: int

    def forecast(self, panel: Panel, levels: Sequence[float] = LEVELS) -> Forecast:
        """The point alone; NaN for a series that was never observed."""
        steps = panel.n_steps + np.arange(self.horizon)
        steps = steps - self.season * ((steps - panel.n_steps) // self.season + 1)
        point = np.full((panel.n_series, self.horizon), np.nan, dtype=np.float32)
        while steps.max() >= 0 and np.isnan(point).any():
            there = np.where(steps >= 0, panel.units[:, np.maximum(steps, 0)], np.nan)
            point = np.where(np.isnan(point), there, point)
            steps = steps - self.season
        return _answer(panel, np.where(np.isnan(point), _latest_mean(panel.units, 1)[:, None], point))


@dataclass(frozen=True)
class SeasonalNaive(Settings):
    """What was sold one season before: the same weekday of last week, the same week of last year.

    season: steps; 0 takes that of the calendar (7 days, 52 weeks).
    """

    season: int = setting(0, low=0, high=1_000)

    def fit(self, panel: Panel, horizon: int, run: Run = QUIET) -> Repeating:
        """Learns nothing but the season."""
        return Repeating(horizon, self.season or panel.calendar.season)


@dataclass(frozen=True)
class Naive(Settings):
    """The latest observed step again."""

    def fit(self, panel: Panel, horizon: int, run: Run = QUIET) -> Repeating:
        """Learns nothing."""
        return Repeating(horizon, 1)


@dataclass(frozen=True)
class Averaging:
    """The mean of the latest observed steps, for every step to come."""

    horizon: int
    window: int

    def forecast(self, panel: Panel, levels: Sequence[float] = LEVELS) -> Forecast:
        """The point alone; NaN for a series that was never observed."""
        mean = _latest_mean(panel.units, self.window)
        return _answer(panel, np.repeat(mean[:, None], self.horizon, axis=1))


@dataclass(frozen=True)
class MovingAverage(Settings):
    """The mean of the latest `window` observed steps."""

    window: int = setting(8, low=1, high=1_000, log=True)

    def fit(self, panel: Panel, horizon: int, run: Run = QUIET) -> Averaging:
        """Learns nothing."""
        return Averaging(horizon, self.window)


def _answer(panel: Panel, point: Numbers) -> Forecast:
    return answered(panel, point)


def _latest_mean(units: Numbers, window: int) -> Numbers:
    """The mean of the latest `window` observed steps of each series; NaN for none."""
    told = ~np.isnan(units)
    after = np.cumsum(told[:, ::-1], axis=1)[:, ::-1]  # observed steps from here on
    counted = told & (after <= window)
    counts = counted.sum(axis=1)
    total = np.where(counted, units, 0).sum(axis=1, dtype=np.float64)
    return part(total, counts)
