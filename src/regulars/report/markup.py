"""HTML that cannot be broken by a product's name: every text is escaped unless it is Markup already."""

import math
from collections.abc import Iterable
from html import escape


class Markup(str):
    """Text that is HTML; whatever else is put into a tag is escaped."""

    __slots__ = ()


Content = str | int | None | Iterable["Content"]

_VOID = {"meta", "br", "hr", "img", "col"}


def tag(name: str, /, *content: Content, **attributes: str | int | bool | None) -> Markup:
    """<name ...>content</name>; cls becomes class, data_x becomes data-x; an attribute of None or False is left out."""
    words = "".join(_attribute(key, value) for key, value in attributes.items() if value not in (None, False))
    return Markup(f"<{name}{words}>") if name in _VOID else Markup(f"<{name}{words}>{joined(content)}</{name}>")


def joined(content: Content) -> Markup:
    """The content as one piece of HTML; nested lists are flattened."""
    match content:
        case None:
            return Markup("")
        case Markup():
            return content
        case str() | int():
            return Markup(escape(str(content)))
        case _:
            return Markup("".join(joined(part) for part in content))


def _attribute(key: str, value: str | int | bool | None) -> str:
    name = "class" if key == "cls" else key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value), quote=True)}"'


def paragraph(*content: Content) -> Markup:
    """<p>content</p>."""
    return tag("p", *content)


def table(
    head: Iterable[Content], rows: Iterable[Iterable[Content]], caption: Content = None, numeric: Iterable[int] = ()
) -> Markup:
    """A table with a header row; the first cell of each row names it; numeric: columns that are set to the right."""
    right = set(numeric)
    return tag(
        "div",
        tag(
            "table",
            tag("caption", tag("span", caption)) if caption else None,
            tag("thead", tag("tr", [tag("th", cell, scope="col", cls=_side(i, right)) for i, cell in enumerate(head)])),
            tag("tbody", [tag("tr", _cells(row, right)) for row in rows]),
        ),
        cls="scroll",
        tabindex=0,
        role="group",
        aria_label="table",
    )


def _cells(row: Iterable[Content], right: set[int]) -> list[Markup]:
    return [
        tag("td", cell, cls=_side(i, right)) if i else tag("th", cell, scope="row", cls=_side(i, right))
        for i, cell in enumerate(row)
    ]


def _side(column: int, right: set[int]) -> str | None:
    return "number" if column in right else None


def figure(picture: Markup, alt: str, caption: Content = None) -> Markup:
    """A picture with its description for those who cannot see it."""
    return tag(
        "figure",
        tag("div", picture, cls="plot", role="img", aria_label=alt),
        tag("figcaption", caption) if caption else None,
    )


def bar(share: float, text: str) -> Markup:
    """A share from 0 to 1 as a small bar beside its text; an empty cell where it is not known."""
    if math.isnan(share):
        return Markup("")
    width = f"--share:{min(max(share, 0.0), 1.0):.3f}"
    return tag("span", tag("span", cls="bar", style=width, aria_hidden="true"), tag("span", text), cls="meter")
