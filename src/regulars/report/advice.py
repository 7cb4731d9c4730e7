"""What to do next: each rule looks at one finding and speaks only when the figures say so."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from .contents import Report
from .figures import Figures
from .numbers import count, plural, quoted, score, share
from .traffic import Traffic


@dataclass(frozen=True)
class Advice:
    """What to do, in a few words, and why, with the figures; the more it weighs, the further up."""

    weight: int
    do: str
    because: str


Rule = Callable[[Report], Advice | None]
RuleOfFigures = Callable[[Report, Figures], Advice | None]


def advice(report: Report) -> list[Advice]:
    """What the findings suggest, the most important first; empty when they suggest nothing."""
    given = [rule(report) for rule in RULES]
    if (figures := report.figures) is not None:
        given += [rule(report, figures) for rule in RULES_OF_FIGURES]
    return sorted((one for one in given if one is not None), key=lambda one: -one.weight)


def _use_the_leader(report: Report, figures: Figures) -> Advice | None:
    leader, baseline = report.leader, report.baseline
    if leader == baseline:
        return None
    ours, theirs = (figures.row(name, figures.main) for name in (leader, baseline))
    if not ours or not theirs or not ours["low"] > theirs["high"]:
        return None
    return Advice(
        90,
        f"Show customers the lists of {quoted(leader)}",
        f"Its {_called(figures)} is {score(ours['mean'])}, {_gain(ours['mean'], theirs['mean'])} {quoted(baseline)} "
        f"({score(theirs['mean'])}), and the intervals do not touch. Start with a share of the customers, and keep the "
        "others as a control group: only that shows what the lists are worth in money.",
    )


def _keep_it_simple(report: Report, figures: Figures) -> Advice | None:
    leader, baseline = report.leader, report.baseline
    if len(figures.names) < 2:
        return None
    ours, theirs = (figures.row(name, figures.main) for name in (leader, baseline))
    if leader != baseline and theirs["verdict"] not in ("no difference", "reference"):
        return None
    if leader != baseline and ours["low"] > theirs["high"]:
        return None
    what = (
        f"{leader} does not find more than {baseline}" if leader != baseline else f"Nothing finds more than {baseline}"
    )
    return Advice(
        95,
        f"Stay with {quoted(baseline)} for now",
        f"{what} (NDCG {score(ours['mean'])} and {score(theirs['mean'])}). A longer log, views beside purchases, or "
        "more customers would tell more.",
    )


def _another_is_better_now(report: Report, figures: Figures) -> Advice | None:
    leader = report.leader
    row = figures.row(leader, figures.main)
    if not row or row["verdict"] != "worse":
        return None
    best = str(row["reference"])
    return Advice(
        92,
        f"Think again about {quoted(leader)}",
        f"It was chosen on the earlier period, but on the later one {quoted(best)} is better (NDCG "
        f"{score(figures.mean(best, figures.main))} against {score(row['mean'])}). Do customers want other things than "
        "they did then? Compare again on a third period before changing.",
    )


def _as_good_and_cheaper(report: Report, figures: Figures) -> Advice | None:
    leader = report.leader
    if "fit_seconds" not in figures.cost.columns or leader not in figures.names:
        return None
    best = figures.row(leader, figures.main)
    seconds = dict(figures.cost.select("name", "fit_seconds").iter_rows())
    for row in figures.ranked(figures.main).iter_rows(named=True):
        alike = best["verdict"] == "reference" and row["verdict"] == "no difference"
        if alike and seconds[leader] > 5 and seconds[row["name"]] * 5 < seconds[leader]:
            return Advice(
                60,
                f"Consider {quoted(row['name'])}, which is as good and learns faster",
                f"The log cannot tell the two apart (NDCG {score(row['mean'])} and {score(best['mean'])}), and it "
                f"learns in {seconds[row['name']]:.1f} instead of {seconds[leader]:.0f} seconds.",
            )
    return None


def _habits(report: Report, figures: Figures) -> Advice | None:
    repeat, explore = (figures.part("repeat", part, report.leader, figures.recall) for part in ("repeat", "explore"))
    if not repeat or not explore or not repeat["mean"] > 3 * explore["mean"] or repeat["mean"] < 0.02:
        return None
    return Advice(
        70,
        "Give habits and discoveries a place each",
        f"The first {figures.k[0]} places of {quoted(report.leader)} hold {share(repeat['mean'])} of what customers "
        f"bought again, but {share(explore['mean']) if explore['mean'] else 'none'} of what was new to them. "
        f"{_better_at_new(report, figures)}"
        "A “buy again” row and a “new for you” row do not compete for the same places.",
    )


def _better_at_new(report: Report, figures: Figures) -> str:
    """Who is better at what is new to the customer, if anybody is."""
    parts = {name: figures.part("repeat", "explore", name, figures.recall) for name in figures.names}
    known = {name: row for name, row in parts.items() if row}
    best = max(known, key=lambda name: known[name]["mean"])
    if best == report.leader or not known[best]["low"] > known[report.leader]["high"]:
        return ""
    return f"For the new, {quoted(best)} finds more ({share(known[best]['mean'])}). "


def _tail(report: Report, figures: Figures) -> Advice | None:
    if not len(report.data):
        return None
    head, tail = (figures.part("traffic", part, report.leader, figures.recall) for part in ("head", "tail"))
    if not head or not tail or tail["mean"] > head["mean"] / 4:
        return None
    traffic = Traffic.of(report.data)
    size = traffic.sold - traffic.middle
    features = report.data.item_features
    columns = [name for name in features.columns if features[name].null_count() < 0.2 * features.height]
    known = f" The catalog already says {_some(columns)} of most products." if columns else ""
    return Advice(
        50,
        "Help the tail with what is known of the products",
        f"The {plural(size, 'product')} of the tail are found in {share(tail['mean'])} of the cases where they were "
        f"wanted, those of the head in {share(head['mean'])}. Behavior alone will not change that; texts, pictures and "
        f"attributes can.{known}",
    )


def _some(columns: list[str]) -> str:
    return ", ".join(columns[:4]) + (" and more" if len(columns) > 4 else "")


def _new_products(report: Report, figures: Figures) -> Advice | None:
    new = figures.part("age", "new", report.leader, figures.recall)
    if not new or new["customers"] < 0.1 * figures.queries or new["mean"] > 0.01:
        return None
    return Advice(
        45,
        "Give new products a way in",
        f"{count(new['customers'])} of {plural(figures.queries, 'customer')} wanted a product without a past, and no "
        "list could hold one. Reserve a place for novelties, or recommend them by their attributes.",
    )


def _all_the_same(report: Report, figures: Figures) -> Advice | None:
    k = figures.k[0]
    overlap = figures.of_catalog(report.leader, f"overlap@{k}")
    if not overlap > 0.5:
        return None
    return Advice(
        80,
        "Do not call these lists personal",
        f"Two customers share {share(overlap)} of their {k} places. The log may be too short or too sparse; ask for "
        "views and carts beside purchases.",
    )


def _repair_the_source(report: Report) -> Advice | None:
    found = report.check
    if found is None or found.quarantined < 0.01 * found.rows:
        return None
    lost = found.quarantined / found.rows
    reasons = {(name, reason): n for name, of in found.reasons.items() for reason, n in of.items()}
    (name, reason), n = max(reasons.items(), key=lambda pair: pair[1])
    because = f"{share(lost)} of the rows could not be used; most often, in {name}: {reason} ({plural(n, 'row')})."
    return Advice(75 if lost > 0.05 else 40, "Repair the tables at their source", because)


def _complete_the_catalog(report: Report) -> Advice | None:
    found = report.check
    if found is None or found.unknown_item_events < 0.001 * max(1, found.events):
        return None
    return Advice(
        30,
        "Complete the catalog",
        f"{plural(found.unknown_items, 'product')} with {plural(found.unknown_item_events, 'event')} are not in it, so "
        "nothing is known of them but who bought them.",
    )


def _look_at_outliers(report: Report) -> Advice | None:
    found = report.check
    if found is None or not found.outliers:
        return None
    worst = found.outliers[0]
    n = len({one.customer for one in found.outliers})
    return Advice(
        25,
        f"Look at {plural(n, 'customer')} far beyond the rest",
        f"Customer {worst.customer} has {count(worst.count)} {worst.what} where {count(worst.typical)} is typical. "
        "Resellers, bots and the till's own account teach a method what no customer wants.",
    )


def _leaks(report: Report, figures: Figures) -> Advice | None:
    if not figures.leaks:
        return None
    return Advice(
        85,
        "Measure again with a cut in time before deciding",
        f"In this split {figures.leaks}, so the figures are better than customers will see.",
    )


def _too_few(report: Report, figures: Figures) -> Advice | None:
    if figures.queries >= 300:
        return None
    return Advice(
        65,
        "Ask more customers before deciding",
        f"Only {plural(figures.queries, 'customer')} could be asked, so only large differences can be seen. A longer "
        "test period or a longer log gives more.",
    )


def _thin(report: Report) -> Advice | None:
    counts = np.diff(report.data.starts)
    thin = float((counts[counts > 0] <= 2).mean()) if (counts > 0).any() else 0.0
    if thin < 0.3:
        return None
    return Advice(
        35,
        "Collect views and searches of occasional customers",
        f"{share(thin)} of the customers have one or two events; little can be said of their taste.",
    )


def _called(figures: Figures) -> str:
    return f"NDCG of the first {figures.k[0]}"


def _gain(ours: float, theirs: float) -> str:
    if theirs <= 0:
        return "above that of"
    return f"{ours / theirs:.1f} times that of" if ours > 1.5 * theirs else f"{share(ours / theirs - 1)} above"


RULES: Final[tuple[Rule, ...]] = (_repair_the_source, _complete_the_catalog, _look_at_outliers, _thin)
RULES_OF_FIGURES: Final[tuple[RuleOfFigures, ...]] = (
    _use_the_leader,
    _keep_it_simple,
    _another_is_better_now,
    _as_good_and_cheaper,
    _habits,
    _tail,
    _new_products,
    _all_the_same,
    _leaks,
    _too_few,
)
