"""The section with a few products of the tail and what is called similar to them."""

from regulars.core import Frame

from ..markup import Markup, joined, paragraph, tag
from ..numbers import plural
from .pair import AFTER, BEFORE
from .reach import ENOUGH
from .thumbnails import thumbnail
from .told import Told


def gallery(told: Told) -> Markup | None:
    """A few items of the tail with what is similar to them."""
    found = told.found
    if not found.gallery.height:
        return None
    items = found.gallery["item"].unique(maintain_order=True).to_list()
    words = (
        f"{plural(len(items), 'product')} with at most {ENOUGH - 1} events, drawn by lot and not chosen, each with "
        "what a product page would show beside it."
    )
    if found.goods.grouped:
        words += f" Under each stands its {found.goods.group}, with a mark where that is the same."
    return joined([paragraph(words), [_exhibit(told, item) for item in items]])


def _exhibit(told: Told, item: int) -> Markup:
    found = told.found
    facts = [plural(int(found.events[item]), "event"), found.goods.first[item]]
    subject = tag("div", _card(told, item, None), tag("p", " · ".join(filter(None, facts))), cls="subject")
    before, after = (found.gallery.filter(item=item, name=name) for name in (BEFORE, AFTER))
    if before.height and before["similar"].equals(after["similar"]):
        sides = [_side(f"{BEFORE.capitalize()} and {AFTER}", _strip(told, after))]
    else:
        sides = [_side(BEFORE.capitalize(), _strip(told, before)), _side(AFTER.capitalize(), _strip(told, after))]
    return tag("article", subject, tag("div", sides, cls="sides"), cls="exhibit")


def _side(title: str, shown: Markup) -> Markup:
    return tag("div", tag("h4", title), shown, cls="side")


def _strip(told: Told, rows: Frame) -> Markup:
    if not rows.height:
        return tag("p", "Nothing: without an event it had no vector.", cls="none")
    cards = [tag("li", _card(told, row["similar"], row["alike"])) for row in rows.iter_rows(named=True)]
    return tag("ol", cards, cls="strip")


def _card(told: Told, item: int, alike: bool | None) -> Markup:
    """A product: its picture if there are any, its name, and how its group compares."""
    goods = told.found.goods
    photo = None
    if goods.pictures:
        source = thumbnail(goods.pictures[item])
        photo = tag("div", tag("img", src=source, alt="") if source else None, cls="photo")
    said = None
    if alike is not None:
        said = tag("span", f"{goods.first[item]} ✓" if alike else goods.first[item], cls="same" if alike else "other")
    return tag("div", photo, tag("b", goods.names[item] or told.ids[item]), said, cls="card")
