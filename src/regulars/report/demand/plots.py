"""The plots of a forecast as altair charts, for the page, for notebooks and for slides (extra `plots`)."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl

from regulars.core import Floats, Frame
from regulars.core.errors import MissingExtra
from regulars.forecasting import Judgment
from regulars.forecasting.calendar import Dates

try:
    import altair as alt
except ImportError as error:
    raise MissingExtra(str(error.name), "plots") from error

from ..numbers import share
from ..palette import FAINT, GROUPS, INK, LEAD, QUIET, RIVAL, WASH
from ..plots import legend, looked
from .nodes import Node
from .study import NAIVE, OWN, Demand
from .words import called, metric_name, units_said

WIDTH: Final = 590
HEIGHT: Final = 190
CHANGED: Final = GROUPS[2]
BEYOND: Final = 1.6  # times the highest line, where areas are cut
_LANE: Final = 13  # pixels of a lane of promotions
_NAMES: Final = 92  # pixels left of all panels


def fan(node: Node) -> Any:
    """The past, what is forecast and how sure it is, what was said before, promotions and prices below."""
    x = alt.X("day:T", scale=alt.Scale(domain=_ends(node), nice=False), axis=_days(node))
    y_axis = alt.Axis(format=",~r", tickCount=4, minExtent=_NAMES - 24, maxExtent=_NAMES - 24)
    y = alt.Y("units:Q", title=None, axis=y_axis, scale=alt.Scale(domain=[0, _top(node)]))
    layers: list[alt.Chart] = []
    if len(node.stripes):
        shut = _frame(node.stripes, units=np.zeros(len(node.stripes)))
        shut = shut.with_columns(till=pl.col("day") + pl.duration(days=_stride(node)))
        layers.append(alt.Chart(shut).mark_rect(color=FAINT, opacity=0.6, clip=True).encode(x=x, x2="till:T"))
    layers += [*_bands(node, x, y), *_rounds(node, x, y)]
    past = alt.Chart(_told(_frame(node.dates, units=node.units), "sold"))
    layers.append(past.mark_line(color=INK, strokeWidth=1.4, opacity=0.85).encode(x=x, y=y))
    layers.append(_points(past, x, y))
    if node.changed is not None:
        other = alt.Chart(_told(_joined(node, node.changed), "forecast after the change"))
        layers.append(other.mark_line(color=CHANGED, strokeWidth=2, strokeDash=[5, 3]).encode(x=x, y=y))
        layers.append(_points(other, x, y))
    own = alt.Chart(_told(_joined(node, node.point), "forecast"))
    layers += [own.mark_line(color=LEAD, strokeWidth=2.2).encode(x=x, y=y), _points(own, x, y)]
    main = alt.LayerChart(layer=layers).properties(width=WIDTH, height=HEIGHT)
    below = _below(node)
    return looked(alt.vconcat(main, *below, spacing=6)) if below else looked(main)


def _bands(node: Node, x: Any, y: Any) -> list[alt.Chart]:
    """Areas between the quantiles, from the outer pair to the inner one."""
    if node.quantiles is None:
        return []
    drawn = []
    for place in range(len(node.levels) // 2):
        low = _joined(node, node.quantiles[:, place], "low")
        high = _joined(node, node.quantiles[:, len(node.levels) - 1 - place], "high")
        area = alt.Chart(low.with_columns(high["high"]))
        color, opacity = (WASH, 1.0) if not place else (LEAD, 0.22)
        drawn.append(
            area.mark_area(color=color, opacity=opacity, line=False, clip=True).encode(
                x=x, y=alt.Y("low:Q", title=None), y2="high:Q"
            )
        )
    return drawn


def _rounds(node: Node, x: Any, y: Any) -> list[alt.Chart]:
    """What was said at earlier origins, each a line of its own."""
    drawn: list[alt.Chart] = []
    for one in node.rounds:
        if one.low is not None and one.high is not None:
            low, high = _opened(node, one.dates, one.low), _opened(node, one.dates, one.high)
            area = alt.Chart(_frame(one.dates, low=low, high=high))
            shade = area.mark_area(color=RIVAL, opacity=0.13, clip=True)
            drawn.append(shade.encode(x=x, y=alt.Y("low:Q", title=None), y2="high:Q"))
        said = _frame(one.dates, units=_opened(node, one.dates, one.point))
        line = alt.Chart(_told(said, "forecast then"))
        drawn.append(line.mark_line(color=RIVAL, strokeWidth=1.6, point=False).encode(x=x, y=y))
        drawn.append(_points(line, x, y))
    return drawn


def _top(node: Node) -> float:
    """The upper end of the picture: all lines, and areas as far as they do not press the lines down to the bottom."""
    lines = [node.units, node.point, node.units[:0] if node.changed is None else node.changed]
    lines += [one.point for one in node.rounds]
    areas = [one.high for one in node.rounds if one.high is not None]
    areas += [] if node.quantiles is None else [node.quantiles[:, -1]]
    highest, widest = (float(np.nanmax(np.concatenate([*some, [0.0]]))) for some in (lines, areas))
    return max(highest, min(widest, BEYOND * highest)) or 1.0


def _points(chart: alt.Chart, x: Any, y: Any) -> alt.Chart:
    """Points that are not seen, but say what they are."""
    points: alt.Chart = chart.mark_point(filled=True, color=INK, opacity=0, size=60).encode(
        x=x, y=y, description="text:N"
    )
    return points


def _below(node: Node) -> list[Any]:
    """Lanes of promotions and other flags, and the price, under the picture."""
    x = alt.X("day:T", scale=alt.Scale(domain=_ends(node), nice=False), axis=None)
    days = np.concatenate([node.dates, node.ahead])
    panels: list[Any] = []
    if node.flags:
        frame = pl.concat(
            [
                _frame(days[on[: len(days)]], units=np.ones(int(on[: len(days)].sum()))).with_columns(
                    flag=pl.lit(called(name)), till=pl.col("day") + pl.duration(days=_stride(node))
                )
                for name, on in node.flags.items()
            ]
        )
        frame = frame.with_columns(
            text=pl.Series([f"{name}: {_day(day)}" for name, day in frame.select("flag", "day").iter_rows()])
        )
        axis = alt.Axis(
            domain=False, ticks=False, grid=False, minExtent=_NAMES - 24, maxExtent=_NAMES - 24, labelLimit=_NAMES - 24
        )
        y = alt.Y("flag:N", title=None, sort=[called(name) for name in node.flags], axis=axis)
        bars = (
            alt.Chart(frame)
            .mark_bar(color=GROUPS[3], size=6, clip=True)
            .encode(x=x, x2="till:T", y=y, description="text:N")
        )
        panels.append(bars.properties(width=WIDTH, height=_LANE * len(node.flags)))
    for name, values in node.numbers.items():
        line = alt.Chart(_frame(days, units=values[: len(days)]))
        axis = alt.Axis(tickCount=2, format="~g", grid=False, minExtent=_NAMES - 24, maxExtent=_NAMES - 24)
        y = alt.Y("units:Q", title=None, scale=alt.Scale(zero=False), axis=axis)
        drawn = line.mark_line(color=GROUPS[4], strokeWidth=1.4, interpolate="step-after").encode(x=x, y=y)
        title = alt.TitleParams(called(name), anchor="start", fontSize=11.5, fontWeight="normal", color=QUIET, offset=2)
        panels.append(drawn.properties(width=WIDTH, height=30, title=title))
    return panels


def by_step(judgment: Judgment, metric: str, step: str) -> Any:
    """A metric by steps ahead, with 95 % intervals."""
    rows = judgment.by_horizon.filter(metric=metric)
    names = list(judgment.rolled)
    base = alt.Chart(_said(rows, "step", lambda row: f"{row['step']} {step}s ahead"))
    x = _ahead(rows, step)
    y = alt.Y(
        "value:Q",
        title=metric_name(metric),
        scale=alt.Scale(zero=True),
        axis=alt.Axis(format="%" if metric in ("wape", "mape", "coverage") else "~g", tickCount=4),
    )
    color = _colors(names)
    layers = [
        base.transform_filter(alt.FieldOneOfPredicate("forecaster", [OWN, NAIVE]))
        .mark_area(opacity=0.13)
        .encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=color),
        base.mark_line(strokeWidth=2).encode(x=x, y=y, color=color),
        base.mark_point(filled=True, size=40, opacity=1).encode(x=x, y=y, color=color, description="text:N"),
    ]
    return looked(alt.LayerChart(layer=layers).properties(width=WIDTH, height=170))


def by_volume(judgment: Judgment, metric: str) -> Any:
    """A metric for thirds of the series, from those that sell least to those that sell most."""
    rows = judgment.by_volume.filter(metric=metric)
    names = list(judgment.rolled)
    labels = {row["volume"]: f"{row['volume']} volume|{row['n_series']:,} series" for row in rows.iter_rows(named=True)}
    frame = _said(rows, "volume", lambda row: f"{row['volume']} volume").with_columns(
        volume=pl.col("volume").replace_strict(labels)
    )
    axis = alt.Axis(labelExpr="split(datum.label, '|')", minExtent=_NAMES, maxExtent=_NAMES, domain=False, ticks=False)
    base = alt.Chart(frame).encode(
        y=alt.Y("volume:N", sort=list(labels.values()), title=None, axis=axis),
        yOffset=alt.YOffset("forecaster:N", sort=names, scale=alt.Scale(domain=names, paddingOuter=0.5)),
        color=_colors(names),
    )
    x = alt.X(
        "value:Q",
        title=f"{metric_name(metric)}, 95 % interval",
        scale=alt.Scale(zero=True),
        axis=alt.Axis(grid=True, tickCount=5),
    )
    layers = [
        base.mark_rule(strokeWidth=2.5, opacity=0.45).encode(x=alt.X("low:Q"), x2="high:Q"),
        base.mark_point(filled=True, size=56, opacity=1).encode(x=x, description="text:N"),
    ]
    height = max(48, 13 * len(names) + 16) * len(labels)
    return looked(alt.LayerChart(layer=layers).properties(width=WIDTH - 40, height=height))


def coverage(found: Demand, inside: Frame) -> Any:
    """How many steps fell between pairs of quantiles, by steps ahead; inside: see `study.inside`."""
    names = inside["interval"].unique(maintain_order=True).to_list()
    base = alt.Chart(
        inside.with_columns(text=pl.Series([_covered(row, found.step) for row in inside.iter_rows(named=True)]))
    )
    colors = alt.Color(
        "interval:N",
        scale=alt.Scale(domain=names, range=[LEAD, GROUPS[4], GROUPS[3], GROUPS[5]][: len(names)]),
        legend=legend(labelLimit=300),
    )
    x = _ahead(inside, found.step)
    y = alt.Y("value:Q", title="inside", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5))
    layers = [
        base.mark_rule(strokeDash=[3, 3]).encode(y=alt.Y("nominal:Q"), color=colors),
        base.mark_rule(strokeWidth=2.5, opacity=0.45).encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=colors),
        base.mark_point(filled=True, size=50, opacity=1).encode(x=x, y=y, color=colors, description="text:N"),
    ]
    return looked(alt.LayerChart(layer=layers).properties(width=WIDTH, height=170))


def _ahead(rows: Frame, step: str) -> alt.X:
    steps = rows["step"].unique().sort().to_list()
    axis = alt.Axis(values=steps[:: max(len(steps) // 14, 1)], format="d")
    return alt.X("step:Q", title=f"{step}s ahead", scale=alt.Scale(zero=False, nice=False, padding=14), axis=axis)


def _covered(row: Mapping[str, Any], step: str) -> str:
    return f"{share(row['value'])} ({share(row['low'])} to {share(row['high'])}) inside, {row['step']} {step}s ahead"


def _colors(names: list[str]) -> alt.Color:
    others = iter((QUIET, GROUPS[3], GROUPS[4], GROUPS[5], GROUPS[6], GROUPS[2]))
    picked = [LEAD if name == OWN else RIVAL if name == NAIVE else next(others, QUIET) for name in names]
    labels = {name: called(name) for name in names}
    return alt.Color(
        "forecaster:N",
        scale=alt.Scale(domain=names, range=picked),
        legend=legend(
            columns=5,
            labelExpr=" : ".join(f"datum.value === '{name}' ? '{said}'" for name, said in labels.items())
            + " : datum.value",
        ),
    )


def _said(rows: Frame, by: str, where: Any) -> Frame:
    words = [
        f"{called(row['forecaster'])}, {where(row)}: {_figure(row['metric'], row['value'])}"
        f" ({_figure(row['metric'], row['low'])} to {_figure(row['metric'], row['high'])})"
        for row in rows.iter_rows(named=True)
    ]
    return rows.with_columns(text=pl.Series(words, dtype=pl.String))


def _figure(metric: str, value: float) -> str:
    return share(value) if metric in ("wape", "mape", "coverage") else f"{value:.3f}"


def _frame(days: Dates, **columns: Any) -> Frame:
    told = {name: pl.Series(values.astype(np.float64)).fill_nan(None) for name, values in columns.items()}
    return pl.DataFrame({"day": pl.Series(days.astype("datetime64[D]")).cast(pl.Datetime), **told})


def _joined(node: Node, values: Floats, name: str = "units") -> Frame:
    """A line of the forecast that begins at the last step of the past, if that was observed."""
    last, values = node.units[-1], _opened(node, node.ahead, values)
    if np.isnan(last):
        return _frame(node.ahead, **{name: values})
    return _frame(np.concatenate([node.dates[-1:], node.ahead]), **{name: np.concatenate([[last], values])})


def _opened(node: Node, days: Dates, values: Floats) -> Floats:
    """Nothing is drawn where nothing was said because it is closed."""
    return np.where(np.isin(days, node.stripes) & (values == 0), np.float32(np.nan), values)


def _told(frame: Frame, what: str) -> Frame:
    rows = frame.select("day", "units").iter_rows()
    return frame.with_columns(
        text=pl.Series([f"{_day(day)}: {units_said(units)} {what}" for day, units in rows], dtype=pl.String)
    )


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"


def _stride(node: Node) -> int:
    return (
        int((node.ahead[1] - node.ahead[0]).astype(int))
        if len(node.ahead) > 1
        else int((node.ahead[0] - node.dates[-1]).astype(int))
    )


def _ends(node: Node) -> list[Any]:
    last = (node.ahead[-1] + np.timedelta64(_stride(node), "D")).astype(object)  # the last step has a width, too
    return [alt.DateTime(year=one.year, month=one.month, date=one.day) for one in (node.dates[0].astype(object), last)]


def _days(node: Node) -> alt.Axis:
    label = "timeFormat(datum.value, datum.index === 0 || month(datum.value) === 0 ? '%-d %b %Y' : '%-d %b')"
    return alt.Axis(title=None, labelExpr=label, labelOverlap=True, labelSeparation=10, tickCount=6)
