"""Counts: a rate of sale for each series that drifts slowly, learned from small whole numbers and many zeros."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from regulars.core import QUIET, Run, Settings, setting

from .arrays import Numbers
from .drivers import kin
from .forecast import LEVELS, Forecast, answered
from .panel import Panel

AIMS = ("mean", "median")
LOOSE = 10.0  # steps of sales that the usual week of a product is worth against that of the shop


@dataclass(frozen=True)
class Drifting:
    """Follows the rate of each series when it is asked; learned nothing before."""

    horizon: int
    settings: "Counts"

    def forecast(self, panel: Panel, levels: Sequence[float] = LEVELS) -> Forecast:
        """The point alone; NaN for a series that was never observed, and shares its product with none that was."""
        usual = exposures(panel, self.horizon)
        shape, steps = rates(panel.units, usual[:, : panel.n_steps], 0.5 ** (1 / self.settings.half_life))
        lean = self.settings.lean
        rate = pooled(shape, steps, panel)
        shape, steps = (shape + lean * rate)[:, None], (steps + lean)[:, None] / usual[:, panel.n_steps :]
        point = shape / steps if self.settings.aim == "mean" else median(shape, steps)
        return answered(panel, point)


@dataclass(frozen=True)
class Counts(Settings):
    """Poisson demand whose rate is a gamma variable that is discounted step by step (Harvey, Fernandes, JBES 1989).

    For slow sellers: what comes is negative binomial, and its median a whole number, often 0. half_life: steps after
    which a sale counts half for the rate. A series leans on the rate of its product as if that were `lean` steps of its
    own. On daily calendars each product has the week that it showed. Prices and promotions are not read.
    """

    aim: str = setting("median", choices=AIMS)
    half_life: float = setting(9.0, low=1.0, high=1_000.0, log=True)
    lean: float = setting(0.1, low=0.01, high=100.0, log=True)

    def fit(self, panel: Panel, horizon: int, run: Run = QUIET) -> Drifting:
        """Learns nothing yet: rates are those of the panel that is asked about."""
        return Drifting(horizon, self)


def rates(units: Numbers, usual: Numbers, kept: float) -> tuple[Numbers, Numbers]:
    """Shape and rate [n] of each series' gamma: decayed units, and decayed steps in which they were sold.

    units: [n, n_steps], NaN where not observed, which changes nothing. usual: [n, n_steps], what a step is worth.
    """
    shape, steps = np.zeros((2, len(units)))
    for step in range(units.shape[1]):
        told = ~np.isnan(units[:, step])
        shape = np.where(told, kept * shape + np.maximum(units[:, step], 0), shape)
        steps = np.where(told, kept * steps + usual[:, step], steps)
    return shape, steps


def pooled(shape: Numbers, steps: Numbers, panel: Panel) -> Numbers:
    """The rate of each series' product, the shop's where there is none; NaN without any sale of a shop; [n]."""
    groups = kin(panel)
    sold, seen = np.bincount(groups, shape), np.bincount(groups, steps)
    whole = shape.sum() / steps.sum() if steps.sum() > 0 else np.nan
    return np.where(seen > 0, sold / np.where(seen > 0, seen, 1), whole)[groups]


def exposures(panel: Panel, horizon: int) -> Numbers:
    """What each step is worth against a usual one of its product, [n, n_steps + horizon]: 1, on days by weekday."""
    width = panel.n_steps + horizon
    if panel.calendar.step != "day":
        return np.ones((panel.n_series, width))
    groups, units = kin(panel), np.maximum(panel.units, 0)
    told = ~np.isnan(units)
    sold, seen = np.zeros((2, int(groups.max()) + 1, 7))
    for weekday in range(7):
        sold[:, weekday] = np.bincount(groups, np.where(told, units, 0)[:, weekday::7].sum(axis=1))
        seen[:, weekday] = np.bincount(groups, told[:, weekday::7].sum(axis=1))
    shop = sold.sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    shop = shop / shop.mean() if shop.any() else np.ones(7)
    own = sold.sum(axis=1, keepdims=True) / np.maximum(seen.sum(axis=1, keepdims=True), 1)
    week = (sold + LOOSE * own * shop) / np.maximum((seen + LOOSE) * own, 1e-9)
    week = np.where(own > 0, np.maximum(week, 0.01), 1)
    return np.asarray(week[groups][:, np.arange(width) % 7])


def median(shape: Numbers, steps: Numbers) -> Numbers:
    """The whole number that a negative binomial count lies at or below in half of all cases; NaN where no rate is."""
    from scipy.stats import nbinom

    told = np.isfinite(shape) & (shape > 0)
    found = nbinom.ppf(0.5, np.where(told, shape, 1), steps / (1 + steps))
    return np.where(told, found, np.where(shape == 0, 0, np.nan))
