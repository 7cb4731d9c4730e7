"""The sections of the page of the long tail, each with sentences that say what is seen."""

from collections.abc import Mapping

import polars as pl

from regulars.core import Frame

from .. import plots
from ..markup import Content, Markup, bar, figure, joined, paragraph, table, tag
from ..numbers import count, plural, share, short
from ..traffic import Traffic
from . import plots as own
from .pair import AFTER, BEFORE
from .reach import ENOUGH
from .sentences import irrelevance_said, lists_said, quality_said, reach_said, tail_said, where_it_goes
from .study import LongTail
from .told import Told
from .words import changed, fine, percent


def lead(told: Told) -> Markup:
    """The whole page in a few sentences."""
    return tag("p", tail_said(told.found), cls="lead")


def tail(told: Told) -> Markup:
    """The curve, and what the parts of the catalog are."""
    found = told.found
    traffic = Traffic.of(found.train)
    n = len(traffic.items)
    alt = (
        f"Curve of the share of events against the share of products: {share(traffic.head / n)} of the products bring "
        f"80 % of the events, {share(traffic.middle / n)} bring 95 %."
    )
    rows: list[list[Content]] = [
        [_part(row), count(row["items"]), _gauge(row["catalog"]), _gauge(row["traffic"]), _gauge(row["wanted"])]
        for row in found.parts.iter_rows(named=True)
    ]
    caption = (
        f"{short(len(found.train))} events to learn from. What was wanted: the products that customers turned to in "
        "the test period, which nobody knew when learning."
    )
    head = ["Products with", "Products", "Of the catalog", "Of the events", "Of what was wanted"]
    return joined(
        [
            paragraph(where_it_goes(found, traffic)),
            figure(Markup(plots.svg(plots.long_tail(found.train))), alt),
            table(head, rows, caption, [1]),
        ]
    )


def reach(told: Told) -> Markup:
    """How the items are placed, and who is on a list."""
    found = told.found
    present = found.reach.filter(pl.col("items") > 0)
    sides = {
        name: ", ".join(
            f"{how} {share(one)}" for how, one in present.filter(name=name).select("how", "share").iter_rows()
        )
        for name in (BEFORE, AFTER)
    }
    rows: list[list[Content]] = [
        [
            _part(row),
            *(_gauge(row[f"listed_{name}"]) for name in (BEFORE, AFTER)),
            *(_gauge(row[f"places_{name}"]) for name in (BEFORE, AFTER)),
            _gauge(row["wanted"]),
        ]
        for row in found.parts.iter_rows(named=True)
    ]
    head = ["Products with", "On a list before", "after", "Places before", "after", "Of what was wanted"]
    caption = (
        f"On a list: among the first {found.look.k} of at least one of the {count(found.asked)} customers who were "
        "asked. Places: where the places of all lists went. Beside them, where that went which customers wanted: a "
        "fair method would have the two alike."
    )
    return joined(
        [
            paragraph(reach_said(found)),
            figure(Markup(plots.svg(own.reach(found))), f"Before: {sides[BEFORE]}. After: {sides[AFTER]}."),
            paragraph(lists_said(found)),
            table(head, rows, caption),
        ]
    )


def lists(told: Told) -> Markup:
    """Figures of the lists by number of interactions."""
    found = told.found
    metric = f"ndcg@{found.look.k}"
    rows = found.quality.by_part()
    asked = (
        f"Both models learned from the same past and were asked the same of {plural(found.asked, 'customer')} "
        f"({found.split}). What these wanted is judged apart by how many events the product had until then. NDCG is 1 "
        f"when the first {found.look.k} places hold what was wanted, best first, and 0 when they hold none of it."
    )
    own_kind = (
        "Where the whole catalog competes, a product of the tail seldom comes before the best sellers, and rightly so. "
        "Here the question is another one: among products that are equally rare, are the right ones first? "
    )
    return joined(
        [
            paragraph(asked),
            tag("h3", "The whole catalog competes"),
            paragraph(quality_said(rows, metric, "all")),
            _plot(found, rows, metric, "all"),
            tag("h3", "Only products with as many events compete"),
            paragraph(own_kind, quality_said(rows, metric, "part")),
            _plot(found, rows, metric, "part"),
            tag("details", tag("summary", "All figures"), _figures(rows, found.look.k)),
        ]
    )


