"""The demand of every store and product in the coming days or weeks.

    read_table = read(table, Columns(("store", "product"), known=("price", "promotion")))     # .panel, .notes
    model = Combination((BoostedTrees(), LSTM(), Statistical())).fit(read_table.panel, horizon=4)
    model.forecast(read_table.panel).frame()     # store, product, date, step, units, q05, q25, q50, q75, q95

FORECASTERS is the table of names. `rolled` asks at several cut-offs, `Judgment` says how far off they were;
`what_if` asks at another price; `Coherent` makes stores and the whole add up.
"""

from .accuracy import Judgment
from .baselines import MovingAverage, Naive, SeasonalNaive
from .calendar import Calendar
from .calibrated import Calibrated
from .combination import Combination
from .counts import Counts
from .forecast import LEVELS, Forecast
from .forecaster import DemandModel, Forecaster
from .hierarchy import Coherent, added
from .lstm import LSTM
from .panel import Panel
from .reading import Columns, Read, read
from .regression import Regression
from .rolling import Rolled, rolled
from .statistical import Statistical
from .trees import BoostedTrees
from .what_if import changed, what_if

FORECASTERS: dict[str, type[Forecaster]] = {
    "naive": Naive,
    "seasonal_naive": SeasonalNaive,
    "moving_average": MovingAverage,
    "counts": Counts,
    "statistical": Statistical,
    "regression": Regression,
    "trees": BoostedTrees,
    "lstm": LSTM,
}

__all__ = [
    "FORECASTERS",
    "LEVELS",
    "LSTM",
    "BoostedTrees",
    "Calendar",
    "Calibrated",
    "Coherent",
    "Columns",
    "Combination",
    "Counts",
    "DemandModel",
    "Forecast",
    "Forecaster",
    "Judgment",
    "MovingAverage",
    "Naive",
    "Panel",
    "Read",
    "Regression",
    "Rolled",
    "SeasonalNaive",
    "Statistical",
    "added",
    "changed",
    "read",
    "rolled",
    "what_if",
]
