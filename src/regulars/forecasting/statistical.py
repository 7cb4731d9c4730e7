"""Statistical: each series by itself, by the methods of the statsforecast library (the extra `forecast`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from regulars.core import QUIET, Run, Settings, setting
from regulars.core.errors import MissingExtra

from .arrays import Numbers
from .forecast import LEVELS, Forecast, answered
from .panel import Panel

METHODS = ("ets", "theta", "croston", "tsb", "adida", "imapa")
SEASONAL = ("ets", "theta")
LONGEST = {"ets": 24, "theta": 400}  # seasons that they can take
FEW = 7  # observed steps below which the mean is the answer; ETS refuses to fit fewer


@dataclass(frozen=True)
class OneByOne:
    """Fits each series at the moment of asking; learned nothing before."""

    horizon: int
    settings: "Statistical"

    def forecast(self, panel: Panel, levels: Sequence[float] = LEVELS) -> Forecast:
        """The point alone; NaN for a series that was never observed. Raises MissingExtra without statsforecast."""
        method = self.settings.model(panel)
        point = np.full((panel.n_series, self.horizon), np.nan, dtype=np.float32)
        for series, units in enumerate(panel.units[:, -self.settings.history :]):
            told = whole(units, panel.calendar.season)
            if not len(told):
                continue
            point[series] = told.mean() if len(told) < FEW else _answer(method, told, self.horizon)
        return answered(panel, point)


@dataclass(frozen=True)
class Statistical(Settings):
    """method: ets (exponential smoothing, form by AICc), theta; for demand with many zeros croston, tsb, adida, imapa.

    history: latest steps that it looks at. Neither prices nor promotions are read; of a weekly calendar the year is
    read by theta alone, and only where two years are known.
    """

    method: str = setting("ets", choices=METHODS)
    history: int = setting(400, low=8, high=10_000, log=True)

    def fit(self, panel: Panel, horizon: int, run: Run = QUIET) -> OneByOne:
        """Learns nothing yet: each series is fitted when it is asked about."""
        return OneByOne(horizon, self)

    def model(self, panel: Panel) -> Any:
        """The library's method for the season of this panel."""
        try:
            from statsforecast import models
        except ImportError as error:
            raise MissingExtra("statsforecast", "forecast") from error
        if self.method in SEASONAL:
            season = panel.calendar.season
            fits = season <= LONGEST[self.method] and 2 * season <= min(panel.n_steps, self.history)
            name = {"ets": "AutoETS", "theta": "AutoTheta"}[self.method]
            return getattr(models, name)(season_length=season if fits else 1)
        return {
            "croston": models.CrostonSBA(),
            "tsb": models.TSB(alpha_d=0.1, alpha_p=0.1),
            "adida": models.ADIDA(),
            "imapa": models.IMAPA(),
        }[self.method]


def whole(units: Numbers, season: int) -> npt.NDArray[np.float64]:
    """A series without holes, from its first observed step on: each hole is the value one season before.

    Where that is not known either, the latest value stands in.
    """
    seen = np.flatnonzero(~np.isnan(units))
    if not len(seen):
        return np.empty(0)
    filled = units[seen[0] :].astype(np.float64)
    for step in np.flatnonzero(np.isnan(filled)):
        filled[step] = filled[step - season] if step >= season else filled[step - 1]
    return filled


def _answer(method: Any, told: npt.NDArray[np.float64], horizon: int) -> Numbers:
    if (told == told[0]).all():  # constant series have no variance to fit
        return np.full(horizon, told[0], dtype=np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):  # of a variance that short series leave without a divisor
        return np.asarray(method.forecast(told, horizon)["mean"], dtype=np.float32)
