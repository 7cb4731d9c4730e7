"""The section with the maps, and what its script shows of a point."""

import json

from ..markup import Content, Markup, joined, paragraph, tag
from ..numbers import plural
from .maps import colored, colorings, label, scaled, svg, swatch
from .pair import AFTER, BEFORE
from .sentences import company
from .study import LongTail
from .told import Told


def maps(told: Told) -> Markup | None:
    """The maps before and after, by popularity and by category."""
    found = told.found
    if found.map.points.drop_nans(["x_after"]).height < 3:
        return None
    blocks: list[Content] = [paragraph(one) for one in company(found)]
    headings = {"popularity": "By number of events", "category": f"By {found.goods.group}"}
    for coloring in colorings(found):
        points, colors = colored(found, coloring)
        keys = [tag("li", swatch(color), label(coloring, key)) for key, color in colors.items()]
        sides = []
        for name in (BEFORE, AFTER):
            n = points.drop_nans([f"x_{name}"]).height
            words = f"Map of the vectors of {plural(n, 'product')} {name}, colored by {coloring}."
            drawn = tag("div", svg(points, colors, name), cls="map", role="img", aria_label=words, data_side=name)
            sides.append(tag("figure", drawn, tag("figcaption", f"{name.capitalize()}: {plural(n, 'product')}")))
        blocks += [tag("h3", headings[coloring]), tag("ul", keys, cls="keys"), tag("div", sides, cls="maps")]
    note = (
        "Each point is a product. Those whose vectors point the same way lie close together (UMAP of the directions; "
        "both maps begin at the same places). Who is near whom says something; the axes, and the distances between "
        "groups, do not. Point at one to see what it is, and where it lies on the other maps."
    )
    return joined([*blocks, paragraph(note), tag("div", id="tip", role="status", hidden=True)])


def data(found: LongTail) -> Markup:
    """What the script of the maps shows of each point; a name cannot end the script."""
    points = found.map.points
    said = {
        "names": found.goods.names.gather(points["item"]).to_list(),
        "groups": points["group"].to_list(),
        "events": points["events"].to_list(),
        **{name: _places(found, name) for name in (BEFORE, AFTER)},
    }
    text = json.dumps(said, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    return tag("script", Markup(text), type="application/json", id="points")


def _places(found: LongTail, name: str) -> list[int | None]:
    """x and y of each point one after another, None where it has no place."""
    both = found.map.points.select(f"x_{name}", f"y_{name}").to_numpy().ravel().tolist()
    return [scaled(value) if value == value else None for value in both]
