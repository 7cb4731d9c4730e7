"""Do the lists hold what customers went on to want, by how often the item had been met?"""

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import polars as pl

from regulars.core import (
    MISSING,
    Allowed,
    Frame,
    Ints,
    Longs,
    Model,
    Queries,
    Recommendations,
    Recommender,
    Run,
    top_k,
)
from regulars.evaluation import (
    CATALOG_METRICS,
    METRICS,
    Comparison,
    Evaluation,
    Judge,
    Measures,
    Split,
    by_interactions,
    interaction_parts,
)
from regulars.evaluation.significance import holm, verdict
from regulars.ranking import Filter

from .pair import BEFORE, Pair

_COLUMNS: Final = (
    *("part", "metric", "name", "mean", "low", "high", "difference", "difference_low", "difference_high"),
    *("p", "verdict", "customers"),
)
SLICING: Final = "interactions"
FIGURES: Final = ("ndcg", "map", "recall")


@dataclass
class Tallied:
    """A recommender whose lists of `k` are counted, item by item, as they are made."""

    inner: Recommender
    counts: Longs
    k: int

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        answer = self.inner.recommend(queries, k, allowed)
        shown = answer.items[:, : self.k]
        self.counts += np.bincount(shown[shown >= 0], minlength=len(self.counts))[: len(self.counts)]
        return answer


@dataclass(frozen=True)
class Among:
    """A model that answers only these items (rising), and looks at no others."""

    model: Model
    items: Ints

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        found = top_k(self.model.score(queries, self.items), k, self._columns(allowed or Allowed()))
        named = np.where(found.items == MISSING, MISSING, self.items[found.items]).astype(np.int32)
        return replace(found, items=named)

    def _columns(self, allowed: Allowed) -> Allowed:
        """What is allowed, said of the places of the items among ours."""
        mask = allowed.mask
        if mask is not None:
            mask = np.pad(mask, ((0, 0), (0, max(0, self.model.n_items - mask.shape[1]))))[:, self.items]
        if len(allowed.starts) == 1:
            return Allowed(mask)
        places = np.full(self.model.n_items + 1, MISSING, dtype=np.int32)
        places[self.items] = np.arange(len(self.items), dtype=np.int32)
        excluded = places[np.minimum(allowed.excluded, self.model.n_items)]
        return Allowed(mask, *_kept(allowed.starts, excluded))


def _kept(starts: Longs, excluded: Ints) -> tuple[Longs, Ints]:
    """Ragged rows without what is MISSING."""
    keep = excluded != MISSING
    return np.concatenate([[0], np.cumsum(keep)])[starts], excluded[keep]


@dataclass(frozen=True)
class Quality:
    """whole: both models on the whole catalog, sliced by the events of what was wanted; inside: by part, both models
    when only items of that part may be answered; counts: how many lists show each item, int64 [n_items], by model.
    """

    whole: Comparison
    counts: dict[str, Longs]
    inside: dict[str, Comparison] = field(default_factory=dict)

    def by_part(self) -> Frame:
        """among (all items, or those of the part alone), part, metric, name, mean, low, high, difference,
        difference_low, difference_high, p (corrected over the parts), verdict, customers.
        """
        sliced = self.whole.slices().filter(pl.col("slicing") == SLICING)
        own = [one.frame().with_columns(part=pl.lit(part)) for part, one in self.inside.items()]
        told = [sliced.select(pl.lit("all").alias("among"), *_COLUMNS)]
        if own:
            told.append(_corrected(pl.concat(own)).select(pl.lit("part").alias("among"), *_COLUMNS))
        return pl.concat(told, how="vertical_relaxed")


def _corrected(rows: Frame) -> Frame:
    """The rows of several comparisons, p and verdict as those of one family for each metric."""
    parts = []
    for _, family in rows.group_by("metric", maintain_order=True):
        p = pl.Series("p", holm(family["p"].cast(pl.Float64).fill_null(np.nan).to_numpy()))
        said = [
            old if old == "reference" else verdict(gap, value)
            for old, gap, value in zip(family["verdict"], family["difference"], p, strict=True)
        ]
        parts.append(family.with_columns(p, verdict=pl.Series(said)))
    return pl.concat(parts)


def quality(pair: Pair, split: Split, k: int, filters: tuple[Filter, ...], run: Run) -> Quality:
    """Asks both models the same questions: about the whole catalog, and about each part of it alone."""
    judge = _judge(split, k, sliced=True)
    evaluations: dict[str, Evaluation] = {}
    counts: dict[str, Longs] = {}
    for name, model in pair.both.items():
        tallied = Tallied(model, np.zeros(model.n_items, dtype=np.int64), k)
        evaluations[name] = judge.evaluate(tallied, filters=filters, run=run, task=f"evaluate {name}")
        counts[name] = tallied.counts
    return Quality(Comparison(evaluations).against(BEFORE), counts, _inside(pair, judge, filters, run))


def _inside(pair: Pair, judge: Judge, filters: tuple[Filter, ...], run: Run) -> dict[str, Comparison]:
    """For each part of which anything was wanted, both models among the items of that part."""
    slices, of_items = judge.slices[SLICING], interaction_parts(judge.facts.events)
    found = {}
    for code, part in enumerate(slices.names):
        keep = slices.codes == code
        if not keep.any():
            continue
        smaller = _judge(judge.split.wanting(keep, f"products with {part} events"), judge.k[0], sliced=False)
        items = np.flatnonzero(of_items.codes == code).astype(np.int32)
        evaluations = {
            name: smaller.evaluate(
                Among(model, items), filters=filters, run=run, task=f"evaluate {name}, {part} events"
            )
            for name, model in pair.both.items()
        }
        found[part] = Comparison(evaluations).against(BEFORE)
    return found


def _judge(split: Split, k: int, *, sliced: bool) -> Judge:
    figures = {name: METRICS[name] for name in (*FIGURES, "hit_rate")}
    if sliced:
        return Judge(split, (k,), Measures(figures, CATALOG_METRICS, {SLICING: by_interactions}, FIGURES))
    return Judge(split, (k,), Measures({name: METRICS[name] for name in FIGURES}, {}, {}, ()))


def demand(split: Split, n_items: int) -> Longs:
    """How many customers wanted each item, of the catalog that was learned from; int64 [n_items]."""
    items = split.wanted.items
    return np.bincount(items[items < n_items], minlength=n_items).astype(np.int64)
