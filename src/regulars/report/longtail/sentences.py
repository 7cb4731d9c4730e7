"""What is seen, in sentences: better, worse or no difference, by the intervals and not by the eye."""

from typing import Final

import polars as pl

from regulars.core import Frame

from .. import plots
from ..numbers import plural, share
from ..traffic import Traffic
from .pair import AFTER, BEFORE
from .reach import ENOUGH, reached
from .study import LongTail
from .words import ALIKE, BETTER, WORSE, fine, listed, percent, times

RARE: Final = ("0", "1-3", "4-10")
FEW: Final = f"at most {ENOUGH - 1} events"
_FEW_PARTS: Final = 2  # are named one by one
_SEEN: Final = 0.02  # a share must differ by so much from another to be called more or less
_MORE: Final = 0.05  # and by so much to be called a change for the worse


def tail_said(found: LongTail) -> str:
    """The whole page in a few sentences."""
    few = float((found.events < ENOUGH).mean())
    before, after = reached(found.reach, BEFORE), reached(found.reach, AFTER)
    rows = found.quality.by_part().filter(metric=f"ndcg@{found.look.k}", name=AFTER)
    return (
        f"{share(few)} of the {plural(found.train.n_items, 'product')} have {FEW}: what a method learns of them from "
        f"behavior alone is mostly noise. With content mapped in, behavior-driven recommendations reach {share(after)} "
        f"of the catalog instead of {share(before)}. {_rare(rows.filter(pl.col('among') == 'part', _rare_parts()))} "
        f"{_common(rows.filter(pl.col('among') == 'all', _rare_parts().not_()))}"
    )


def _rare_parts() -> pl.Expr:
    return pl.col("part").is_in(RARE)


def _rare(rows: Frame) -> str:
    """What became of the rare products among their own kind."""
    better, worse = rows.filter(verdict=BETTER), rows.filter(verdict=WORSE)
    if worse.height:
        return f"Among rare products the right ones come first less often than before: {_named(worse)}."
    if not better.height:
        return "Whether the right ones among rare products come first more often, this log cannot tell."
    met = better.filter(pl.col("part") != "0")  # without an event there was no answer at all, which any answer beats
    most = (met if met.height else better).sort("difference", descending=True).row(0, named=True)
    old = most["mean"] - most["difference"]
    return (
        f"Among products with {name(most['part'])} the right ones come first more often: NDCG {fine(old)} before, "
        f"{fine(most['mean'])} after{times(old, most['mean'])}."
    )


def _common(rows: Frame) -> str:
    """What became of the products with more events where the whole catalog competes."""
    better, worse = rows.filter(verdict=BETTER), rows.filter(verdict=WORSE)
    if worse.height:
        return f"It has a price: the lists are worse for {_named(worse)}."
    if better.height:
        return f"The lists are better for {_named(better)}, too, and worse for none."
    return "For products with more events no difference can be told." if rows.height else ""


def where_it_goes(found: LongTail, traffic: Traffic) -> str:
    """The long tail itself."""
    n = len(traffic.items)
    unsold = n - traffic.sold
    none = f" {plural(unsold, 'product has', 'products have')} no event at all ({share(unsold / n)})." if unsold else ""
    rare = found.parts.filter(_rare_parts())
    return (
        f"{share(traffic.head / n)} of the catalog brings 80 % of all events; {share(1 - traffic.middle / n)} together "
        f"bring the last 5 %.{none} Products with {FEW} are {share(float(rare['catalog'].sum()))} of the catalog and "
        f"{share(float(rare['wanted'].sum()))} of what customers went on to want: that is what there is to be won."
    )


def reach_said(found: LongTail) -> str:
    """What behavior-driven means here, and which share of the catalog it is."""
    return (
        f"A recommendation is behavior-driven when the product's vector rests on behavior: on {ENOUGH} events of its "
        f"own or more, or on its content, mapped into the space that behavior made. Before, that is "
        f"{share(reached(found.reach, BEFORE))} of the catalog; after, {share(reached(found.reach, AFTER))}. Vectors "
        "made of fewer events are counted as noise unless content supports them."
    )


def lists_said(found: LongTail) -> str:
    """Who is on a list, and whether the places follow the demand."""
    rare = found.parts.filter(_rare_parts())
    shown = {
        side: found.quality.whole.evaluations[side].catalog[f"coverage@{found.look.k}"] for side in (BEFORE, AFTER)
    }
    places = {side: float(rare[f"places_{side}"].sum()) for side in (BEFORE, AFTER)}
    wanted = float(rare["wanted"].sum())
    text = (
        f"Of the whole catalog, {share(shown[BEFORE])} was on at least one list before and {share(shown[AFTER])} "
        f"after. Products with {FEW} got {share(places[BEFORE])} of all places before and {share(places[AFTER])} "
        f"after; they are {share(wanted)} of what customers wanted"
    )
    if places[AFTER] > 1.5 * wanted + _SEEN:
        return f"{text}: that is more room than the demand for them justifies."
    return f"{text}." if places[AFTER] > wanted / 2 else f"{text}: still less room than the demand would justify."


