"""Forecast: what each series will probably sell, step by step, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import polars as pl

from regulars.core import Floats, Frame
from regulars.core.errors import SettingError

from .arrays import Numbers
from .calendar import Dates
from .panel import Panel

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)  # of the quantiles that a forecast gives


@dataclass(frozen=True)
class Forecast:
    """The demand of the coming steps.

    point: float32 [n_series, horizon]: the figure to plan with; NaN where the forecaster cannot tell. quantiles:
    float32 [n_series, horizon, len(levels)], rising; with `levels` () there are none.
    """

    keys: Frame
    dates: Dates
    point: Floats
    levels: tuple[float, ...] = ()
    quantiles: Floats | None = None

    @property
    def horizon(self) -> int:
        """How many steps."""
        return int(self.point.shape[1])

    def at(self, level: float) -> Floats:
        """The quantile of one level; float32 [n_series, horizon]."""
        if self.quantiles is None:
            raise ValueError(f"this forecast has no quantile {level}")
        return self.quantiles[:, :, self.levels.index(level)]

    def with_quantiles(self, levels: Sequence[float], quantiles: Floats) -> "Forecast":
        """The same forecast with these quantiles, put into rising order and none below 0.

        Raises SettingError for levels that do not rise between 0 and 1.
        """
        check_levels(levels)
        if not len(levels):
            return replace(self, levels=(), quantiles=None)
        rising = np.sort(np.maximum(quantiles, 0), axis=2)
        return replace(self, levels=tuple(levels), quantiles=rising)

    def frame(self) -> Frame:
        """A row for each series and step: the keys, `date`, `step` from 1, `units`, and `q05`, `q25`, ..."""
        n, h = self.point.shape
        rows = self.keys[np.repeat(np.arange(n), h)]
        columns = [
            pl.Series("date", np.tile(self.dates, n)),
            pl.Series("step", np.tile(np.arange(1, h + 1), n)),
            pl.Series("units", self.point.ravel()),
        ]
        if self.quantiles is not None:
            named = zip(self.levels, np.moveaxis(self.quantiles, 2, 0), strict=True)
            columns += [pl.Series(quantile_name(level), values.ravel()) for level, values in named]
        return rows.with_columns(columns)


def answered(panel: Panel, point: Numbers) -> Forecast:
    """What is said of each series and coming step, [n_series, horizon]: nothing below 0, and 0 where it is closed."""
    dates = panel.calendar.dates(point.shape[1], panel.n_steps)
    return but_closed(Forecast(panel.keys, dates, np.maximum(point, 0).astype(np.float32)), panel)


def but_closed(forecast: Forecast, panel: Panel) -> Forecast:
    """The same forecast with 0 units where the panel knows that nothing can be sold."""
    closed = panel.closing(forecast.horizon)
    if not closed.any():
        return forecast
    quantiles = forecast.quantiles
    told = None if quantiles is None else np.where(closed[:, :, None], np.float32(0), quantiles)
    return replace(forecast, point=np.where(closed, np.float32(0), forecast.point), quantiles=told)


def check_levels(levels: Sequence[float]) -> None:
    """Raises SettingError for levels of quantiles that do not rise between 0 and 1."""
    if not all(low < high for low, high in pairwise((0.0, *levels, 1.0))):
        raise SettingError(f"quantiles must rise between 0 and 1, such as 0.05, 0.5, 0.95; they are {list(levels)}")


def quantile_name(level: float) -> str:
    """The column of a quantile: q05, q50, q97.5."""
    return f"q{100 * level:04.1f}".removesuffix(".0")
