"""The section with the coming weeks of a few customers: what each will need, when, and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from regulars.core import Frame

from ..markup import Content, Markup, joined, paragraph, tag
from ..numbers import count, plural, share
from .plan import BACK
from .study import Repurchases
from .words import chance, due, week_of

_FULL = 0.75  # chance from which on a cell is as dark as it gets
_DEEP = 0.4  # from which on its letters are light


def calendar(found: Repurchases) -> Markup:
    """A piece for each customer: products as rows, weeks as columns; all are there, a script shows one at a time."""
    plan, look = found.plan, found.look
    if not plan.lines.height:
        return paragraph("Nobody of those asked about has bought anything that may be named.")
    names = [found.known.data.users.ids[int(one)] for one in plan.customers["customer"]]
    lines = dict(plan.lines.partition_by("customer", as_dict=True, maintain_order=True))
    pieces = [
        _customer(found, str(name), row, lines[(row["customer"],)])
        for name, row in zip(names, plan.customers.iter_rows(named=True), strict=True)
        if (row["customer"],) in lines
    ]
    words = (
        "Each line is a product that the customer has bought before. Under a week stands the chance that the next "
        "purchase falls into it; the ring marks the week by which it is as likely as not. The strokes are the days of "
        f"purchase in the last {BACK // 7} weeks. Chances are those of {found.chosen}; those of a column add up to the "
        "purchases to expect."
    )
    search = "Search a customer or a product"
    return joined([paragraph(words), tag("div", pieces, data_picker=search), _whom(found, len(pieces), look.products)])


def _whom(found: Repurchases, n: int, k: int) -> Markup:
    asked = "" if n == 1 else ", from the busiest to the quietest"
    return tag(
        "p",
        tag(
            "small",
            f"{plural(n, 'customer')}{asked}, up to {plural(k, 'product')} each.",
        ),
    )


def _customer(found: Repurchases, name: str, row: Mapping[str, Any], lines: Frame) -> Markup:
    weeks = [week_of(found, week) for week in range(found.look.weeks)]
    head = [
        tag("th", "Product, and why", scope="col", cls="product"),
        tag("th", f"Last {BACK // 7} weeks", scope="col", cls="track"),
        [tag("th", label, scope="col", cls="week", title=whole) for label, whole in weeks],
        tag("th", "As likely as not by", scope="col", cls="number"),
    ]
    twice = {name for name, times in Counter(found.known.names[item] for item in lines["item"]).items() if times > 1}
    body = [_line(found, line, weeks, twice) for line in lines.iter_rows(named=True)]
    facts = [
        f"{plural(row['visits'], 'visit')} in 12 weeks",
        _last(row["since"]),
        f"{plural(row['products'], 'product')} bought before",
        f"{_about(row['expected'])} of them expected in the coming week",
    ]
    grid = tag("table", tag("thead", tag("tr", head)), tag("tbody", body), cls="plan", style=f"--weeks:{len(weeks)}")
    return tag(
        "article",
        tag("h3", f"Customer {name}"),
        tag("p", [tag("span", fact) for fact in facts], cls="who"),
        grid,
        data_name=f"{name} ({plural(row['visits'], 'visit')} in 12 weeks)",
        cls="customer",
    )


def _line(found: Repurchases, line: Mapping[str, Any], weeks: Sequence[tuple[str, str]], twice: set[str]) -> Markup:
    """twice: names that more than one product of the customer has; their ids tell them apart."""
    days = line["days"]
    even = None if days is None else min(int(days) // 7, len(weeks))
    cells = []
    for week, ((label, whole), value) in enumerate(zip(weeks, line["weeks"], strict=True)):
        classes = [
            name for name, on in (("deep", value >= _DEEP), ("even", week == even), ("faint", value < 0.0095)) if on
        ]
        said = f"{share(value)} that the next purchase falls into the week of {whole}"
        depth = f"--depth:{min(value / _FULL, 1.0) ** 0.8:.2f}"
        cell = tag("span", chance(value), cls=" ".join(classes) or None, style=depth, title=said)
        cells.append(tag("td", cell, cls="week", data_week=label))
    name, item = found.known.names[int(line["item"])], str(found.known.data.items.ids[int(line["item"])])
    reason = f"{line['reason']} · {item}" if name in twice else line["reason"]
    return tag(
        "tr",
        tag("th", tag("b", name, title=item), tag("span", reason), scope="row", cls="product"),
        tag("td", _track(line["ages"]), cls="track"),
        cells,
        tag("td", due(found, days)),
    )


def _track(ages: Sequence[int]) -> Markup:
    """A stroke for each day of purchase, today at the right end."""
    strokes = "".join(f"M{BACK - age - 0.5:g} 3v18" for age in ages)
    line = tag("line", x1=0, x2=BACK, y1=21, y2=21)
    said = tag("title", f"bought on {plural(len(ages), 'day')} of the last {BACK // 7} weeks")
    return tag(
        "svg", said, line, tag("path", d=strokes), viewBox=f"0 0 {BACK} 24", preserveAspectRatio="none", role="img"
    )


def _last(since: int) -> Content:
    match since:
        case 0:
            return "last seen today"
        case 1:
            return "last seen yesterday"
    return "never seen" if since < 0 else f"last seen {count(since)} days ago"


def _about(value: float) -> str:
    return f"{value:.1f}" if value < 9.95 else count(value)
