"""The figures of a forecast in words."""

import numpy as np

from ..numbers import plural, share
from .study import NAIVE, OWN, Demand
from .words import amount, day_said, steps


def verdict_said(found: Demand) -> str:
    """How far off the forecast was at the earlier origins."""
    assert found.judgment is not None
    table = found.judgment.table
    values = dict(table.filter(metric="mase").select("forecaster", "value").iter_rows())
    own, naive = values[OWN], values.get(NAIVE, float("nan"))
    text = f"The forecast missed by {share(table.filter(forecaster=OWN, metric='wape')['value'][0])} of the units"
    if not np.isnan(naive) and naive > 0:
        way = "below" if own < naive else "above"
        text += f"; its MASE of {own:.3f} is {share(abs(1 - own / naive))} {way} that of the season before, repeated"
    return text + "."


def sums_said(found: Demand) -> str:
    """What a sum of the table is worth; nothing where units are means."""
    if found.adds_up or found.panel.n_series < 2:
        return ""
    total = f"add up to {amount(float(np.nansum(found.forecast.point)))}"
    if found.rounds is None:
        return f"The units of the series are medians: off by least for each, they {total}, which is too little. "
    return (
        f"The units of the series are medians: off by least for each, they {total}. What stands here of sums is told "
        "by how far those of earlier rounds lay off. "
    )


def ahead_said(found: Demand) -> str:
    """How much harder it is to look far."""
    assert found.judgment is not None
    values = found.judgment.by_horizon.filter(metric="wape", forecaster=OWN)["value"]
    return (
        f"One {found.step} ahead the forecast misses by {share(values[0])} of the units, "
        f"{steps(len(values), found.step)} ahead by {share(values[-1])}."
    )


def panel_said(found: Demand) -> list[str]:
    """What was read."""
    panel = found.panel
    seen = ~np.isnan(panel.units)
    dates = panel.dates()
    last = dates[-1] + np.timedelta64(panel.calendar.days - 1, "D")
    none = float((panel.units[seen] == 0).mean()) if seen.any() else float("nan")
    return [
        f"{plural(panel.n_series, 'series', 'series')} by {' and '.join(panel.keys.columns)}, "
        f"{steps(panel.n_steps, found.step)} from {day_said(dates[0])} to {day_said(last)}.",
        f"Of these, {share(float(seen.mean()))} were observed; nothing was sold in "
        f"{share(none) if none else 'none'} of them.",
    ]