def _plot(found: LongTail, rows: Frame, metric: str, among: str) -> Markup:
    told = rows.filter(among=among, metric=metric, name=AFTER).iter_rows(named=True)
    alt = "; ".join(f"{_part(row)} {changed(row)}" for row in told)
    return figure(Markup(plots.svg(own.quality(found, among))), f"{plots.label_of(metric)} before and after: {alt}.")


def _figures(rows: Frame, k: int) -> Markup:
    names = {"ndcg": "NDCG", "map": "MAP", "recall": "Recall"}
    lines: list[list[Content]] = []
    for row in rows.filter(name=AFTER).iter_rows(named=True):
        same = {name: row[name] for name in ("among", "part", "metric")}
        old = rows.filter(name=BEFORE, **same).row(0, named=True)
        among = "the whole catalog" if row["among"] == "all" else "as many events"
        figure = names[row["metric"].partition("@")[0]]
        lines.append([_part(row), among, figure, _span(old), _span(row), row["verdict"], count(row["customers"])])
    head = ["Products with", "Among", "Figure", "Before", "After", "", "Customers"]
    caption = (
        f"The first {k} places, with 95 % intervals; the verdicts are corrected for the number of comparisons (Holm)."
    )
    return table(head, lines, caption, numeric=(3, 4, 6))


def irrelevance(told: Told) -> Markup | None:
    """The share of similar items that share nothing with the item."""
    found = told.found
    if not found.goods.grouped or not found.irrelevance["mean"].is_not_nan().any():
        return None
    group, n = found.goods.group, found.map.points.height
    said = [
        f"{_part(row)} {percent(row['mean'])} after, {percent(row['chance'])} by chance"
        for row in found.irrelevance.filter(name=AFTER).iter_rows(named=True)
    ]
    words = (
        f"For {plural(n, 'product')}, the tail as well represented as the head, we asked for the {found.look.k} most "
        f"similar ones and counted those of another {group}. Not all of these are wrong: who looks at pasta may want "
        "sauce. But where as many are of another kind as chance would give, the method knows nothing of the product. "
    )
    return joined(
        [
            paragraph(words, irrelevance_said(found)),
            figure(
                Markup(plots.svg(own.irrelevance(found))),
                f"Share of another {group}: {'; '.join(said)}.",
                "The upright line is chance: products drawn from the catalog.",
            ),
        ]
    )


def protocol(told: Told) -> Markup:
    """Enough to do it again."""
    found, k = told.found, told.found.look.k
    whole = [fine(found.quality.whole.evaluations[name].means[f"ndcg@{k}"]) for name in (BEFORE, AFTER)]
    facts = {
        "Split": found.split,
        "Asked": f"{plural(found.asked, 'customer')}, each once; answers from the full catalog, none sampled",
        "All that was wanted": f"NDCG {whole[0]} before, {whole[1]} after, in the first {k}",
        "Behavior-driven": f"an item with {ENOUGH} events or more, or whose vector content has moved or made",
        "On the maps": f"{plural(found.map.points.height, 'product')}, about as many for each number of events",
        "Intervals": "95 %, bootstrap over customers, and over products for what is similar",
        "Differences": "paired; p values of the lists corrected for the number of comparisons (Holm)",
        **told.facts,
    }
    return tag("dl", [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts.items()], cls="facts")


def _part(row: Mapping[str, str]) -> str:
    return plots.part_name("interactions", row["part"])


def _span(row: Mapping[str, float]) -> Content:
    return [fine(row["mean"]), " ", tag("small", f"{fine(row['low'])} to {fine(row['high'])}")]


def _gauge(value: float) -> Markup:
    return bar(value, share(value))
