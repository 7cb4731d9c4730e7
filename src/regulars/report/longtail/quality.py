"""Do the lists hold what customers went on to want, by how often the item had been met?"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

from regulars.core import Allowed, Frame, Longs, Queries, Recommendations, Recommender, Run
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
from regulars.ranking import Filter, Only

from .pair import BEFORE, Pair

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
class Quality:
    """whole: both models on the whole catalog, sliced by the events of what was wanted; inside: by part, both models
    when only items of that part may be answered; counts: how many lists show each item, int64 [n_items], by model.
    """

    whole: Comparison
    counts: dict[str, Longs]
    inside: dict[str, Comparison] = field(default_factory=dict)

    def by_part(self) -> Frame:
        """among (all items, or those of the part alone), part, metric, name, mean, low, high, difference,
        difference_low, difference_high, p, verdict, customers.
        """
        columns = ["part", "metric", "name", "mean", "low", "high", "difference", "difference_low", "difference_high"]
        columns += ["p", "verdict", "customers"]
        sliced = self.whole.slices().filter(pl.col("slicing") == SLICING).select(pl.lit("all").alias("among"), *columns)
        own = [
            comparison.frame().select(pl.lit("part").alias("among"), pl.lit(part).alias("part"), *columns[1:])
            for part, comparison in self.inside.items()
        ]
        return pl.concat([sliced, *own], how="vertical_relaxed")


def quality(pair: Pair, split: Split, k: int, filters: tuple[Filter, ...], run: Run) -> Quality:
    """Asks both models the same questions: about the whole catalog, and about each part of it alone."""
    judge = _judge(split, k, sliced=True)
    evaluations: dict[str, Evaluation] = {}
    counts: dict[str, Longs] = {}
    for name, model in pair.both.items():
        tallied = Tallied(model, np.zeros(model.n_items, dtype=np.int64), k)
        evaluations[name] = judge.evaluate(tallied, filters=filters, run=run, task=f"evaluate {name}")
        counts[name] = tallied.counts
    inside: dict[str, Comparison] = {}
    slices = judge.slices[SLICING]
    of_items = interaction_parts(judge.facts.events)
    for code, part in enumerate(slices.names):
        keep = slices.codes == code
        if not keep.any():
            continue
        smaller = _judge(split.wanting(keep, f"products with {part} events"), k, sliced=False)
        only = Only(of_items.codes == code)
        inside[part] = Comparison(
            {
                name: smaller.evaluate(model, filters=(*filters, only), run=run, task=f"evaluate {name}, {part} events")
                for name, model in pair.both.items()
            }
        ).against(BEFORE)
    return Quality(Comparison(evaluations).against(BEFORE), counts, inside)


def _judge(split: Split, k: int, *, sliced: bool) -> Judge:
    figures = {name: METRICS[name] for name in (*FIGURES, "hit_rate")}
    if sliced:
        return Judge(split, (k,), Measures(figures, CATALOG_METRICS, {SLICING: by_interactions}, FIGURES))
    return Judge(split, (k,), Measures({name: METRICS[name] for name in FIGURES}, {}, {}, ()))


def demand(split: Split, n_items: int) -> Longs:
    """How many customers wanted each item, of the catalog that was learned from; int64 [n_items]."""
    items = split.wanted.items
    return np.bincount(items[items < n_items], minlength=n_items).astype(np.int64)
