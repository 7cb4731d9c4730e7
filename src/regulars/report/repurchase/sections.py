"""The sections of the page of what is bought again, each with sentences that say what is seen."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from ..markup import Content, Markup, bar, figure, joined, paragraph, table, tag
from ..numbers import count, plural, share
from . import sentences
from .calendar import calendar as planned
from .study import Repurchases
from .tried import WEEKS, reliability
from .words import day_of, gap_said, horizon_name

_PRODUCTS = 20  # lines of the table of products
_FIGURES = (("average precision", "Average precision"), ("log loss", "Log loss"), ("ndcg", "NDCG@10"))


@dataclass(frozen=True)
class Told:
    """What a section tells of: the findings, and further facts of the protocol."""

    found: Repurchases
    facts: Mapping[str, str] = field(default_factory=dict)


def calendar(told: Told) -> Markup:
    """The coming weeks of a few customers."""
    return planned(told.found)


def products(told: Told) -> Markup | None:
    """What will be bought most."""
    found = told.found
    items = found.totals.items.filter(pl.col("expected") >= 0.005).sort("expected", "item", descending=[True, False])
    if not items.height:
        return None
    rows: list[list[Content]] = [
        [
            found.known.names[row["item"]],
            _about(row["expected"]),
            count(row["likely"]),
            bar(
                row["expected"] / max(row["bought"], 1),
                f"{share(row['expected'] / max(row['bought'], 1))} of {count(row['bought'])}",
            ),
            gap_said(row["q25"], row["q50"], row["q75"]),
        ]
        for row in items.head(_PRODUCTS).iter_rows(named=True)
    ]
    head = ["Product", "Customers expected", "Likely ones", "Of those who bought it before", "Days between purchases"]
    caption = (
        f"Within {horizon_name(found.look.horizon)}. Customers expected: their chances added up. Likely ones: those "
        "with a chance above 50 %. Days between purchases: the middle one, and what the middle half lies between; who "
        "never came back is not in it."
    )
    return table(head, rows, caption, numeric=(1, 2, 4))


def sums(told: Told) -> Markup | None:
    """Expected purchases week by week against what was bought."""
    found = told.found
    if found.tried is None:
        return paragraph(f"How far the chances can be trusted could not be tried: {found.untried}.")
    from .. import plots as common
    from . import plots

    weeks = found.tried.weeks
    said = "; ".join(
        f"week of {day_of(found, row['week'])}: {count(row['bought'])} bought, {count(row[found.chosen])} expected"
        for row in weeks.iter_rows(named=True)
    )
    rows: list[list[Content]] = [
        [
            horizon_name(row["weeks"]),
            row["name"],
            count(row["expected"]),
            count(row["bought"]),
            _ratio(row["expected"], row["bought"]),
        ]
        for row in found.tried.horizons.sort("weeks", maintain_order=True).iter_rows(named=True)
    ]
    caption = (
        f"Asked once, on {_day(found)}: pairs of customer and product that were expected within so many weeks, and "
        "that were bought in them. A pair counts once."
    )
    return joined(
        [
            paragraph(sentences.sums_said(found)),
            figure(Markup(common.telling(plots.weeks(found))), f"Purchases and expectations. {said}."),
            table(["Within", "Method", "Expected", "Bought", "Difference"], rows, caption, numeric=(2, 3, 4)),
        ]
    )


def methods(told: Told) -> Markup | None:
    """The figures of each method, with intervals."""
    found = told.found
    if found.tried is None:
        return None
    rows: list[list[Content]] = []
    for weeks in dict.fromkeys(found.table["horizon_weeks"]):
        for place, name in enumerate(found.names):
            mine = found.table.filter(model=name, horizon_weeks=weeks)
            cells = [_span(mine.filter(figure=key).row(0, named=True)) for key, _ in _FIGURES]
            ece = mine.filter(figure="ece")["value"][0]
            called: Content = tag("strong", name) if name == found.chosen else name
            rows.append([horizon_name(weeks) if not place else "", called, *cells, f"{100 * ece:.2f} %"])
    judged = found.tried.judged[0]
    against = "frequency" if "frequency" in found.names else ""
    marks = f" Better or worse than {against}: significantly so (paired over customers, corrected)." if against else ""
    caption = (
        f"{count(len(judged.said))} pairs of {plural(len(set(judged.row.tolist())), 'customer')}, as known on "
        f"{_day(found)}; with 95 % intervals over customers.{marks} Less log loss is better, more of the others."
    )
    head = ["Within", "Method", *(title for _, title in _FIGURES), "ECE"]
    return joined([paragraph(sentences.best_said(found)), table(head, rows, caption, numeric=(2, 3, 4, 5))])


def trust(told: Told) -> Markup | None:
    """Whether what is said in 3 of 10 cases happens in 3 of 10."""
    found = told.found
    if found.tried is None:
        return None
    from .. import plots as common
    from . import plots

    alt = "; ".join(
        f"{row['model']} within {horizon_name(row['horizon_weeks'])}: ECE {100 * row['value']:.2f} %"
        for row in found.table.filter(figure="ece").iter_rows(named=True)
    )
    rows: list[list[Content]] = [
        [
            one.name,
            horizon_name(one.horizon),
            share(row["said"]),
            share(row["happened"]),
            f"{share(row['low'])} to {share(row['high'])}",
            count(row["pairs"]),
        ]
        for one in found.tried.judged
        for row in reliability(one).iter_rows(named=True)
    ]
    every = table(["Method", "Within", "Said", "Happened", "95 % interval", "Pairs"], rows, numeric=(2, 3, 4, 5))
    return joined(
        [
            paragraph(sentences.trust_said(found)),
            figure(Markup(common.telling(plots.trust(found))), f"Reliability: {alt}."),
            tag("details", tag("summary", "All points, with the number of pairs"), every),
        ]
    )


def curves(told: Told) -> Markup | None:
    """When products come back: what was seen against what was said, by days since the last purchase."""
    found = told.found
    if found.tried is None or not found.tried.ages.height:
        return None
    from .. import plots as common
    from . import plots

    items = found.tried.ages["item"].unique(maintain_order=True).to_list()
    gaps = {row["item"]: row for row in found.totals.items.filter(pl.col("item").is_in(items)).iter_rows(named=True)}
    rows: list[list[Content]] = [
        [
            found.known.names[item],
            gap_said(gaps[item]["q25"], gaps[item]["q50"], gaps[item]["q75"]),
            bar(
                gaps[item]["again"] / max(gaps[item]["bought"], 1),
                f"{share(gaps[item]['again'] / max(gaps[item]['bought'], 1))} of {count(gaps[item]['bought'])}",
            ),
        ]
        for item in items
    ]
    words = (
        "For the products that most customers bought again: how many of those whose last purchase was so long ago "
        f"bought it within the following week, in the newest {WEEKS} weeks (points with 95 % intervals), and what the "
        "methods had said of the same customers (lines). A product that is used up shows a hump at its gap; most show "
        "none, as those who wait long are others than those who buy often."
    )
    named = ", ".join(found.known.names[item] or "" for item in items)
    return joined(
        [
            paragraph(words),
            figure(
                Markup(common.telling(plots.curves(found))),
                f"Chance of a purchase by days since the last one, for {named}.",
            ),
            table(["Product", "Days between purchases", "Bought on a second day"], rows, None, numeric=(1,)),
        ]
    )


def protocol(told: Told) -> Markup:
    """Enough to do it again."""
    found, data = told.found, told.found.known.data
    drawn = "" if found.asked == found.look.customers < data.n_users else "everybody who bought anything"
    facts = {
        "Asked": f"{plural(found.asked, 'customer')}, {drawn or 'drawn by lot of ' + count(data.n_users)}",
        "Chances": f"of {found.chosen}, learned from everything until {_day(found, now=True)}",
    }
    if found.tried is not None:
        facts |= {
            "Tried": f"each method learned anew from what was before {_day(found)}, asked of the {WEEKS} weeks after",
            "Intervals": "95 %, bootstrap over customers; of shares by Wilson, or by the variance between customers",
        }
    facts |= dict(told.facts)
    return tag("dl", [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts.items()], cls="facts")


def _span(row: Mapping[str, Any]) -> Content:
    digits = 4 if row["figure"] == "log loss" else 3
    value, low, high = (_rounded(row[name], digits) for name in ("value", "low", "high"))
    said = row["verdict"] if row["verdict"] in ("better", "worse") else ""
    return [value, " ", tag("small", f"{low} to {high}"), [tag("br"), tag("small", said)] if said else None]


def _rounded(value: float | None, digits: int) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.{digits}f}"  # noqa: RUF001


def _ratio(expected: float, bought: float) -> str:
    return "–" if not bought else f"{100 * (expected / bought - 1):+.1f} %"  # noqa: RUF001


def _about(value: float) -> str:
    return f"{value:.1f}" if value < 9.95 else count(value)


def _day(found: Repurchases, *, now: bool = False) -> str:
    assert now or found.tried is not None
    when = day_of(found, found.at if now or found.tried is None else found.tried.moment)
    return f"{when.day} {when:%B %Y}"
