"""The plots of the long tail as altair charts and SVG, for the page, for notebooks and for slides (extra `plots`)."""

from pathlib import Path
from typing import Any

import polars as pl

from regulars.core import Frame
from regulars.core.errors import CannotWrite, MissingExtra

try:
    import altair as alt
    import vl_convert
except ImportError as error:
    raise MissingExtra(str(error.name), "plots") from error

from .. import plots
from ..numbers import plural
from ..palette import FAINT, GROUPS, INK, LEAD, PAPER, QUIET, RIVAL, STEPS
from ..plots import WIDTH, legend, styled
from .pair import AFTER, BEFORE
from .reach import FEW, HELPED, MAPPED, NOTHING, OWN
from .study import LongTail
from .words import changed, percent

COLORS = {OWN: LEAD, HELPED: GROUPS[4], MAPPED: GROUPS[2], FEW: STEPS[2], NOTHING: FAINT}
_SIDES = {BEFORE: RIVAL, AFTER: LEAD}
_NAMES, _DOTS, _ROW, _SIZE = 130, 330, 44, 12.5


def quality(found: LongTail, among: str, figure: str = "ndcg") -> alt.LayerChart:
    """A figure of the lists by number of interactions, before and after, with intervals.

    among: "all", the whole catalog could be answered; "part", only items of that number of interactions.
    """
    metric = f"{figure}@{found.look.k}"
    rows = found.quality.by_part().filter((pl.col("among") == among) & (pl.col("metric") == metric))
    said = {row["part"]: changed(row) for row in rows.filter(name=AFTER).iter_rows(named=True)}
    who = {row["part"]: plural(row["customers"], "customer") for row in rows.iter_rows(named=True)}
    return _sides(rows, who, said, f"{plots.label_of(metric)}, 95 % interval")


def irrelevance(found: LongTail) -> alt.LayerChart:
    """The share of the most similar items that share no group with the item, before and after, beside chance."""
    rows = found.irrelevance.filter(pl.col("mean").is_not_nan())
    after = {row["part"]: row["mean"] for row in rows.filter(name=AFTER).iter_rows(named=True)}
    before = {row["part"]: row["mean"] for row in rows.filter(name=BEFORE).iter_rows(named=True)}
    said = {
        part: f"{percent(before.get(part))} → {percent(after.get(part))}, chance {percent(chance)}"
        for part, chance in rows.select("part", "chance").unique(maintain_order=True).iter_rows()
    }
    who = {row["part"]: plural(row["asked"], "product") for row in rows.iter_rows(named=True)}
    title = f"Of the {found.look.k} most similar products: share without a common {found.goods.group}"
    return _sides(rows, who, said, title, ticks="chance", unit="%")


def _sides(
    rows: Frame, who: dict[str, str], said: dict[str, str], title: str, *, ticks: str = "", unit: str = ""
) -> alt.LayerChart:
    """For each part the dots of before and after on the rules of their intervals, and words beside them."""
    labels = {
        part: f"{plots.part_name('interactions', part)}|{who[part]}"
        for part in rows["part"].unique(maintain_order=True)
    }
    frame = rows.with_columns(
        label=pl.col("part").replace_strict(labels), said=pl.col("part").replace_strict(said, default="")
    )
    high = float(frame.select(pl.max_horizontal("high", *([ticks] if ticks else [])).max()).item() or 0) * 1.03 or 1.0
    scale = alt.Scale(domain=[0, 1], nice=False) if unit else alt.Scale(type="sqrt", domain=[0, high], nice=False)
    axis = alt.Axis(format="%" if unit else "~g", tickCount=5)
    names = [AFTER, BEFORE]
    base = alt.Chart(frame).encode(y=alt.Y("label:N", sort=list(labels.values()), title=None, axis=_names_axis()))
    sides = base.encode(
        yOffset=alt.YOffset("name:N", sort=names, scale=alt.Scale(domain=names, paddingOuter=0.7)),
        color=alt.Color(
            "name:N", scale=alt.Scale(domain=[BEFORE, AFTER], range=list(_SIDES.values())), legend=legend()
        ),
    )
    rules = sides.mark_rule(opacity=0.45, strokeWidth=2.5).encode(x=alt.X("low:Q", scale=scale), x2="high:Q")
    dots = sides.mark_point(filled=True, size=60, opacity=1).encode(
        x=alt.X("mean:Q", scale=scale, title=title, axis=axis)
    )
    words = base.transform_filter(f"datum.name == '{AFTER}'").mark_text(fontSize=_SIZE, align="left", color=INK)
    layers: list[Any] = [rules, dots, words.encode(x=alt.value(_DOTS + 14), text="said:N")]
    if ticks:
        marks = base.transform_filter(f"datum.name == '{AFTER}'").mark_tick(color=QUIET, thickness=2, size=24)
        layers.insert(0, marks.encode(x=alt.X(f"{ticks}:Q", scale=scale)))
    return styled(alt.LayerChart(layer=layers), height=_ROW * len(labels), width=_DOTS)


