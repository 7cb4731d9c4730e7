"""Drivers: what moves demand and is known before it happens, on one scale: prices, promotions, the calendar."""

import numpy as np

from regulars.core import Ints

from .arrays import Numbers
from .calendar import Calendar
from .panel import Panel

YEAR = 365.25  # days
HARMONICS = 2  # pairs of waves by which a weekly calendar draws the year


def drivers(panel: Panel, horizon: int) -> tuple[list[str], Numbers]:
    """Names [c], and float32 [n_series, n_steps + horizon, c]: known columns, standardized, then the calendar's.

    Columns that are above 0 throughout (prices) are taken as logarithms, so that what they do is an elasticity. What is
    not known is 0: as usual. Columns that never change are left out.
    """
    width = panel.n_steps + horizon
    names: list[str] = []
    columns: list[Numbers] = []
    for name, values in panel.known.items():
        told = _standard(values)
        if told is not None:
            names.append(name)
            columns.append(_wide(told, width))
    for name, wave in seasons(panel.calendar, width).items():
        names.append(name)
        columns.append(np.broadcast_to(wave, (panel.n_series, width)))
    return names, np.stack(columns, axis=2, dtype=np.float32)


def kin(panel: Panel) -> Ints:
    """The group of each series on whose response it leans: its product, the last key; all, where there is one key."""
    if len(panel.keys.columns) == 1:
        return np.zeros(panel.n_series, dtype=np.int32)
    return panel.groups([panel.keys.columns[-1]])


def seasons(calendar: Calendar, width: int) -> dict[str, Numbers]:
    """Waves of the year on weekly calendars, weekdays on daily ones; float32 [width] each."""
    dates = calendar.dates(width)
    if calendar.step == "day":
        weekday = (dates.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
        return {f"weekday {day}": (weekday == day).astype(np.float32) - np.float32(1 / 7) for day in range(7)}
    turn = 2 * np.pi * dates.astype(np.int64) / YEAR
    waves = {}
    for pair in range(1, HARMONICS + 1):
        waves[f"year sin {pair}"] = np.sin(pair * turn).astype(np.float32)
        waves[f"year cos {pair}"] = np.cos(pair * turn).astype(np.float32)
    return waves


def logged(values: Numbers) -> Numbers:
    """Logarithms of a column that is above 0 wherever it is known; any other column as it is."""
    known = values[~np.isnan(values)]
    return np.log(values) if len(known) and known.min() > 0 else values


def _wide(values: Numbers, width: int) -> Numbers:
    """Cut to `width` steps, or filled up with 0: as usual."""
    missing = max(width - values.shape[1], 0)
    return np.pad(values[:, :width].astype(np.float32), ((0, 0), (0, missing)), constant_values=0)


def _standard(values: Numbers) -> Numbers | None:
    values = logged(values)
    known = ~np.isnan(values)
    if not known.any():
        return None
    mean, spread = float(values[known].mean(dtype=np.float64)), float(values[known].std(dtype=np.float64))
    return None if spread < 1e-9 else np.where(known, (values - mean) / spread, 0).astype(np.float32)
