"""The page of a forecast: one HTML file with everything in it; a small script chooses the picture."""

from collections.abc import Mapping

from ..markup import Markup, joined, tag
from ..page import document, inner_file, unbroken
from . import sections
from .study import Demand

SECTIONS = (
    ("fans", "What will be sold", sections.fans),
    ("coming", "The largest series", sections.coming),
    ("changed", "What if", sections.changed),
    ("methods", "How good is it?", sections.methods),
    ("errors", "Where it errs", sections.errors),
    ("trust", "Do the areas hold what they promise?", sections.trust),
    ("reading", "What was read", sections.reading),
    ("protocol", "How this was made", sections.protocol),
)


def page(found: Demand, *, shop: str, protocol: Mapping[str, str] | None = None) -> str:
    """The page as text; the same findings give the same text. Raises MissingExtra without the extra `plots`.

    shop: its name; protocol: whatever else is needed to do it again, in the order to show it.
    """
    told = sections.Told(found, protocol or {})
    made = [(name, title, unbroken(body)) for name, title, section in SECTIONS if (body := section(told)) is not None]
    end = joined([tag("style", Markup(inner_file("picker.css"))), tag("script", Markup(inner_file("picker.js")))])
    return document(f"{shop}: demand", "Demand", shop, unbroken(sections.lead(told)), made, end=end)
