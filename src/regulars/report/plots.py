"""The plots of the report as altair charts, for the page, for notebooks and for slides (extra `plots`).

from regulars.report import plots
plots.save(plots.long_tail(dataset), "long-tail.svg")     # or .png
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from regulars.core import DAY, Dataset, Frame
from regulars.core.errors import CannotWrite, EmptyData, MissingExtra

try:
    import altair as alt
    import vl_convert
except ImportError as error:
    raise MissingExtra(str(error.name), "plots") from error

from .figures import Figures
from .numbers import count, plural, score, share
from .palette import FAINT, INK, LEAD, PAPER, QUIET, RIVAL, WASH
from .traffic import Traffic

WIDTH = 660  # pixels, with all labels
_NAMES = 130  # pixels for the names of methods and parts
_FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"  # one width everywhere: labels are placed beforehand
_SIZE = 12.5
_DOTS = 300  # pixels for the dots of a comparison; the words beside them need as many
_ROW = 30  # pixels for each line of a dot plot
_SLICINGS = {
    "traffic": "Products by demand",
    "repeat": "Bought before, or new to the customer",
    "age": "Products with and without a past",
    "activity": "Customers by events so far",
    "interactions": "Products by events so far",
}


def long_tail(data: Dataset) -> alt.LayerChart:
    """How much of all events the most wanted products bring; head, middle and tail marked.

    Raises EmptyData when there are no events.
    """
    if not len(data):
        raise EmptyData("the long-tail plot needs events; the dataset has none")
    traffic = Traffic.of(data)
    x, y = traffic.curve()
    line = pl.DataFrame({"items": 100 * x, "events": 100 * y})
    base = alt.Chart(line).encode(
        x=alt.X("items:Q", title="Products, most wanted first (% of the catalog)", scale=alt.Scale(domain=[0, 100])),
        y=alt.Y("events:Q", title="Events (% of all)", scale=alt.Scale(domain=[0, 100])),
    )
    marks = alt.Chart(_tail_marks(traffic)).encode(x="items:Q", y="events:Q")
    return styled(
        base.mark_area(color=WASH)
        + base.mark_line(color=LEAD, strokeWidth=2)
        + marks.mark_rule(color=QUIET, strokeDash=[2, 3]).encode(y2=alt.datum(0))
        + marks.mark_point(color=LEAD, fill=PAPER, opacity=1, size=46, strokeWidth=2)
        + _label(marks.transform_filter("datum.items < 55"), align="left", dx=8)
        + _label(marks.transform_filter("datum.items >= 55"), align="right", dx=-8),
        height=300,
    )


def _tail_marks(traffic: Traffic) -> Frame:
    """Where head, middle and tail end, and what each brings; a part without products is left out."""
    n, before = len(traffic.items), 0
    rows: list[dict[str, object]] = []
    for name, end in (("Head", traffic.head), ("Middle", traffic.middle), ("Tail", traffic.sold)):
        if end > before:
            part = float(traffic.cumulative[end - 1] - (traffic.cumulative[before - 1] if before else 0))
            more = "" if name == "Head" else "more "
            label = f"{name}: {count(end - before)} {more}products ({share((end - before) / n)}) bring {share(part)}"
            reached = 100 * float(traffic.cumulative[end - 1])
            rows.append({"items": 100 * end / n, "events": reached, "label": label, "at": 46 - 15 * len(rows)})
            before = end
    return pl.DataFrame(rows)


def _label(marks: alt.Chart, align: str, dx: int) -> alt.LayerChart:
    """The text of a mark beside its rule, on a ground of its own so that other rules do not run through it."""
    at = marks.encode(y="at:Q")
    ground = _text(at, "label:N", color=WASH, align=align, dx=dx, stroke=WASH, strokeWidth=5, strokeJoin="round")
    return alt.LayerChart(layer=[ground, _text(at, "label:N", color=INK, align=align, dx=dx)])


def events_by_week(data: Dataset) -> alt.LayerChart:
    """Events in each whole week of the log. Raises EmptyData when it holds no two whole weeks."""
    weeks = (int(data.time.max()) + 1 - data.time) // (7 * DAY) if len(data) else np.empty(0, dtype=np.int64)
    counts = np.bincount(weeks)[:-1] if len(weeks) else weeks  # the earliest week is cut off
    if len(counts) < 2:
        raise EmptyData("events by week need a log of three weeks or more")
    begins = int(data.time.max()) + 1 - (np.arange(len(counts)) + 1) * 7 * DAY
    frame = pl.DataFrame({"week": pl.from_epoch(pl.Series(begins), "s"), "events": counts})
    base = alt.Chart(frame).encode(
        x=alt.X("week:T", title="Week beginning", axis=alt.Axis(format="%b %Y", labelOverlap=True, tickCount=6)),
        y=alt.Y("events:Q", title="Events per week", scale=alt.Scale(zero=True)),
    )
    return styled(base.mark_area(color=WASH) + base.mark_line(color=LEAD, strokeWidth=2), height=170)


def comparison(figures: Figures, metric: str = "", winner: str = "") -> alt.LayerChart:
    """Each method's mean with its 95 % interval, the best on top, and what can be said of the difference."""
    metric = metric or figures.main
    rows = figures.ranked(metric)
    if not rows.height:
        raise EmptyData(f"{metric!r} was not measured; there are {figures.metrics['metric'].unique().to_list()}")
    frame = rows.with_columns(
        value=pl.Series([score(value) for value in rows["mean"]]),
        said=pl.Series([_said(row, winner) for row in rows.iter_rows(named=True)]),
        color=pl.when(pl.col("name") == (winner or rows["name"][0])).then(pl.lit(LEAD)).otherwise(pl.lit(QUIET)),
    )
    order = frame["name"].to_list()
    base = alt.Chart(frame).encode(
        y=alt.Y("name:N", sort=order, title=None, axis=_names_axis()),
        color=alt.Color("color:N", scale=None),
    )
    column = base.encode(x=alt.value(_DOTS + 56))
    return styled(
        _intervals(base, frame, metric, size=80, strokeWidth=3, strokeCap="round")
        + _text(column, "value:N", align="right")
        + _text(column, "said:N", align="left", dx=12),
        height=_ROW * len(order),
        width=_DOTS,
    )


