"""What every way to forecast can do."""

from collections.abc import Sequence
from typing import Protocol

from regulars.core import QUIET, Run

from .forecast import LEVELS, Forecast
from .panel import Panel


class DemandModel(Protocol):
    """What a forecaster has learned. It holds no panel: a series is what its panel shows at the moment of asking."""

    @property
    def horizon(self) -> int:
        """How many steps it forecasts."""
        ...

    def forecast(self, panel: Panel, levels: Sequence[float] = LEVELS) -> Forecast:
        """The `horizon` steps after the last of `panel`; series that were not there at the fit are welcome."""
        ...


class Forecaster(Protocol):
    """Settings of one way to forecast: a frozen dataclass of `setting`s."""

    def fit(self, panel: Panel, horizon: int, run: Run = QUIET) -> DemandModel:
        """Learns from everything that `panel` shows, to forecast `horizon` steps."""
        ...
