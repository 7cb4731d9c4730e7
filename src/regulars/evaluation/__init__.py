"""Evaluation that cannot leak: when to cut, whom to ask, what a list is worth, and whether a difference is real.

    split = TimeSplit(days=28, kinds=("purchase",)).cut(dataset)     # .train, .queries, .wanted
    models = {"popularity": Popularity().fit(split.train), "als": ALS().fit(split.train)}
    comparison = compare(models, split, k=(10, 20), filters=[Unseen()])
    comparison.frame()      # name, metric, mean, low, high, difference to the best, p value, verdict
    comparison.slices()     # the same for head, middle and tail, new items, active customers, repeat and explore
    comparison.catalog()    # coverage, Gini, novelty, popularity, diversity, overlap
    comparison.json()       # all of it for machines

Validation is the same splitter applied to split.train. `split.explore()` and `split.repeat()` ask only for discovery
or only for buying again. One recommender: evaluate(model, split, k=(10,)) -> Evaluation.

METRICS, CATALOG_METRICS, SLICINGS and SPLITS are the tables of names; docs/explanation/metrics.md has the definitions.
"""

from .catalog_metrics import CATALOG_METRICS, CatalogMetric, Shown
from .comparison import Comparison
from .evaluate import compare, evaluate, judge
from .evaluation import Evaluation
from .judged import Judged
from .judging import Judge, Measures
from .metrics import METRICS, Metric
from .ratings import FALLING, RATING_METRICS, Rated, RatingMetric, direction
from .slices import SLICINGS, Slices, Slicing, by_interactions, interaction_parts
from .split import Split
from .splits import (
    SPLITS,
    ColdItems,
    Fold,
    GivenSplit,
    LeaveLastOut,
    RatioPerUser,
    Splitter,
    StrongGeneralization,
    TimeSplit,
)

__all__ = [
    "CATALOG_METRICS",
    "FALLING",
    "METRICS",
    "RATING_METRICS",
    "SLICINGS",
    "SPLITS",
    "CatalogMetric",
    "ColdItems",
    "Comparison",
    "Evaluation",
    "Fold",
    "GivenSplit",
    "Judge",
    "Judged",
    "LeaveLastOut",
    "Measures",
    "Metric",
    "Rated",
    "RatingMetric",
    "RatioPerUser",
    "Shown",
    "Slices",
    "Slicing",
    "Split",
    "Splitter",
    "StrongGeneralization",
    "TimeSplit",
    "by_interactions",
    "compare",
    "direction",
    "evaluate",
    "interaction_parts",
    "judge",
]
