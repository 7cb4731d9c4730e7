"""What if: the same panel with other prices or promotions in the steps to come."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from regulars.core import Bools, Ints
from regulars.core.errors import MissingColumn, SettingError

from .arrays import Numbers
from .forecast import LEVELS, Forecast
from .forecaster import DemandModel
from .panel import Panel


def changed(
    panel: Panel,
    horizon: int,
    *,
    to: Mapping[str, float] | None = None,
    times: Mapping[str, float] | None = None,
    series: Ints | Bools | None = None,
) -> Panel:
    """The panel whose known columns of the next `horizon` steps are set `to` a value, or multiplied by one.

    series: which; None is all. Raises MissingColumn for a column that is not among the known ones, SettingError for a
    value that is no number or a factor below 0.
    """
    for name, value in {**(to or {}), **(times or {})}.items():
        if not np.isfinite(value) or (name in (times or {}) and value < 0):
            raise SettingError(f"{name!r} cannot be changed by {value}: a number is needed, and no factor below 0")
    known = dict(panel.known)
    chosen = np.arange(panel.n_series) if series is None else np.arange(panel.n_series)[series]
    for name in {**(to or {}), **(times or {})}:
        if name not in known:
            raise MissingColumn(f"{name!r} is not known ahead in this panel; {sorted(known)} are")
        known[name] = _reaching(known[name], panel.n_steps + horizon)
        ahead = np.ix_(chosen, np.arange(panel.n_steps, panel.n_steps + horizon))
        factor = (times or {}).get(name, 1.0)
        known[name][ahead] = (to or {}).get(name, known[name][ahead] * factor)
    width = panel.n_steps + max(horizon, panel.ahead)
    closed = panel.closed
    if closed is not None:
        closed = np.pad(closed, ((0, 0), (0, width - closed.shape[1])))  # beyond what is known, it is open
    return replace(panel, known={name: _reaching(values, width) for name, values in known.items()}, closed=closed)


def what_if(
    model: DemandModel,
    panel: Panel,
    *,
    price: float | None = None,
    promotion: float | None = None,
    price_times: float | None = None,
    series: Ints | Bools | None = None,
) -> tuple[Forecast, Forecast]:
    """The forecast as things stand, and the one at another price or promotion of the known columns of these names.

    price: set to this; price_times: 0.9 is a tenth off. Related products see it too, where the model reads them.
    """
    to = {name: value for name, value in (("price", price), ("promotion", promotion)) if value is not None}
    times = {} if price_times is None else {"price": price_times}
    other = changed(panel, model.horizon, to=to, times=times, series=series)
    return model.forecast(panel, LEVELS), model.forecast(other, LEVELS)


def says_yes_or_no(values: Numbers) -> bool:
    """Whether a known column has nothing but 0 and 1: a promotion that is on or off, and cannot be multiplied."""
    told = values[~np.isnan(values)]
    return bool(len(told)) and bool(np.isin(told, (0, 1)).all())


def _reaching(values: Numbers, width: int) -> Numbers:
    """A copy that reaches at least `width` steps; what lies beyond what was known is as in the last known step."""
    short = max(width - values.shape[1], 0)
    return np.pad(values, ((0, 0), (0, short)), mode="edge") if short else values.copy()
