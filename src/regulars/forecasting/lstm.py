"""LSTM: one network for all series, which reads their past and goes on over what is known of the steps to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from regulars.core import QUIET, Floats, Frame, Ints, Run, floats
from regulars.models.arranged import Demanded

from .drivers import drivers, logged, seasons
from .forecast import LEVELS, Forecast, answered, but_closed
from .lags import MEMORY
from .panel import Panel
from .responses import responses

if TYPE_CHECKING:
    from regulars.models.networks.demand import DemandNet
    from regulars.models.networks.series import Series

LOOKS = 120  # times, about, that the effects of prices are looked at


@dataclass(frozen=True)
class LSTMModel:
    """A fitted network; it forecasts any series that has the columns of the fit."""

    net: "DemandNet"

    @property
    def horizon(self) -> int:
        """How many steps."""
        return self.net.shape.horizon

    def forecast(self, panel: Panel, levels: Sequence[float] = LEVELS) -> Forecast:
        """Point and quantiles by one pass of the network over every series."""
        point, quantiles = self.net.forecast(told(panel, self.horizon), levels or LEVELS)
        forecast = answered(panel, point)
        return but_closed(forecast.with_quantiles(levels, quantiles), panel) if levels else forecast


@dataclass(frozen=True)
class LSTM(Demanded):
    """A global LSTM, multivariate and many-to-many, learned from every step of every series at once.

    It reads units, prices, promotions, what the neighbors cost and the season of each step that was, and what is known
    of the steps to come; attributes and the keys that several series share are embedded. Levels and price are told
    against those of the same series. It learns quantiles beside the point. See `Demanded` for the settings.
    """

    def fit(self, panel: Panel, horizon: int, run: Run = QUIET) -> LSTMModel:
        """Raises EmptyData when no series has two observed steps."""
        from regulars.models.networks.demand import fit_demand

        return LSTMModel(fit_demand(told(panel, horizon), horizon, self, season=panel.calendar.season, run=run))


def told(panel: Panel, horizon: int) -> "Series":
    """A panel as the network reads it: what is known of each step, by itself and against the neighbors."""
    from regulars.models.networks.series import Series

    width = panel.n_steps + horizon
    columns = []
    for values in panel.known.values():
        own = _wide(logged(values), width)
        against = _against_neighbors(own, panel)
        columns += [own, *(column for column in against if np.nan_to_num(column).any())]
    columns.append(_effects(panel, horizon))
    columns += [np.broadcast_to(wave, (panel.n_series, width)) for wave in seasons(panel.calendar, width).values()]
    return Series(panel.units, np.stack(columns, axis=2, dtype=np.float32), _static(panel))


def _effects(panel: Panel, horizon: int) -> Floats:
    """What prices, promotions and season do to log units at each step, as the series showed `horizon` steps before it;
    float32 [n_series, n_steps + horizon], 0 until something was shown.
    """
    _, given = drivers(panel, horizon)
    logs = np.log1p(np.maximum(panel.units, 0))
    every = max(1, panel.n_steps // LOOKS)
    origins = np.arange(panel.n_steps, every, -every, dtype=np.int32)[::-1]
    effects = np.zeros(given.shape[:2], dtype=np.float32)
    groups = panel.groups(panel.keys.columns[-1:])
    for origin, shown in responses(logs, given, groups, MEMORY[panel.calendar.step], origins):
        steps = slice(origin + horizon - 1, origin + horizon - 1 + every)  # whose forecasts knew `origin` steps
        effects[:, steps] = np.einsum("nsc,nc->ns", given[:, steps], shown.effects)
    return effects


def _against_neighbors(values: Floats, panel: Panel) -> list[Floats]:
    """Less the mean and the least of the series with which one shares the first key (the store)."""
    if len(panel.keys.columns) < 2:
        return []
    group = panel.groups(panel.keys.columns[:1])
    means, least = _means(values, group), np.full((int(group.max()) + 1, values.shape[1]), np.inf, dtype=np.float32)
    np.minimum.at(least, group, np.where(np.isnan(values), np.inf, values).astype(np.float32))
    return [values - means[group], values - np.where(np.isinf(least), np.nan, least)[group]]


def _means(values: Floats, group: Ints) -> Floats:
    """The mean of each group at each step, NaN where nothing is known; [groups, steps]."""
    sums, counts = np.zeros((2, int(group.max()) + 1, values.shape[1]))
    there = ~np.isnan(values)
    np.add.at(sums, group, np.where(there, values, 0))
    np.add.at(counts, group, there)
    return floats(np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0))


def _static(panel: Panel) -> Frame:
    """Attributes, and the keys that several series share, as names."""
    shared = [name for name in panel.keys.columns if panel.keys[name].n_unique() < panel.n_series]
    keys = panel.keys.select(pl.col(name).cast(pl.String) for name in shared)
    return pl.concat([keys, panel.static.drop(panel.keys.columns, strict=False)], how="horizontal")


def _wide(values: Floats, width: int) -> Floats:
    missing = max(width - values.shape[1], 0)
    return np.pad(values[:, :width].astype(np.float32), ((0, 0), (0, missing)), constant_values=np.nan)
