"""Maps as SVG: a point for each item, one path for each color, so that thousands of points stay small."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from regulars.core import Frame

from .. import plots
from ..markup import Markup, tag
from ..numbers import plural
from ..palette import GROUPS, INK, PAPER, QUIET, REST, STEPS
from .pair import AFTER, BEFORE
from .study import LongTail

SIDE: Final = 500  # units of a map
MARGIN: Final = 12
_OTHER: Final = "all others"


def colorings(found: LongTail) -> tuple[str, ...]:
    """What the points are colored by."""
    return ("popularity", "category") if found.goods.grouped else ("popularity",)


def colored(found: LongTail, coloring: str) -> tuple[Frame, dict[str, str]]:
    """The points with a column `key`, and the color of each key in the order of the legend."""
    points = found.map.points
    if coloring == "popularity":
        present = points["part"].unique().to_list()
        names = [name for name in found.slices.names if name in present]
        colors = dict(zip(found.slices.names, STEPS, strict=True))
        return points.with_columns(key="part"), {name: colors[name] for name in names}
    known = points["group"].drop_nulls()
    most = known.value_counts(sort=True).sort("count", "group", descending=[True, False])["group"].head(len(GROUPS))
    names = most.to_list()
    keyed = pl.when(pl.col("group").is_in(names)).then("group").otherwise(pl.lit(_OTHER))
    colors = dict(zip(names, GROUPS, strict=False))
    if points.height > points["group"].is_in(names).sum():
        colors[_OTHER] = REST
    return points.with_columns(key=keyed), colors


def svg(points: Frame, colors: Mapping[str, str], name: str) -> Markup:
    """One map; what has no place on it is left out."""
    return tag(
        "svg",
        dots(points, colors, name),
        tag("circle", r=9, cls="ring", fill="none", stroke=INK, stroke_width=2, display="none"),
        viewBox=f"0 0 {SIDE} {SIDE}",
        aria_hidden="true",
    )


def dots(points: Frame, colors: Mapping[str, str], name: str) -> list[Markup]:
    """A path for each color; the last in the legend lies at the bottom."""
    placed = points.drop_nans([f"x_{name}", f"y_{name}"])
    width = 6.5 if placed.height < 1_500 else 4.8 if placed.height < 6_000 else 3.4
    drawn = []
    for key, color in reversed(list(colors.items())):
        own = placed.filter(pl.col("key") == key)
        if own.height:
            at = zip(own[f"x_{name}"], own[f"y_{name}"], strict=True)
            path = "".join(f"M{scaled(x)} {scaled(y)}h0" for x, y in at)
            style = {"stroke_linecap": "round", "stroke_width": str(width), "fill": "none"}
            opacity = "0.55" if color == REST else "0.8"
            drawn.append(tag("path", d=path, stroke=color, stroke_opacity=opacity, **style))
    return drawn


def swatch(color: str) -> Markup:
    """The sign of a color in a legend."""
    return tag("svg", tag("circle", cx=6, cy=6, r=6, fill=color), viewBox="0 0 12 12", aria_hidden="true")


def scaled(place: float) -> int:
    """A place between 0 and 1 in units of a map."""
    return round(MARGIN + place * (SIDE - 2 * MARGIN))


def label(coloring: str, key: str) -> str:
    """What a color stands for."""
    return plots.part_name("interactions", key) if coloring == "popularity" else key


def sheet(found: LongTail, coloring: str) -> str:
    """Both maps side by side with a legend, as one picture of its own."""
    points, colors = colored(found, coloring)
    gap, top = 40, 92
    wide = 2 * SIDE + 3 * gap
    font = {"font_family": "Arial, 'Liberation Sans', Helvetica, sans-serif", "fill": INK}
    parts: list[Markup] = [tag("rect", width=wide, height=SIDE + top + gap, fill=PAPER)]
    x = gap
    for key, color in colors.items():
        words = label(coloring, key)
        parts.append(tag("circle", cx=x + 6, cy=34, r=6, fill=color))
        parts.append(tag("text", words, x=x + 18, y=39, font_size=15, **font))
        x += 36 + round(7.9 * len(words))
    for place, name in enumerate((BEFORE, AFTER)):
        left = gap + place * (SIDE + gap)
        n = points.drop_nans([f"x_{name}"]).height
        title = f"{name}: {plural(n, 'product')}"
        parts.append(tag("text", title, x=left, y=78, font_size=17, font_weight="bold", **font))
        frame = tag("rect", width=SIDE, height=SIDE, rx=6, fill="none", stroke=QUIET, stroke_opacity="0.25")
        parts.append(tag("g", frame, dots(points, colors, name), transform=f"translate({left} {top})"))
    size = {"width": max(wide, x), "height": SIDE + top + gap}
    return tag("svg", parts, xmlns="http://www.w3.org/2000/svg", **size)
