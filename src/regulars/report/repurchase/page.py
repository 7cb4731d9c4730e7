"""The page of what is bought again: one HTML file with everything in it; a small script chooses the customer."""

from collections.abc import Mapping

from ..markup import Markup, joined, tag
from ..page import document, inner_file, unbroken
from . import sections, sentences
from .study import Repurchases

SECTIONS = (
    ("calendar", "The coming weeks", sections.calendar),
    ("products", "What will be bought most", sections.products),
    ("sums", "Do the sums come true?", sections.sums),
    ("methods", "Which method foretells it best", sections.methods),
    ("trust", "Does a chance keep its word?", sections.trust),
    ("curves", "When products come back", sections.curves),
    ("protocol", "How this was measured", sections.protocol),
)


def page(found: Repurchases, *, shop: str, protocol: Mapping[str, str] | None = None) -> str:
    """The page as text; the same findings give the same text. Raises MissingExtra without the extra `plots`.

    shop: its name; protocol: whatever else is needed to do it again, in the order to show it.
    """
    told = sections.Told(found, protocol or {})
    made = [(name, title, unbroken(body)) for name, title, section in SECTIONS if (body := section(told)) is not None]
    style = tag("style", Markup(inner_file("picker.css") + inner_file("repurchase.css", "repurchase")))
    end = joined([style, tag("script", Markup(inner_file("picker.js")))])
    lead = tag("p", sentences.lead(found), cls="lead")
    return document(f"{shop}: bought again", "Bought again", shop, unbroken(lead), made, end=end)
