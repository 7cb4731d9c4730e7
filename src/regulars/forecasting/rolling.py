"""Rolling-origin evaluation: the same question at several cut-offs, each answered from what was known until then."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from regulars.core import QUIET, Floats, Progress, Run
from regulars.core.errors import EmptyData

from .forecast import LEVELS, Forecast
from .forecaster import Forecaster
from .panel import Panel


@dataclass(frozen=True)
class Rolled:
    """The forecasts of one forecaster at each origin (steps known), and what was sold.

    actual: float32 [n_origins, n_series, horizon - skip], NaN where not observed; the forecasts have the judged steps.
    """

    panel: Panel
    origins: tuple[int, ...]
    forecasts: tuple[Forecast, ...]
    actual: Floats

    @property
    def point(self) -> Floats:
        """float32 [n_origins, n_series, steps]."""
        return np.stack([forecast.point for forecast in self.forecasts])

    @property
    def quantiles(self) -> Floats | None:
        """float32 [n_origins, n_series, steps, levels]; None where the forecaster gives none."""
        told = [forecast.quantiles for forecast in self.forecasts if forecast.quantiles is not None]
        return np.stack(told) if len(told) == len(self.forecasts) else None


def rolled(
    forecaster: Forecaster,
    panel: Panel,
    origins: Sequence[int],
    *,
    horizon: int,
    skip: int = 0,
    levels: Sequence[float] = LEVELS,
    run: Run = QUIET,
) -> Rolled:
    """Fits and forecasts at each origin (steps known); the first `skip` steps after it are forecast, but not judged.

    Raises EmptyData when an origin leaves no step to judge.
    """
    if max(origins) + skip >= panel.n_steps or min(origins) < 1 or skip >= horizon:
        raise EmptyData(f"origins {list(origins)} of a panel of {panel.n_steps} steps leave nothing to judge")
    forecasts = []
    actual = np.full((len(origins), panel.n_series, horizon - skip), np.nan, dtype=np.float32)
    for place, origin in enumerate(origins):
        known = panel.until(origin)
        forecast = forecaster.fit(known, horizon, run).forecast(known, levels)
        forecasts.append(_later(forecast, skip))
        told = panel.units[:, origin + skip : origin + horizon]
        actual[place, :, : told.shape[1]] = told
        run.on_epoch(Progress("origins", place + 1, len(origins)))
    return Rolled(panel, tuple(origins), tuple(forecasts), actual)


def _later(forecast: Forecast, skip: int) -> Forecast:
    quantiles = None if forecast.quantiles is None else forecast.quantiles[:, skip:]
    return replace(forecast, dates=forecast.dates[skip:], point=forecast.point[:, skip:], quantiles=quantiles)
