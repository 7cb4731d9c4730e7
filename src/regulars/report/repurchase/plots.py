"""The plots of what is bought again as altair charts, for the page, for notebooks and for slides (extra `plots`)."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import polars as pl

from regulars.core import Frame
from regulars.core.errors import MissingExtra

try:
    import altair as alt
except ImportError as error:
    raise MissingExtra(str(error.name), "plots") from error

from ..numbers import count, plural, share
from ..palette import FAINT, GROUPS, INK, LEAD, PAPER, QUIET, RIVAL
from ..plots import legend, looked
from .study import Repurchases
from .tried import reliability
from .words import day_of, horizon_name

OTHERS: Final = (RIVAL, *GROUPS[2:])
_PANEL: Final = 178  # pixels of a side of a reliability plot
_CURVE: Final = 250  # pixels of the width of a curve
_TICKS: Final = (0.01, 0.1, 0.3, 0.6, 0.9)
_SIZE: Final = 12.5


def colors(found: Repurchases) -> dict[str, str]:
    """The color of each method, the chosen one in the color of the page."""
    return dict(zip(found.names, (LEAD, *OTHERS), strict=False))


def trust(found: Repurchases) -> Any:
    """What was said against what happened: a row for each method, a column for each horizon."""
    assert found.tried is not None
    points = {(one.name, one.horizon): reliability(one) for one in found.tried.judged}
    horizons = list(dict.fromkeys(one.horizon for one in found.tried.judged))
    most = {
        weeks: max(
            float(points[name, weeks].select(pl.max_horizontal("said", "happened").max()).item())
            for name in found.names
        )
        for weeks in horizons
    }
    ece = {(row["model"], row["horizon_weeks"]): row["value"] for row in found.table.filter(figure="ece").to_dicts()}
    rows = []
    for name in found.names:
        panels = [
            _panel(
                points[name, weeks],
                min(most[weeks] * 1.12, 1.0),
                colors(found)[name],
                title=f"{name}: within {horizon_name(weeks)}",
                note=f"ECE {_fine(ece[name, weeks])}",
                last=name == found.names[-1],
            )
            for weeks in horizons
        ]
        rows.append(alt.hconcat(*panels, spacing=26))
    return looked(alt.vconcat(*rows, spacing=16))


def _panel(points: Frame, most: float, color: str, *, title: str, note: str, last: bool) -> alt.LayerChart:
    told = points.with_columns(
        text=pl.Series(
            [
                f"said {share(row['said'])}, happened {share(row['happened'])} "
                f"({share(row['low'])} to {share(row['high'])}): {plural(row['pairs'], 'pair')}"
                for row in points.iter_rows(named=True)
            ]
        ),
        high=pl.min_horizontal("high", pl.lit(most)),
        low=pl.max_horizontal("low", pl.lit(0.0)),
    )
    scale = alt.Scale(type="sqrt", domain=[0, most], nice=False)
    ticks = [tick for tick in _TICKS if tick <= most]
    axis: dict[str, Any] = {"format": "%", "values": ticks, "labelOverlap": True}
    x = alt.X("said:Q", scale=scale, axis=alt.Axis(title="said" if last else None, **axis))
    y = alt.Y("happened:Q", scale=scale, axis=alt.Axis(title="happened", **axis))
    base = alt.Chart(told).encode(x=x)
    even = alt.Chart(pl.DataFrame({"said": [0.0, most], "happened": [0.0, most]}))
    words = alt.Chart(pl.DataFrame({"said": [most], "happened": [0.0], "note": [note]}))
    layers = [
        even.mark_line(color=QUIET, strokeDash=[3, 3], strokeWidth=1).encode(x=x, y=y),
        base.mark_rule(color=color, opacity=0.45, strokeWidth=3).encode(y=alt.Y("low:Q", scale=scale), y2="high:Q"),
        base.mark_point(filled=True, color=color, opacity=1, size=44).encode(y=y, description="text:N"),
        words.mark_text(align="right", dy=-10, dx=-2, fontSize=12, color=INK).encode(x=x, y=y, text="note:N"),
    ]
    heading = alt.TitleParams(title, anchor="start", fontSize=12.5, fontWeight="normal", color=INK, offset=6)
    return alt.LayerChart(layer=layers).properties(width=_PANEL, height=_PANEL - 40, title=heading)


def weeks(found: Repurchases) -> Any:
    """Purchases of each week against what was expected at its beginning, and what the coming week is expected to be."""
    assert found.tried is not None
    days = [day_of(found, week) for week in found.past["week"]]
    past = found.past.with_columns(day=pl.Series(days), label=pl.Series([_label(day) for day in days]))
    names = found.names
    rows = [
        (day_of(found, row["week"]), name, row[name], row["bought"])
        for row in found.tried.weeks.iter_rows(named=True)
        for name in names
    ]
    coming = day_of(found, found.at)
    rows.append((coming, names[0], found.totals.coming, None))
    expected = pl.DataFrame(rows, ["day", "name", "expected", "bought"], orient="row").with_columns(
        text=pl.Series([_said(*row) for row in rows]), label=pl.Series([_label(row[0]) for row in rows])
    )
    past = past.with_columns(
        text=pl.Series(
            [f"{count(n)} bought in the week of {day:%-d %b %Y}" for day, n in past.select("day", "bought").iter_rows()]
        )
    )
    order = [*past["label"], _label(coming)]
    x = alt.X(
        "label:O", title="Week beginning", sort=order, axis=alt.Axis(labelAngle=0, labelOverlap=True, ticks=False)
    )
    y = alt.Y(
        "bought:Q", title="Purchases of the week", scale=alt.Scale(zero=True), axis=alt.Axis(format=",d", tickCount=5)
    )
    line = alt.Chart(past)
    dots = alt.Chart(expected).encode(
        x=x,
        y="expected:Q",
        color=alt.Color(
            "name:N",
            scale=alt.Scale(domain=names, range=[colors(found)[name] for name in names]),
            legend=legend(title="Expected by", symbolType="diamond"),
        ),
    )
    layers = [
        line.mark_bar(color=FAINT, width={"band": 0.6}).encode(x=x, y=y, description="text:N"),
        dots.mark_point(filled=True, shape="diamond", size=80, opacity=0.95, stroke=PAPER, strokeWidth=1).encode(
            description="text:N"
        ),
    ]
    return looked(alt.LayerChart(layer=layers).properties(width=590, height=210))


def _label(day: date) -> str:
    return f"{day.day} {day:%b}"


def _said(day: date, name: str, expected: float, bought: int | None) -> str:
    text = f"{name} expected {count(expected)} in the week of {day:%-d %b %Y}"
    return text if bought is None else f"{text}; {count(bought)} were bought"


def curves(found: Repurchases) -> Any:
    """Of a few products: the chance of the coming week by days since the last purchase, as seen and as said."""
    assert found.tried is not None
    told = found.tried.ages
    names = found.names
    scale = alt.Scale(domain=names, range=[colors(found)[name] for name in names])
    panels = []
    for place, item in enumerate(told["item"].unique(maintain_order=True)):
        mine = told.filter(item=item)
        seen = mine.filter(name=names[0]).with_columns(
            text=pl.Series([_seen(row) for row in mine.filter(name=names[0]).iter_rows(named=True)])
        )
        axis = alt.Axis(
            title="days since the last purchase", values=[0, 7, 14, 28, 56, 84, 140, 210, 300], labelOverlap=True
        )
        x = alt.X("days:Q", scale=alt.Scale(type="sqrt", nice=False, zero=True), axis=axis)
        y = alt.Y(
            "bought:Q", title="bought within a week" if place % 2 == 0 else None, axis=alt.Axis(format="%", tickCount=4)
        )
        lines = alt.Chart(mine).mark_line(strokeWidth=2, interpolate="monotone")
        dots = alt.Chart(seen)
        layers = [
            dots.mark_rule(color=INK, opacity=0.35, strokeWidth=3).encode(x=x, y=alt.Y("low:Q"), y2="high:Q"),
            lines.encode(
                x=x,
                y=alt.Y("said:Q"),
                color=alt.Color("name:N", scale=scale, legend=alt.Legend(title="Said by", orient="top")),
            ),
            dots.mark_point(filled=True, color=INK, opacity=1, size=46).encode(x=x, y=y, description="text:N"),
        ]
        title = alt.TitleParams(
            _short(found.known.names[int(item)]), anchor="start", fontSize=13, fontWeight="normal", color=INK, offset=6
        )
        panels.append(alt.LayerChart(layer=layers).properties(width=_CURVE, height=150, title=title))
    return looked(alt.concat(*panels, columns=2, spacing={"row": 78, "column": 62}, bounds="flush"))


def _seen(row: Mapping[str, Any]) -> str:
    share_of = f"{share(row['bought'])} ({share(row['low'])} to {share(row['high'])}) of {plural(row['pairs'], 'case')}"
    return f"{share_of} about {row['days']:.0f} days after the last purchase"


def _short(name: str | None, most: int = 34) -> str:
    text = name or ""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _fine(value: float) -> str:
    return f"{100 * value:.2f} %" if value < 0.0995 else share(value)
