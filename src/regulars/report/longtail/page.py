"""The page of the long tail: one HTML file with everything in it; what moves in it is a small script inside."""

from collections.abc import Mapping

from ..markup import Markup, joined, tag
from ..page import document, inner_file, unbroken
from . import sections
from .gallery_section import gallery
from .layout import mapper
from .map_section import data, maps
from .study import LongTail
from .told import Told

SECTIONS = (
    ("tail", "The long tail", sections.tail),
    ("reach", "Who is reached", sections.reach),
    ("lists", "Do the lists hold what customers wanted?", sections.lists),
    ("map", "Maps of the catalog", maps),
    ("irrelevance", "How similar is what is called similar?", sections.irrelevance),
    ("gallery", "Similar products, before and after", gallery),
    ("protocol", "How this was measured", sections.protocol),
)


def ready() -> None:
    """Raises MissingExtra where the page could not be made, so that nothing is fitted for it in vain."""
    mapper()


def page(found: LongTail, *, shop: str, protocol: Mapping[str, str] | None = None) -> str:
    """The page as text; the same findings give the same text. Raises MissingExtra without the extra `plots`.

    shop: its name; protocol: whatever else is needed to do it again, in the order to show it.
    """
    told = Told(found, protocol or {})
    made = [(name, title, unbroken(body)) for name, title, section in SECTIONS if (body := section(told)) is not None]
    end = tag("style", Markup(inner_file("longtail.css", "longtail")))
    if any(name == "map" for name, _, _ in made):
        end = joined([end, data(found), tag("script", Markup(inner_file("map.js", "longtail")))])
    return document(f"{shop}: the long tail", "The long tail", shop, unbroken(sections.lead(told)), made, end=end)