def reach(found: LongTail) -> alt.LayerChart:
    """How the items of the catalog are placed among the vectors of behavior, before and after."""
    hows = list(COLORS)
    present = [how for how in hows if found.reach.filter(how=how)["items"].sum()]
    frame = found.reach.with_columns(order=pl.col("how").replace_strict({how: i for i, how in enumerate(hows)}))
    frame = frame.with_columns(
        end=pl.col("share").cum_sum().over("name"), begin=pl.col("share").cum_sum().over("name") - pl.col("share")
    )
    frame = frame.with_columns(
        text=pl.Series([percent(one) if one > 0.06 else "" for one in frame["share"]]),
        ink=pl.when(pl.col("how").is_in([OWN, HELPED, MAPPED])).then(pl.lit(PAPER)).otherwise(pl.lit(INK)),
        middle=(pl.col("begin") + pl.col("end")) / 2,
    )
    base = alt.Chart(frame).encode(y=alt.Y("name:N", sort=[BEFORE, AFTER], title=None, axis=_names_axis(60)))
    bars = base.mark_bar(height=34).encode(
        x=alt.X("begin:Q", title="Share of the catalog", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
        x2="end:Q",
        color=alt.Color(
            "how:N",
            scale=alt.Scale(domain=present, range=[COLORS[how] for how in present]),
            # apart, as a browser may have a wider font than the one that was measured
            legend=legend(symbolType="square", columns=3, columnPadding=40, labelLimit=300),
        ),
    )
    words = base.mark_text(fontSize=_SIZE).encode(x="middle:Q", text="text:N", color=alt.Color("ink:N", scale=None))
    layered = alt.layer(bars, words).resolve_scale(color="independent")
    return styled(layered, height=104, width=WIDTH - 90)


def _names_axis(width: int = _NAMES) -> alt.Axis:
    return alt.Axis(labelExpr="split(datum.label, '|')", labelLimit=width, minExtent=width, maxExtent=width)


def draw(found: LongTail, folder: Path) -> list[Path]:
    """Writes every picture as PNG into `folder`; returns their paths. Raises CannotWrite."""
    from .maps import colorings, sheet

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"{folder} cannot be made: {error}. Choose another folder for --plots") from error
    charts = {"long-tail": plots.long_tail(found.train), "reach": reach(found)}
    charts |= {"lists": quality(found, "all"), "lists-of-a-part": quality(found, "part")}
    if found.goods.grouped:
        charts["irrelevance"] = irrelevance(found)
    made = [plots.save(chart, folder / f"{name}.png") for name, chart in charts.items()]
    for coloring in colorings(found):
        path = folder / f"map-{coloring}.png"
        try:
            path.write_bytes(vl_convert.svg_to_png(sheet(found, coloring), scale=2.0))
        except OSError as error:
            raise CannotWrite(f"{path} cannot be written: {error}") from error
        made.append(path)
    return made
