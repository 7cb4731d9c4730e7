"""Rehearsal: what a forecaster would have said at earlier origins; from it come weights and quantiles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from regulars.core import QUIET, Longs, Run

from .arrays import Numbers
from .forecast import Forecast, but_closed, check_levels
from .forecaster import Forecaster
from .panel import Panel

CLASSES = 5  # of volume, that have quantiles of their own
ENOUGH = 200  # errors in a class
SPREAD = {"week": 26, "day": 56}  # latest steps that say how much a series varies
CALM = 0.05  # the least spread of log units


@dataclass(frozen=True)
class Rehearsal:
    """point, actual: float32 [windows, n_series, horizon], NaN where not told or not observed. spread: [windows, n]."""

    point: Numbers
    actual: Numbers
    spread: Numbers

    def calibration(self) -> "Calibration":
        """The errors in log units and spreads of their series, sorted by volume."""
        errors = (np.log1p(np.maximum(self.actual, 0)) - np.log1p(self.point)) / self.spread[:, :, None]
        told = ~np.isnan(errors)
        return Calibration(self.point[told], errors[told])


@dataclass(frozen=True)
class Calibration:
    """Errors of earlier forecasts, with the volume that was forecast. Conformal: no form is assumed of them."""

    volume: Numbers
    errors: Numbers

    def apply(self, forecast: Forecast, panel: Panel, levels: Sequence[float]) -> Forecast:
        """The forecast with quantiles; without any earlier error they are the point."""
        check_levels(levels)
        bounds, own = _classes(self.volume)
        table = np.zeros((len(bounds) + 1, len(levels)), dtype=np.float32)
        for place in np.unique(own):
            table[place] = np.quantile(self.errors[own == place], levels)
        offsets = table[np.searchsorted(bounds, forecast.point)]
        logs = np.log1p(forecast.point)[:, :, None] + offsets * spread(panel)[:, None, None]
        return but_closed(forecast.with_quantiles(levels, np.expm1(logs).astype(np.float32)), panel)


def _classes(volume: Numbers) -> tuple[Numbers, Longs]:
    """The bounds of classes of about as many errors each, and the class of each; where volumes tie, none is empty."""
    classes = min(max(len(volume) // ENOUGH, 1), CLASSES)
    bounds = np.quantile(volume, np.linspace(0, 1, classes + 1)[1:-1]) if len(volume) else np.empty(0)
    held = np.isin(np.arange(len(bounds) + 1), np.searchsorted(bounds, volume))
    bounds = bounds[held[:-1]][: held.sum() - 1] if held.any() else bounds
    return bounds, np.searchsorted(bounds, volume)


def rehearse(forecaster: Forecaster, panel: Panel, horizon: int, windows: int, run: Run = QUIET) -> Rehearsal:
    """One fit before the earliest of the last `windows` horizons, then a forecast of each of them.

    A history too short for this is cut in half instead.
    """
    origins = earlier(panel.n_steps, horizon, windows)
    model = forecaster.fit(panel.until(origins[0]), horizon, run)
    points, actual, spreads = [], np.full((len(origins), panel.n_series, horizon), np.nan, dtype=np.float32), []
    for place, origin in enumerate(origins):
        known = panel.until(origin)
        points.append(model.forecast(known, ()).point)
        told = panel.units[:, origin : origin + horizon]
        actual[place, :, : told.shape[1]] = told
        spreads.append(spread(known))
    return Rehearsal(np.stack(points), actual, np.stack(spreads))


def earlier(n_steps: int, horizon: int, windows: int) -> list[int]:
    """The origins of a rehearsal: whole horizons before the end, none in the first half of the past."""
    origins = [n_steps - horizon * back for back in range(windows, 0, -1)]
    return [origin for origin in origins if origin >= max(n_steps // 2, 1)] or [max(n_steps // 2, 1)]


def spread(panel: Panel) -> Numbers:
    """How much log(1 + units) of each series varied lately; float32 [n_series], the common one where nobody knows."""
    z = np.log1p(np.maximum(panel.units[:, -SPREAD[panel.calendar.step] :], 0))
    told = ~np.isnan(z)
    counts = told.sum(axis=1)
    mean = np.where(told, z, 0).sum(axis=1) / np.maximum(counts, 1)
    square = np.where(told, np.square(z - mean[:, None]), 0).sum(axis=1)
    known = counts >= 4
    common = float(np.sqrt(square[known].sum() / max(counts[known].sum(), 1))) if known.any() else 1.0
    own = np.where(known, np.sqrt(square / np.maximum(counts, 1)), common)
    return np.maximum(own, max(CALM, 0.1 * common)).astype(np.float32)