def slices(figures: Figures, slicing: str, names: list[str], metric: str = "") -> alt.LayerChart:
    """For each part of a slicing the means of a few methods with their intervals; the first name stands out.

    Raises EmptyData when the slicing was not measured.
    """
    metric = metric or figures.recall
    wanted = (pl.col("slicing") == slicing) & (pl.col("metric") == metric) & pl.col("name").is_in(names)
    frame = figures.slices.filter(wanted) if figures.slices.height else figures.slices
    if not frame.height:
        raise EmptyData(f"there are no slices by {slicing!r} of {metric!r}")
    colors = [LEAD, RIVAL, QUIET][: len(names)]
    parts = frame.unique("part", maintain_order=True)
    labels = {
        part: f"{part_name(slicing, part)}|{plural(customers, 'customer')}"
        for part, customers in parts.select("part", "customers").iter_rows()
    }
    frame = frame.with_columns(pl.col("part").replace_strict(labels))
    base = alt.Chart(frame).encode(
        y=alt.Y("part:N", sort=list(labels.values()), title=None, axis=_names_axis()),
        yOffset=alt.YOffset("name:N", sort=names, scale=alt.Scale(domain=names, paddingOuter=0.6)),
        color=alt.Color(
            "name:N",
            scale=alt.Scale(domain=names, range=colors),
            legend=legend(),
        ),
    )
    return styled(
        _intervals(base, frame, metric, size=56, strokeWidth=2.5),
        height=max(46, 12 * len(names) + 14) * len(labels),
        width=WIDTH - _NAMES - 80,
    )


def label_of(metric: str) -> str:
    """What a metric is called on an axis: ndcg@10 -> NDCG in the first 10."""
    name, _, k = metric.partition("@")
    names = {"ndcg": "NDCG", "recall": "Recall", "map": "MAP", "mrr": "MRR", "hit_rate": "Customers with a hit"}
    names |= {"rmse": "RMSE", "mae": "MAE"}
    return names.get(name, name.replace("_", " ").capitalize()) + (f" in the first {k}" if k else "")


def slicing_name(slicing: str) -> str:
    """What a slicing is called in a heading."""
    return _SLICINGS.get(slicing, slicing.capitalize())


def part_name(slicing: str, part: str) -> str:
    """What a part of a slicing is called on an axis."""
    match slicing, part:
        case "repeat", "repeat":
            return "bought before"
        case "repeat", "explore":
            return "new to the customer"
        case "age", "new":
            return "products without a past"
        case "age", "known":
            return "products with a past"
        case (("activity" | "interactions"), _):
            return f"{part} event" + ("" if part == "1" else "s")
    return part


def svg(chart: alt.LayerChart) -> str:
    """The chart as SVG text, without a browser and without the network."""
    return vl_convert.vegalite_to_svg(chart.to_dict())


def save(chart: alt.LayerChart, path: Path | str, scale: float = 2.0) -> Path:
    """Writes the chart as .svg or .png. Raises CannotWrite for another ending, or a folder that does not accept it."""
    path = Path(path)
    try:
        match path.suffix.lower():
            case ".svg":
                path.write_text(svg(chart), encoding="utf-8")
            case ".png":
                spec = {**chart.to_dict(), "background": PAPER}
                path.write_bytes(vl_convert.vegalite_to_png(spec, scale=scale))
            case other:
                raise CannotWrite(f"plots are written as .svg or .png; {path.name} ends in {other!r}")
    except OSError as error:
        raise CannotWrite(f"{path} cannot be written: {error}") from error
    return path


