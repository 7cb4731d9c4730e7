"""The demand of every store and product in the coming days or weeks."""

from .calendar import Calendar
from .forecast import LEVELS, Forecast
from .forecaster import DemandModel, Forecaster
from .panel import Panel

FORECASTERS: dict[str, type[Forecaster]] = {}

__all__ = ["FORECASTERS", "LEVELS", "Calendar", "DemandModel", "Forecast", "Forecaster", "Panel"]
