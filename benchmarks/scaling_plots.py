"""Pictures of what fitting costs: python -m benchmarks.scaling_plots figures.jsonl docs/pictures

Reads the lines that `python -m benchmarks scaling --json figures.jsonl` wrote; writes scaling-time.png,
scaling-memory.png and scaling-factors.png.
"""

import json
import sys
from pathlib import Path

import altair as alt
import polars as pl

from benchmarks.scaling import AXES, EVENTS, ITEMS, USERS
from regulars.report.palette import FAINT, INK, LEAD, PAPER, QUIET, RIVAL

MIDDLE = {"events": EVENTS, "customers": USERS, "items": ITEMS}
TITLES = {"events": "events, 20 of each customer", "customers": "customers, of 1 million events", "items": "items"}
TICKS = {"cpu_seconds": [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100], "peak_mb": [200, 500, 1000, 2000, 5000]}
COLORS = {
    "item_knn": LEAD,
    "user_knn": "#5cc0bb",
    "markov": RIVAL,
    "naive_bayes": "#e5956b",
    "rp3beta": "#c9a227",
    "pure_svd": "#8c6bb1",
    "als": "#3b5ba5",
    "bpr": "#7f9fd6",
    "warp": "#a3b18a",
    "slim": "#588157",
    "sparse_ease": "#9c3d54",
    "ease": INK,
    "slist": "#d4738b",
}
FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"


def main(figures: str, folder: str) -> None:
    """Draws the three pictures."""
    rows = _rows(Path(figures)).filter(pl.len().over("axis", "method") > 1)
    _save(_axes(rows, "cpu_seconds", "CPU seconds of a fit"), Path(folder) / "scaling-time.png")
    _save(_axes(rows, "peak_mb", "Peak memory of the process, MB"), Path(folder) / "scaling-memory.png")
    wide = rows.filter(pl.col("axis") == "factors")
    chart = _lines(wide, "cpu_seconds", ("factors", "CPU seconds of a fit"), set(wide["method"]), 300)
    _save(chart, Path(folder) / "scaling-factors.png")


def _rows(path: Path) -> pl.DataFrame:
    """axis, value, method, cpu_seconds, peak_mb; the shop in the middle stands on every axis."""
    rows = []
    for line in path.read_text().splitlines():
        figure = json.loads(line)
        axis = figure["task"].removeprefix("fit against ")
        if figure["cpu_seconds"] is None or figure["peer"] not in COLORS:
            continue
        cost = {"method": figure["peer"], "cpu_seconds": figure["cpu_seconds"], "peak_mb": figure["peak_mb"]}
        places = MIDDLE.items() if axis == "all" else [(axis, int(figure["data"]))]
        rows += [{"axis": name, "value": value, **cost} for name, value in places]
    return pl.DataFrame(rows).sort("axis", "method", "value").unique(["axis", "method", "value"], keep="last")


def _axes(rows: pl.DataFrame, cost: str, title: str) -> alt.HConcatChart:
    methods = set(rows.filter(pl.col("axis") != "factors")["method"])
    parts = [
        _lines(rows.filter(pl.col("axis") == axis), cost, (TITLES[axis], None if place else title), methods, 215)
        for place, axis in enumerate(AXES)
    ]
    return alt.hconcat(*parts, spacing=14).resolve_scale(y="shared", color="shared")


def _lines(rows: pl.DataFrame, cost: str, titles: tuple[str, str | None], methods: set[str], width: int) -> alt.Chart:
    """One axis; the colors are those of `methods`, which stand in the legend."""
    powers = alt.Axis(format="~s", tickCount=3, values=sorted(rows["value"].unique().to_list()))
    shown = [method for method in COLORS if method in methods]
    color = alt.Scale(domain=shown, range=[COLORS[method] for method in shown])
    return (
        alt.Chart(rows)
        .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=36))
        .encode(
            x=alt.X("value:Q", title=titles[0], scale=alt.Scale(type="log", nice=False, padding=12), axis=powers),
            y=alt.Y(
                f"{cost}:Q",
                title=titles[1],
                scale=alt.Scale(type="log", nice=False, padding=12),
                axis=alt.Axis(format="~g", values=TICKS[cost]),
            ),
            color=alt.Color("method:N", title=None, scale=color, sort=shown),
        )
        .properties(width=width, height=300)
    )


def _save(chart: alt.TopLevelMixin, path: Path) -> None:
    styled = (
        chart.properties(background=PAPER)  # type: ignore[attr-defined]
        .configure_view(stroke=None)
        .configure_axis(
            labelFont=FONT,
            titleFont=FONT,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            labelColor=QUIET,
            titleColor=QUIET,
            gridColor=FAINT,
            domain=False,
            tickColor=FAINT,
        )
        .configure_legend(labelFont=FONT, labelFontSize=12, labelColor=INK, symbolStrokeWidth=3)
    )
    styled.save(path, scale_factor=1.5)


if __name__ == "__main__":
    main(*sys.argv[1:])