def _names_axis() -> alt.Axis:
    """Names on the y axis, of one width on all plots; "|" breaks a line."""
    return alt.Axis(labelExpr="split(datum.label, '|')", labelLimit=_NAMES, minExtent=_NAMES, maxExtent=_NAMES)


def _said(row: dict[str, object], winner: str) -> str:
    """The verdict against the reference, and whose name was chosen before the test."""
    words = {"reference": "the best", "no difference": f"no difference to {row['reference']}"}
    verdict = words.get(str(row["verdict"]), f"{row['verdict']} than {row['reference']}")
    return f"{verdict} (chosen)" if row["name"] == winner else verdict


def _intervals(base: alt.Chart, frame: Frame, metric: str, *, size: int, **rule: Any) -> alt.LayerChart:
    """The mean of each row as a dot on the rule of its interval, the axis from 0 to a little beyond the highest."""
    high = float(frame["high"].max() or 0) * 1.02 or 1.0  # type: ignore[arg-type]
    scale = alt.Scale(domain=[0, high], nice=False)
    lines = base.mark_rule(opacity=0.45, **rule).encode(x=alt.X("low:Q", scale=scale), x2="high:Q")
    dots = base.mark_point(filled=True, size=size, opacity=1)
    return alt.LayerChart(
        layer=[lines, dots.encode(x=alt.X("mean:Q", title=f"{label_of(metric)}, 95 % interval", scale=scale))]
    )


def _text(chart: alt.Chart, field: str, **mark: Any) -> alt.Chart:
    said: alt.Chart = chart.mark_text(fontSize=_SIZE, **mark)
    return said.encode(text=alt.Text(field))


_MARK = re.compile(
    r'(<(path|rect)) aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="(point|bar)"([^>]*)/>'
)


def telling(chart: Any) -> str:
    """The chart as SVG text whose points and bars say their description when they are pointed at."""
    return _MARK.sub(r'\1 role="graphics-symbol"\5><title>\3</title></\2>', svg(chart))


def legend(**differs: Any) -> alt.Legend:
    """The legend of all pictures, above them, but for what differs."""
    usual = {"title": None, "orient": "top", "symbolType": "circle", "symbolOpacity": 1, "labelLimit": 250}
    return alt.Legend(**(usual | differs))


def looked(chart: Any) -> Any:
    """The look of pictures of several panels, each of which has its own size: as of `styled`."""
    axis = {"labelColor": QUIET, "titleColor": QUIET, "labelFontSize": _SIZE - 0.5, "titleFontSize": _SIZE - 0.5}
    return (
        chart.properties(padding={"left": 2, "right": 12, "top": 6, "bottom": 4})
        .configure(font=_FONT, background="transparent")
        .configure_view(stroke=None)
        .configure_axis(**axis, titleFontWeight="normal", domainColor=FAINT, tickColor=FAINT, gridColor=FAINT)
        .configure_axisY(ticks=False, domain=False, labelPadding=8, titlePadding=8)
        .configure_axisX(grid=False, labelPadding=6, titlePadding=6)
        .configure_legend(
            labelFontSize=_SIZE,
            labelColor=INK,
            titleFontSize=_SIZE,
            titleFontWeight="normal",
            titleColor=QUIET,
            padding=0,
        )
    )


def styled(chart: alt.LayerChart, height: int, width: int = 0) -> alt.LayerChart:
    """The one look of all plots: quiet axes, no frame, horizontal grid only where values are read off the y axis."""
    wide = chart.properties(
        width=width or WIDTH - 70, height=height, padding={"left": 2, "right": 12, "top": 6, "bottom": 4}
    )
    axis = {"labelColor": QUIET, "titleColor": QUIET, "labelFontSize": _SIZE, "titleFontSize": _SIZE}
    styled: alt.LayerChart = (
        wide.configure(font=_FONT, background="transparent")
        .configure_view(stroke=None)
        .configure_axis(
            **axis,
            titleFontWeight="normal",
            domainColor=FAINT,
            tickColor=FAINT,
            gridColor=FAINT,
            titlePadding=8,
            labelPadding=10,
        )
        .configure_axisY(labelColor=INK if width else QUIET, grid=not width, ticks=not width, domain=False)
        .configure_axisX(grid=bool(width), tickCount=5)
        .configure_legend(labelFontSize=_SIZE, labelColor=INK, padding=0)
    )
    return styled
