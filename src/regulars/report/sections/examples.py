"""Lists of a few customers beside what they did before, and products that resemble two others."""

import numpy as np
import polars as pl

from .. import choice
from ..contents import Report
from ..markup import Content, Markup, joined, paragraph, table, tag
from ..numbers import count, day, plural, short_day

_HISTORY = 8  # products of a history that are shown
_LIST = 10


def customers(report: Report) -> Markup | None:
    """What a regular, an average customer and a newcomer did, and what they are shown."""
    if not report.recommendations.height:
        return None
    shown = [_customer(report, one) for one in choice.customers(report.data, report.recommendations)]
    if not shown:
        return None
    lists = plural(report.recommendations["user_id"].n_unique(), "customer")
    intro = (
        f"{lists} got a list, learned from the whole log. Each line says why it is there, by the method's own figures."
    )
    return joined([paragraph(intro), shown])


def _customer(report: Report, customer: choice.Customer) -> Markup:
    mine = report.recommendations.filter(pl.col("user_id") == customer.user_id).sort("rank").head(_LIST)
    events = int(report.data.starts[customer.index + 1] - report.data.starts[customer.index])
    return tag(
        "article",
        tag("h3", f"{customer.who}: customer {customer.user_id}"),
        paragraph(f"{plural(events, 'event')} until {day(report.data.time.max())}."),
        tag("div", _history(report, customer.index), _list(report, mine), cls="beside"),
    )


def _history(report: Report, user: int) -> Markup:
    """The products a customer met most often, each with how often and when last."""
    data = report.data
    rows = slice(int(data.starts[user]), int(data.starts[user + 1]))
    met = pl.DataFrame({"item": data.item[rows], "time": data.time[rows], "weight": data.weight[rows]})
    most = (
        met.filter(pl.col("weight") > 0)
        .group_by("item", maintain_order=True)
        .agg(pl.len().alias("times"), pl.col("time").max().alias("last"))
        .sort("times", "last", descending=True)
    )
    top = most.head(_HISTORY)
    ids = data.items.names(top["item"].to_numpy())
    names = report.names(ids)
    cells = [
        (_product(name, id_), count(times), tag("span", short_day(last), cls="date"))
        for name, id_, times, last in zip(names, ids, top["times"], top["last"], strict=True)
    ]
    more = most.height - top.height
    caption = "What they did most" + (f", and {plural(more, 'more product')}" if more else "")
    return table(["Product", "Times", "Last"], cells, caption, numeric=[1])


def _list(report: Report, mine: pl.DataFrame) -> Markup:
    names = report.names(mine["item_id"])
    reasons = mine["reason"] if "reason" in mine.columns else pl.Series([""] * mine.height)
    cells = [
        (str(rank), _product(name, item), reason or "")
        for rank, name, item, reason in zip(mine["rank"], names, mine["item_id"], reasons, strict=True)
    ]
    return table(["", "Product", "Why"], cells, "What they are shown")


def products(report: Report) -> Markup | None:
    """What resembles a product of the head and one of the tail."""
    if not report.similar.height:
        return None
    counts = np.bincount(report.data.item, minlength=report.data.n_items)
    asked = report.similar["item_id"].unique(maintain_order=True)
    events = counts[report.data.items.known(asked, "item")]
    names = report.names(asked)
    tables: list[Content] = []
    for item, name, met in zip(asked, names, events, strict=True):
        near = report.similar.filter(pl.col("item_id") == item).sort("rank").head(_LIST)
        index = report.data.items.index(near["similar_item_id"])
        cells = [
            (str(rank), _product(called, other), count(counts[at]) if at >= 0 else "")
            for rank, called, other, at in zip(
                near["rank"], report.names(near["similar_item_id"]), near["similar_item_id"], index, strict=True
            )
        ]
        tables.append(
            tag(
                "div",
                tag("h3", _product(name, item)),
                table(["", "Similar product", "Events"], cells, f"{plural(met, 'event')} of its own", numeric=[2]),
            )
        )
    intro = "One product that many buy, and one of the tail: what a product page could show beside them."
    return joined([paragraph(intro), tag("div", tables, cls="beside")])


def _product(name: str, item: object) -> Content:
    """A product's name, and its number small beside it."""
    return name if name == str(item) else [name, " ", tag("small", str(item))]
