"""What each customer buys again, and when.

    model = REPURCHASE["weibull"].fit(dataset)      # Calibrated(Hazard(gaps="weibull"))
    buy_again(model, dataset, horizon_weeks=2)      # user_id, rank, item_id, probability, expected_date, reason
    next_basket(model, dataset, explore=CrossSell().fit(dataset))       # the same with part: repeat or explore

A method is `fit` on a log and answers for `Pairs`, every product that a customer has bought, as known at a moment:
`pairs_of(dataset, at)`. `bought_within(dataset, pairs, horizons)` looks up what came after, `judged` and `table` say
how good probabilities are.
"""

from .answers import buy_again, due, expected_days, next_basket, reasons
from .calibration import Calibrated, Calibration
from .demand import expected_units, foreseen
from .explore import CrossSell, CrossSellModel, Offers
from .frequency import Frequency
from .hazard import Hazard, HazardModel
from .judged import Judged, judged, table
from .method import HORIZONS, RepurchaseMethod, RepurchaseModel
from .pairs import Pairs, Weekly, weeks_of_year
from .reading import Past, bought_within, days_until, pairs_of
from .recurrent import Recurrent
from .repeats import BoughtAgain, Repeats
from .trees import RepurchaseTrees

REPURCHASE: dict[str, RepurchaseMethod] = {
    "frequency": Calibrated(Frequency()),
    "gamma": Calibrated(Hazard(gaps="gamma")),
    "weibull": Calibrated(Hazard(gaps="weibull")),
    "lstm": Recurrent(),
    "trees": RepurchaseTrees(),
    "stacked": RepurchaseTrees(of=(Hazard(gaps="weibull"), Recurrent())),
}
"""The ways to foretell what is bought again, at their defaults. Networks and trees learn probabilities by log loss from
several moments; the others are calibrated. stacked: trees that begin where the network ends."""

__all__ = [
    "HORIZONS",
    "REPURCHASE",
    "BoughtAgain",
    "Calibrated",
    "Calibration",
    "CrossSell",
    "CrossSellModel",
    "Frequency",
    "Hazard",
    "HazardModel",
    "Judged",
    "Offers",
    "Pairs",
    "Past",
    "Recurrent",
    "Repeats",
    "RepurchaseMethod",
    "RepurchaseModel",
    "RepurchaseTrees",
    "Weekly",
    "bought_within",
    "buy_again",
    "days_until",
    "due",
    "expected_days",
    "expected_units",
    "foreseen",
    "judged",
    "next_basket",
    "pairs_of",
    "reasons",
    "table",
    "weeks_of_year",
]