def quality_said(rows: Frame, metric: str, among: str) -> str:
    """Where the lists are better, worse, or cannot be told apart."""
    told = rows.filter(metric=metric, among=among, name=AFTER)
    better, worse, alike = (told.filter(verdict=verdict) for verdict in (BETTER, WORSE, ALIKE))
    if not told.height:
        return "Nobody wanted anything that can be judged here."
    if alike.height == told.height:
        return "No difference between before and after can be told for any number of events."
    sentences = []
    if better.height:
        sentences.append(f"After is better for {_named(better, figures=True)}.")
    if worse.height:
        sentences.append(f"After is worse for {_named(worse, figures=True)}.")
    if alike.height:
        sentences.append(_alike(alike["part"].to_list(), "the others"))
    return " ".join(sentences)


def company(found: LongTail) -> list[str]:
    """What neighbors have in common, measured in the vectors and not on the maps."""
    before, after = (found.map.company.row(by_predicate=pl.col("name") == side, named=True) for side in (BEFORE, AFTER))
    said = []
    if (absent := after["points"] - before["points"]) > 0:
        have = plural(absent, "product has", "products have")
        said.append(f"{have} no place on the map before, for want of any event; after, they have one.")
    cloud = _cloud(before["few"] - before["few_chance"], after["few"] - after["few_chance"])
    if before["few"] == before["few"]:
        said.append(
            f"Of the ten nearest neighbors of a product with {FEW}, {percent(before['few'])} have as few themselves "
            f"before, where chance would give {percent(before['few_chance'])}; after, {percent(after['few'])}, by "
            f"chance {percent(after['few_chance'])}. {cloud}"
        )
    if before["alike"] == before["alike"]:
        said.append(
            f"Of the ten nearest neighbors of any product, {percent(before['alike'])} are of the same "
            f"{found.goods.group} before and {percent(after['alike'])} after; chance would give "
            f"{percent(after['alike_chance'])}."
        )
    return said


def _cloud(before: float, after: float) -> str:
    """Whether what is rare keeps to itself, by how much more than chance it does so."""
    if after > before + _MORE:
        return (
            "Rare products keep to themselves more than before: content puts them beside each other rather than beside "
            "those that behavior knows well."
        )
    if before < _SEEN:
        return "Rare products keep to themselves neither before nor after: what noise there is lies among all others."
    if after < 0.5 * before:
        return "The cloud of noise has dissolved among the products that it belongs to."
    if after < before - _SEEN:
        return "The cloud of noise has become thinner."
    return "The rare products still keep to themselves."


def irrelevance_said(found: LongTail) -> str:
    """Where what is called similar is more to the point than before."""
    rows = found.irrelevance
    after = rows.filter(pl.col("name") == AFTER, pl.col("mean").is_not_nan())
    old = dict(rows.filter(name=BEFORE).select("part", "mean").iter_rows())
    new = dict(after.select("part", "mean").iter_rows())
    sentences = []
    for verdict, words in ((BETTER, "falls"), (WORSE, "rises")):
        parts = after.filter(verdict=verdict)["part"]
        if len(parts):
            said = [f"from {percent(old[part])} to {percent(new[part])} ({name(part)})" for part in parts]
            sentences.append(f"The share {words} {listed(said)}.")
    if fresh := [f"{percent(new[part])} ({name(part)})" for part in new if old[part] != old[part]]:
        sentences.append(f"It is {listed(fresh)} where there was no answer before.")
    if alike := after.filter(verdict=ALIKE)["part"].to_list():
        sentences.append(_alike(alike, "the others" if sentences else "any number of events"))
    return " ".join(sentences)


def _alike(parts: list[str], many: str) -> str:
    """Which parts show no difference; what to call them when they are many."""
    whose = f"products with {listed([name(part) for part in parts])}" if len(parts) <= _FEW_PARTS else many
    return f"No difference can be told for {whose}."


def name(part: str) -> str:
    """1-3 events."""
    return plots.part_name("interactions", part)


def _named(rows: Frame, *, figures: bool = False) -> str:
    """Products with 0 events and 1-3 events, with their figures if these are asked for."""
    said = [
        f"{name(row['part'])} ({fine(row['mean'] - row['difference'])} → {fine(row['mean'])})"
        if figures
        else name(row["part"])
        for row in rows.iter_rows(named=True)
    ]
    return "products with " + listed(said)
