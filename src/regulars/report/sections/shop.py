"""The shop in figures, and how its demand spreads."""

import numpy as np
import polars as pl

from regulars.core import DAY, Dataset
from regulars.core.errors import EmptyData

from ..contents import Report
from ..markup import Markup, figure, joined, paragraph, tag
from ..numbers import count, day, plural, share, short
from ..traffic import Traffic


def shop(report: Report) -> Markup | None:
    """Tiles with the main figures, the weeks, and the long tail."""
    from .. import plots

    data = report.data
    if not len(data):
        return None
    traffic = Traffic.of(data)
    return joined([tiles(report), _weeks(report), *_tail(plots.svg(plots.long_tail(data)), traffic)])


def tiles(report: Report) -> Markup:
    """The main figures, each with what it counts."""
    data = report.data
    per_customer = np.diff(data.starts)
    per_customer = per_customer[per_customer > 0]
    facts = [
        (short(len(data)), kinds(report)),
        (count(len(per_customer)), "customers who did something"),
        (count(data.n_items), f"products, {share(Traffic.of(data).sold / max(1, data.n_items))} of them with events"),
        (count(float(np.median(per_customer))), "events of the median customer"),
    ]
    if data.time.max() > data.time.min():
        days = (int(data.time.max()) - int(data.time.min())) // DAY + 1
        facts.append((plural(days, "day"), f"{day(data.time.min())} to {day(data.time.max())}"))
    for column, label in (("session", "visits or baskets"), ("store", "stores"), ("channel", "channels")):
        if column in data.context.columns:
            facts.append((count(data.context[column].n_unique()), label))
    if "value" in data.context.columns:
        facts.append((short(_sold(data)), "value of what was bought, in the shop's currency"))
    return tag("dl", [tag("div", tag("dd", figure), tag("dt", label)) for figure, label in facts], cls="tiles")


def _sold(data: Dataset) -> float:
    """The value of the purchases less that of the returns; of all events in a log that names no purchases."""
    value = data.context["value"].fill_null(0).fill_nan(0).cast(pl.Float64).to_numpy()
    if "purchase" not in data.kinds:
        return float(value.sum())
    signs = np.array([{"purchase": 1.0, "return": -1.0}.get(kind, 0.0) for kind in data.kinds])[data.kind]
    return float((np.abs(value) * signs).sum())


def kinds(report: Report) -> str:
    """What the events are: purchases, or views (80 %), carts (12 %) and so on."""
    data = report.data
    counts = np.bincount(data.kind, minlength=len(data.kinds))
    order = np.argsort(-counts, kind="stable")
    present = [i for i in order if counts[i]]
    if len(present) == 1:
        return "events" if data.kinds[present[0]] == "event" else f"events, all of the kind {data.kinds[present[0]]}"
    return "events: " + ", ".join(f"{data.kinds[i]} {share(counts[i] / len(data))}" for i in present)


def _weeks(report: Report) -> Markup | None:
    from .. import plots

    try:
        picture = plots.svg(plots.events_by_week(report.data))
    except EmptyData:
        return None
    return figure(
        Markup(picture), "Line of the number of events in each week of the log.", "Events in each whole week."
    )


def _tail(picture: str, traffic: Traffic) -> list[Markup]:
    n = len(traffic.items)
    unsold = n - traffic.sold
    alt = (
        f"Curve of the share of events against the share of products: {share(traffic.head / n)} of the products bring "
        f"80 % of the events, {share(traffic.middle / n)} bring 95 %."
    )
    sentence = f"{share(traffic.head / n)} of the catalog brings 80 % of all events."
    if unsold:
        sentence += f" {plural(unsold, 'product has', 'products have')} no event at all ({share(unsold / n)})."
    return [
        tag("h3", "The long tail"),
        paragraph(sentence + " What lies in the tail is where recommendations can show customers something new."),
        figure(Markup(picture), alt),
    ]
