"""Totals: the demand of a store, a product or everything, with quantiles from how far earlier sums lay off."""

from collections.abc import Sequence

import numpy as np

from .forecast import LEVELS, Forecast
from .hierarchy import above, added, summed
from .panel import Panel
from .rehearsal import Rehearsal, spread
from .rolling import Rolled


def total(
    forecast: Forecast,
    panel: Panel,
    level: Sequence[str],
    rounds: Rolled | None = None,
    levels: Sequence[float] = LEVELS,
) -> Forecast:
    """The forecast of the nodes of one level, ("store",) or () for the whole: sums of their series.

    Quantiles of series do not add up. Those of sums come from `rounds`: what the same forecaster said of these series
    at earlier origins, added up and compared with what was sold; without rounds there are none.
    """
    whole = added(forecast, panel, level)
    if rounds is None or rounds.actual.shape[2] < forecast.horizon:
        return whole
    members = panel.groups(level) if level else np.zeros(panel.n_series, dtype=np.int32)
    told = ~np.isnan(rounds.actual) & ~np.isnan(rounds.point)
    points = [summed(np.where(cells, point, np.nan), members) for point, cells in zip(rounds.point, told, strict=True)]
    actual = [summed(np.where(cells, units, np.nan), members) for units, cells in zip(rounds.actual, told, strict=True)]
    spreads = [spread(above(rounds.panel.until(origin), level, members)) for origin in rounds.origins]
    errors = Rehearsal(np.stack(points), np.stack(actual), np.stack(spreads))
    return errors.calibration().apply(whole, above(panel, level, members), levels)
