"""What each customer buys again, and when."""

from .method import HORIZONS, RepurchaseMethod, RepurchaseModel
from .pairs import Pairs, Weekly, weeks_of_year
from .reading import bought_within, days_until, pairs_of

__all__ = [
    "HORIZONS",
    "Pairs",
    "RepurchaseMethod",
    "RepurchaseModel",
    "Weekly",
    "bought_within",
    "days_until",
    "pairs_of",
    "weeks_of_year",
]
