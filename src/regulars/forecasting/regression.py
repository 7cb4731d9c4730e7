"""Regression: the log-linear answer of each series to prices, promotions and the season, as a forecaster of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from regulars.core import QUIET, Run, Settings, ints, setting

from .drivers import drivers, kin
from .forecast import LEVELS, Forecast, answered
from .panel import Panel
from .responses import Memory, responses

TRIES = 6  # earlier origins whose errors say how wide demand scatters
FACTORS = {"mean": 0.5, "median": 0.0, "percentage": -1.0}  # of the variance of log units: moments of a log-normal


@dataclass(frozen=True)
class Regressed:
    """Looks at the panel when it is asked; learned was only how wide demand scatters around what is expected."""

    horizon: int
    memory: Memory
    shift: float

    def forecast(self, panel: Panel, levels: Sequence[float] = LEVELS) -> Forecast:
        """The point alone; NaN for a series that was never observed."""
        _, told = drivers(panel, self.horizon)
        z = np.log1p(np.maximum(panel.units, 0))
        groups = kin(panel)
        ((_, learned),) = responses(z, told, groups, self.memory, ints([panel.n_steps]))
        expected = learned.expected(told[:, panel.n_steps :]) + self.shift
        highest = np.nanmax(z, axis=1, initial=0)[:, None] + 1  # a price never seen must not sell the whole world
        point = np.expm1(np.minimum(expected, highest)).astype(np.float32)
        return answered(panel, point)


@dataclass(frozen=True)
class Regression(Settings):
    """Ridge regression of log units on logs of prices, promotions and the season, around what all stores show.

    Each series leans on the response of its product (the last key) as if that were `lean` observations. half_life and
    level: steps after which an observation counts half for the response and for the level. aim: as for trees; under a
    log-normal the best percentage error is at the mode, exp(-variance) of the median.
    """

    aim: str = setting("median", choices=tuple(FACTORS))
    half_life: float = setting(1000.0, low=4.0, high=10_000.0, log=True)
    level: float = setting(13.0, low=1.0, high=1_000.0, log=True)
    lean: float = setting(30.0, low=0.1, high=1_000.0, log=True)

    def fit(self, panel: Panel, horizon: int, run: Run = QUIET) -> Regressed:
        """Tries it at the latest origins of the past, to see how wide demand scatters."""
        memory = Memory(self.half_life, self.level, self.lean)
        z, (_, told) = np.log1p(np.maximum(panel.units, 0)), drivers(panel, horizon)
        origins = ints(np.arange(max(panel.n_steps - TRIES * horizon, 1), panel.n_steps, horizon))
        errors = [
            z[:, origin : origin + horizon] - learned.expected(told[:, origin : min(origin + horizon, panel.n_steps)])
            for origin, learned in responses(z, told, kin(panel), memory, origins)
        ]
        square = np.concatenate([error[~np.isnan(error)] for error in errors]) ** 2 if errors else np.zeros(0)
        variance = float(np.mean(np.minimum(square, 1))) if len(square) else 0.0
        return Regressed(horizon, memory, FACTORS[self.aim] * variance)
