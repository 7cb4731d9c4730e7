"""Nodes: what is drawn: everything, stores, products, and single series of large and small volume."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from regulars.core import Bools, Floats, Ints, Settings, floats, setting
from regulars.forecasting import Forecast, Panel
from regulars.forecasting.arrays import part
from regulars.forecasting.calendar import Dates
from regulars.forecasting.hierarchy import summed
from regulars.forecasting.totals import total

if TYPE_CHECKING:
    from .study import Demand

WHOLE, SERIES = "Everything", "Single series"
MIDDLE = 0.5  # the quantile of a sum that stands for it where its parts do not add up


@dataclass(frozen=True)
class Look(Settings):
    """How much is drawn. nodes: of each level, the largest; series: single ones, of large, middle and small volume;
    weeks, days: of the past, at most; a short horizon shows less, so that it can be seen.
    """

    nodes: int = setting(6, low=0, high=200)
    series: int = setting(12, low=0, high=500)
    weeks: int = setting(65, low=1, high=520)
    days: int = setting(112, low=1, high=3_650)


@dataclass(frozen=True)
class Round:
    """What was said at an earlier origin; float32 [h]; low, high: the outer quantiles, or None."""

    dates: Dates
    point: Floats
    low: Floats | None = None
    high: Floats | None = None


@dataclass(frozen=True)
class Node:
    """One picture. dates, units: the past, [t], NaN where it was not observed; ahead: the days of the forecast, [h];
    quantiles: [h, levels] or None; changed: the point at other prices; flags, numbers: known columns by name, [t + h];
    closing: coming steps on which nothing can be sold, [h].
    """

    name: str
    group: str
    dates: Dates
    units: Floats
    ahead: Dates
    point: Floats
    levels: tuple[float, ...] = ()
    quantiles: Floats | None = None
    changed: Floats | None = None
    rounds: tuple[Round, ...] = ()
    flags: Mapping[str, Bools] = field(default_factory=dict)
    numbers: Mapping[str, Floats] = field(default_factory=dict)
    closing: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))

    @property
    def stripes(self) -> Dates:
        """The days from which on it was or will be shut for a step."""
        ahead = self.ahead[: len(self.closing)][self.closing]
        return np.concatenate([self.dates[self.shut], ahead])

    @property
    def shut(self) -> Bools:
        """Steps of the past that were not observed after the first one that was; bool [t]."""
        begun = np.maximum.accumulate(~np.isnan(self.units))
        return np.asarray(begun & np.isnan(self.units))


def nodes(found: "Demand") -> list[Node]:
    """Everything, the largest nodes of each key, and single series from the largest to the smallest."""
    keys = found.panel.keys
    levels = [(column,) for column in keys.columns if 1 < keys[column].n_unique() < found.panel.n_series]
    drawn = _of_level(found, (), WHOLE, 1) if found.panel.n_series > 1 else []
    for level in levels:
        drawn += _of_level(found, level, f"By {level[0].removesuffix('_id')}", found.look.nodes)
    return drawn + _of_series(found, _spread(found.panel, found.look.series))


def _of_level(found: "Demand", level: Sequence[str], group: str, most: int) -> list[Node]:
    panel, rounds = found.panel, found.rounds
    members = panel.groups(level) if level else np.zeros(panel.n_series, dtype=np.int32)
    told = total(found.forecast, panel, level, rounds, found.forecast.levels)
    point, changed = told.point, None if found.changed is None else summed(found.changed.point, members)
    fair = not found.adds_up and told.quantiles is not None and MIDDLE in told.levels
    if fair:
        point = told.at(MIDDLE)
        changed = None if changed is None else floats(changed * np.nan_to_num(part(point, told.point), nan=1.0))
    units = summed(panel.units, members)
    shown = () if rounds is None or fair else rounds.forecasts
    earlier = [summed(one.point, members) for one in shown]
    first = np.unique(members, return_index=True)[1]
    order = np.argsort(-np.nansum(units, axis=1), kind="stable")[:most]
    made = []
    for node in order.tolist():
        name = found.called(level[0], panel.keys[level[0]][int(first[node])]) if level else "all series"
        said = tuple(Round(one.dates, sums[node]) for one, sums in zip(shown, earlier, strict=True))
        quantiles = None if told.quantiles is None else told.quantiles[node]
        made.append(_node(found, name, group, units[node], point[node], quantiles, said, _at(changed, node), {}))
    return made


def _of_series(found: "Demand", series: Ints) -> list[Node]:
    panel, told, rounds = found.panel, found.forecast, found.rounds
    labels, closing = found.labels, panel.closing(told.horizon)
    made = []
    for row in series.tolist():
        said = () if rounds is None else tuple(_round(one, row) for one in rounds.forecasts)
        quantiles = None if told.quantiles is None else told.quantiles[row]
        known = {name: values[row] for name, values in panel.known.items()}
        changed = None if found.changed is None else found.changed.point[row]
        node = _node(found, labels[row], SERIES, panel.units[row], told.point[row], quantiles, said, changed, known)
        made.append(replace(node, closing=closing[row]))
    return made


def _node(
    found: "Demand",
    name: str,
    group: str,
    units: Floats,
    point: Floats,
    quantiles: Floats | None,
    said: tuple[Round, ...],
    changed: Floats | None,
    known: Mapping[str, Floats],
) -> Node:
    panel, look = found.panel, found.look
    h = found.forecast.horizon
    most, least = (look.weeks, 39) if found.step == "week" else (look.days, 56)
    begin = panel.n_steps - min(max(8 * h, min(least, most)), most, panel.n_steps)
    dates = panel.dates()[begin:]
    seen = tuple(one for one in said if one.dates[0] >= dates[0])
    reached = {name: _reaching(values, panel.n_steps + h)[begin:] for name, values in known.items()}
    flags = {name: values > 0 for name, values in reached.items() if _flag(known[name])}
    numbers = {name: values for name, values in reached.items() if name not in flags and _moves(values)}
    return Node(
        name,
        group,
        dates,
        units[begin:],
        found.forecast.dates,
        point,
        () if quantiles is None else found.forecast.levels,
        quantiles,
        changed,
        seen,
        {name: values for name, values in flags.items() if values.any()},
        dict(list(numbers.items())[:1]),
    )


def _round(forecast: Forecast, row: int) -> Round:
    q = forecast.quantiles
    if q is None or not q.shape[2]:
        return Round(forecast.dates, forecast.point[row])
    return Round(forecast.dates, forecast.point[row], q[row, :, 0], q[row, :, -1])


def _at(values: Floats | None, row: int) -> Floats | None:
    return None if values is None else values[row]


def _reaching(values: Floats, width: int) -> Floats:
    short = max(width - len(values), 0)
    return np.pad(values, (0, short), constant_values=np.nan)[:width].astype(np.float32)


def _flag(values: Floats) -> bool:
    """Whether a known column says yes or no: promotions, holidays, open days."""
    told = values[~np.isnan(values)]
    return bool(len(told)) and bool(((told >= 0) & (told <= 1)).all()) and bool((told == 0).any())


def _moves(values: Floats) -> bool:
    told = values[~np.isnan(values)]
    return bool(len(told)) and float(told.max()) > float(told.min())


def _spread(panel: Panel, n: int) -> Ints:
    """n series from the largest to the smallest, evenly by rank."""
    volume = np.nansum(panel.units, axis=1)
    order = np.argsort(-volume, kind="stable")
    order = order[: int((volume > 0).sum())]
    places = np.unique(np.linspace(0, max(len(order) - 1, 0), min(n, len(order))).round().astype(np.int64))
    return order[places].astype(np.int32)
