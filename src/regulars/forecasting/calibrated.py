"""Calibrated: quantiles for any forecaster, from the errors that it made at earlier origins."""

from collections.abc import Sequence
from dataclasses import dataclass

from regulars.core import QUIET, Run

from .forecast import LEVELS, Forecast
from .forecaster import DemandModel, Forecaster
from .panel import Panel
from .rehearsal import Calibration, rehearse

WINDOWS = 3


@dataclass(frozen=True)
class CalibratedModel:
    """A model, and the errors of its rehearsal."""

    model: DemandModel
    calibration: Calibration

    @property
    def horizon(self) -> int:
        """How many steps."""
        return self.model.horizon

    def forecast(self, panel: Panel, levels: Sequence[float] = LEVELS) -> Forecast:
        """The model's forecast with quantiles at `levels`."""
        return self.calibration.apply(self.model.forecast(panel, ()), panel, levels)


@dataclass(frozen=True)
class Calibrated:
    """Split conformal quantiles (Papadopoulos et al., ECML 2002) of log units, by volume and spread of the series.

    The forecaster is fitted twice: before the last `windows` horizons, for its errors, and on everything.
    """

    forecaster: Forecaster
    windows: int = WINDOWS

    def fit(self, panel: Panel, horizon: int, run: Run = QUIET) -> CalibratedModel:
        """Rehearses, then fits."""
        calibration = rehearse(self.forecaster, panel, horizon, self.windows, run).calibration()
        return CalibratedModel(self.forecaster.fit(panel, horizon, run), calibration)
