"""What each customer buys again, and when."""

from .calibration import Calibrated, Calibration
from .frequency import Frequency
from .hazard import Hazard
from .judged import Judged, judged, table
from .method import HORIZONS, RepurchaseMethod, RepurchaseModel
from .pairs import Pairs, Weekly, weeks_of_year
from .reading import bought_within, days_until, pairs_of

__all__ = [
    "HORIZONS",
    "Calibrated",
    "Calibration",
    "Frequency",
    "Hazard",
    "Judged",
    "Pairs",
    "RepurchaseMethod",
    "RepurchaseModel",
    "Weekly",
    "bought_within",
    "days_until",
    "judged",
    "pairs_of",
    "table",
    "weeks_of_year",
]
