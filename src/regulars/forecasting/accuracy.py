"""Accuracy: how far forecasts lay from what was sold, per series, so that intervals and paired tests come with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from regulars.core import Bools, Frame
from regulars.core.errors import EmptyData
from regulars.evaluation.significance import holm, paired_p, verdict

from .arrays import Numbers, part
from .panel import Panel
from .rolling import Rolled

LAG = {"day": 7, "week": 1}  # steps of the naive forecast whose error is the unit of MASE
LATEST = {"day": 28, "week": 4}  # steps whose units weigh a series in WRMSSE
METRICS = ("mase", "wape", "mape", "rmspe", "wrmsse", "pinball", "coverage")
VOLUMES = ("low", "middle", "high")
RESAMPLES = 1_000


@dataclass(frozen=True)
class Sums:
    """One metric of one forecaster: the metric is sum(error) / sum(base), its square root where `root`; [n_series]."""

    error: Numbers
    base: Numbers
    root: bool = False

    def value(self, series: Bools | None = None) -> float:
        """Over all series, or some of them; NaN where nothing was observed."""
        chosen = slice(None) if series is None else series
        base = float(np.sum(self.base[chosen]))
        ratio = float(np.sum(self.error[chosen])) / base if base > 0 else float("nan")
        return float(np.sqrt(ratio)) if self.root else ratio

    def interval(self, times: Numbers, series: Bools | None = None) -> tuple[float, float]:
        """95 % of the bootstrap over series, each with all of its origins; times: see `drawn`."""
        chosen = np.ones(len(self.error), dtype=bool) if series is None else series
        base = times @ np.where(chosen, self.base, 0)
        drawn = np.divide(
            times @ np.where(chosen, self.error, 0), base, out=np.full(len(times), np.nan), where=base > 0
        )
        low, high = (
            np.nanquantile(np.sqrt(drawn) if self.root else drawn, [0.025, 0.975]) if base.any() else [np.nan] * 2
        )
        return float(low), float(high)


def drawn(n: int, seed: int = 0) -> Numbers:
    """How often each of n series is drawn into each resample; float32 [RESAMPLES, n]."""
    random = np.random.default_rng(seed)
    return random.multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(np.float32)


@dataclass(frozen=True)
class Judgment:
    """Several forecasters on the same panel, origins and steps. Less is better, but for coverage."""

    rolled: Mapping[str, Rolled]
    seed: int = 0

    def __post_init__(self) -> None:
        if len({(one.origins, one.actual.shape) for one in self.rolled.values()}) != 1:
            raise EmptyData("forecasters can be compared on the same origins and steps only")

    @cached_property
    def times(self) -> Numbers:
        """The resamples of series that all intervals are drawn by."""
        return drawn(next(iter(self.rolled.values())).actual.shape[1], self.seed)

    @cached_property
    def table(self) -> Frame:
        """forecaster, metric, value, low, high (95 %, bootstrap over series)."""
        rows = [
            (name, metric, part.value(), *part.interval(self.times))
            for name, one in self.rolled.items()
            for metric, part in sums(one, self._common()).items()
        ]
        return pl.DataFrame(rows, ["forecaster", "metric", "value", "low", "high"], orient="row")

    @cached_property
    def by_horizon(self) -> Frame:
        """forecaster, step (from 1), metric, value, low, high."""
        rows = []
        first = next(iter(self.rolled.values()))
        for name, one in self.rolled.items():
            for step in range(first.actual.shape[2]):
                only = np.zeros(first.actual.shape, dtype=bool)
                only[:, :, step] = True
                told = sums(one, self._common() & only)
                rows += [
                    (name, step + 1, metric, part.value(), *part.interval(self.times)) for metric, part in told.items()
                ]
        return pl.DataFrame(rows, ["forecaster", "step", "metric", "value", "low", "high"], orient="row")

    @cached_property
    def by_volume(self) -> Frame:
        """forecaster, volume (low, middle, high: thirds of the series), n_series, metric, value, low, high."""
        first = next(iter(self.rolled.values()))
        mean = _mean(first.panel.until(first.origins[0]).units)
        third = np.argsort(np.argsort(mean, kind="stable"), kind="stable") * len(VOLUMES) // len(mean)
        rows = [
            (
                name,
                volume,
                int((third == place).sum()),
                metric,
                part.value(third == place),
                *part.interval(self.times, third == place),
            )
            for name, one in self.rolled.items()
            for metric, part in sums(one, self._common()).items()
            for place, volume in enumerate(VOLUMES)
        ]
        columns = ["forecaster", "volume", "n_series", "metric", "value", "low", "high"]
        return pl.DataFrame(rows, columns, orient="row")

    @cached_property
    def compared(self) -> Frame:
        """forecaster, against, metric, difference, p (paired over series, Holm), verdict; all but coverage."""
        told = {name: sums(one, self._common()) for name, one in self.rolled.items()}
        rows = []
        for metric in METRICS[:-1]:
            pairs = [(a, b) for a in told for b in told if a != b and metric in told[a] and metric in told[b]]
            gaps = [_gap(told[a][metric], told[b][metric]) for a, b in pairs]
            p = holm(paired_p(np.stack(gaps, axis=1), seed=self.seed)) if gaps else np.empty(0)
            for (a, b), corrected in zip(pairs, p, strict=True):
                difference = told[a][metric].value() - told[b][metric].value()
                rows.append((a, b, metric, difference, float(corrected), verdict(-difference, float(corrected))))
        columns = ["forecaster", "against", "metric", "difference", "p", "verdict"]
        return pl.DataFrame(rows, columns, orient="row")

    def _common(self) -> Bools:
        """Cells that were observed, and that every forecaster could tell; [origins, n_series, steps]."""
        parts = list(self.rolled.values())
        told = [~np.isnan(parts[0].actual), *(~np.isnan(one.point) for one in parts)]
        return np.asarray(np.logical_and.reduce(told))


def sums(rolled: Rolled, cells: Bools) -> dict[str, Sums]:
    """Every metric over these cells, [origins, n_series, steps]; pinball and coverage only where quantiles are told.

    MASE: absolute error in units of the naive forecast's before the first origin (Hyndman, Koehler 2006). WRMSSE: root
    of squared error in the same sense, weighed by the latest units (M5; units instead of revenue). MAPE and RMSPE:
    cells in which something was sold. pinball: twice the quantile loss, mean over levels, against the units sold.
    """
    actual = np.where(cells, rolled.actual, 0).astype(np.float64)
    error = np.where(cells, rolled.point, 0).astype(np.float64) - actual
    scale = scales(rolled.panel, rolled.origins[0])
    scaled, sold = cells & (scale > 0)[None, :, None], cells & (actual > 0)
    per = np.where(scale > 0, 1 / np.where(scale > 0, scale, 1), 0)[None, :, None]
    share = np.divide(np.abs(error), actual, out=np.zeros_like(actual), where=sold)
    told = {
        "mase": Sums(_over(np.abs(error) * per), _over(scaled)),
        "wape": Sums(_over(np.abs(error)), _over(actual)),
        "mape": Sums(_over(share), _over(sold)),
        "rmspe": Sums(_over(share**2), _over(sold), root=True),
        "wrmsse": _weighted(rolled, error, scaled),
    }
    quantiles = rolled.quantiles
    return told if quantiles is None else told | _of_quantiles(rolled, quantiles, actual, cells)


def scales(panel: Panel, origin: int) -> Numbers:
    """The mean change over LAG steps before `origin`, from the first sale on; [n_series], NaN where not observed."""
    return _changes(panel, origin, 1)


def _changes(panel: Panel, origin: int, power: int) -> Numbers:
    lag = LAG[panel.calendar.step]
    units = panel.units[:, :origin].astype(np.float64)
    begun = np.maximum.accumulate(np.nan_to_num(units) > 0, axis=1)
    changes = np.abs(units[:, lag:] - units[:, :-lag]) ** power
    return _mean(np.where(begun[:, :-lag], changes, np.nan))


def _weighted(rolled: Rolled, error: Numbers, cells: Bools) -> Sums:
    """Weighted root mean squared scaled error: a series' root counts by its latest units."""
    origin = rolled.origins[0]
    square = _changes(rolled.panel, origin, 2)
    latest = np.nansum(rolled.panel.units[:, max(origin - LATEST[rolled.panel.calendar.step], 0) : origin], axis=1)
    count = _over(cells)
    usable = (square > 0) & (count > 0)
    mean = _over(np.where(cells, error**2, 0)) / np.maximum(count, 1)
    root = np.sqrt(np.divide(mean, square, out=np.zeros_like(mean), where=usable))
    return Sums(root * latest * usable, latest * usable)


def _of_quantiles(rolled: Rolled, quantiles: Numbers, actual: Numbers, cells: Bools) -> dict[str, Sums]:
    levels = np.array(rolled.forecasts[0].levels)
    gap = np.where(cells[..., None], actual[..., None] - quantiles, 0)
    loss = 2 * np.maximum(levels * gap, (levels - 1) * gap).mean(axis=-1)
    inside = cells & (actual >= quantiles[..., 0]) & (actual <= quantiles[..., -1])
    return {"pinball": Sums(_over(loss), _over(actual)), "coverage": Sums(_over(inside), _over(cells))}


def _gap(one: Sums, other: Sums) -> Numbers:
    """What each series adds to the difference of two metrics."""
    return np.asarray((one.error - other.error) / max(float(other.base.mean()), 1e-12))


def _over(values: Numbers | Bools) -> Numbers:
    """Summed over origins and steps; float64 [n_series]."""
    return np.asarray(values.sum(axis=(0, 2), dtype=np.float64))


def _mean(values: Numbers) -> Numbers:
    told = ~np.isnan(values)
    counts = told.sum(axis=1)
    total = np.where(told, values, 0).sum(axis=1, dtype=np.float64)
    return part(total, counts)
