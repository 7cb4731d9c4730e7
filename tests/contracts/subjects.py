"""Who is under contract: every entry of METHODS with its planted shop, and compositions of them."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

import shops
from regulars.core import QUIET, Dataset, Recommender, Run, ints
from regulars.models import METHODS
from regulars.ranking import (
    Cap,
    DeepRanker,
    Fallback,
    Filtered,
    LearnedBlend,
    Only,
    RankFusion,
    Route,
    Step,
    TwoStage,
    Unseen,
)


@dataclass(frozen=True)
class Subject:
    """What is under contract: how it is fitted, and a shop in which it must find what was planted."""

    fit: Callable[[Dataset, Run], Recommender]
    planted: shops.Planted = field(default_factory=shops.communities)

    @cached_property
    def fitted(self) -> Any:
        return self.fit(self.planted.data, QUIET)


RECURRENT = {"width": 16, "temperature": 0.3, "dropout": 0.4, "epochs": 60, "batch": 64, "rate": 0.01, "patience": 0}
SETTINGS = {
    "als": {"factors": 4, "unobserved_weight": 0.3},
    "bpr": {"factors": 8},
    "warp": {"factors": 8},
    "logistic_mf": {"factors": 8},
    "pure_svd": {"factors": 4},
    "gf_cf": {"factors": 4},
    "bspm": {"factors": 4},
    "item_knn": {"neighbors": 20},
    "user_knn": {"neighbors": 20},
    "tifu_knn": {"neighbors": 12, "groups": 50, "within": 1.0, "between": 1.0},  # whose order is chance
    "up_cf": {"neighbors": 20, "recency": 100, "locality": 2.0},
    "gp_top_freq": {"fading": 0.95},
    "category_popularity": {"smoothing": 1.0, "damping": 0.0},
    "basket_ridge": {"targets": 5, "regularization": 5.0},
    "vsknn": {"neighbors": 20, "gap_minutes": math.inf},  # whose events lie days apart
    "stan": {"neighbors": 20, "distance_half_life": 10.0, "position_half_life": 10.0, "gap_minutes": math.inf},
    "sasrec": {
        "width": 16,
        "blocks": 1,
        "batch": 64,
        "length": 20,
        "rate": 0.01,
        "patience": 0,
        "dropout": 0.2,
        "temperature": 0.0,
        "frequency": 0.0,
    },
    "gru4rec": RECURRENT,
    "lstm": RECURRENT,
    "slist": {"half_life_steps": 20.0, "ahead_steps": 5.0},  # whose order is chance
    "markov": {"reach": 15, "ahead_steps": 20.0, "half_life_steps": 20.0},
    "association_rules": {"within": "customer", "min_baskets": 2},
    "svd": {"factors": 6},
    "svdpp": {"factors": 6},
    "funk_svd": {"factors": 6, "epochs": 300, "rate": 0.02, "regularization": 0.02},
    "knn_baseline": {"shrinkage": 5.0},
    "user_knn_baseline": {"shrinkage": 5.0},
    "mult_dae": {"factors": 16, "batch": 30, "epochs": 30, "rate": 0.03, "patience": 0},
    "mult_vae": {"hidden": 32, "factors": 16, "batch": 30, "epochs": 30, "rate": 0.02, "patience": 0},
    "rec_vae": {
        "hidden": 32,
        "factors": 16,
        "batch": 15,
        "epochs": 12,
        "rate": 0.03,
        "encoder_passes": 1,
        "patience": 0,
    },
    "ncf": {"hidden": 16, "factors": 16, "batch": 300, "epochs": 40, "rate": 0.02, "patience": 0},
    "two_tower": {"factors": 16, "batch": 128, "epochs": 8, "rate": 0.005, "examples": "rest", "patience": 0},
    "content_to_cf": {
        "base_settings": ("factors = 4", "unobserved_weight = 0.3"),
        "epochs": 3,
        "batch": 64,
        "least": 1,
        "patience": 0,
    },
}  # enough for 40 items in 4 communities
PLANTED = {
    "popularity": shops.novelty,
    "recent": shops.novelty,
    "trending": shops.novelty,
    "personal": shops.habits,
    "gp_top_freq": shops.habits,
    "basket_ridge": shops.habits,
    "funk_svd": shops.ratings,
    "svd": shops.ratings,
    "svdpp": shops.ratings,
    "knn_baseline": shops.ratings,
    "user_knn_baseline": shops.ratings,
    "content": shops.described,
    "category_popularity": shops.described,
    "two_tower": shops.described,
    "content_to_cf": shops.described,
}


def fitted(name: str, data: Dataset, run: Run) -> Any:
    return METHODS[name](**SETTINGS.get(name, {})).fit(data, run)


def fallback(data: Dataset, run: Run) -> Fallback:
    """Of a part that knows few items, one that is long, and one for everybody; nested, as a shop would do it."""
    inner = Fallback((fitted("item_knn", data, run), fitted("trending", data, run)))
    return Fallback((inner, fitted("popularity", data, run)))


def fusion(data: Dataset, run: Run) -> RankFusion:
    parts = tuple(fitted(name, data, run) for name in ("ease", "item_knn", "popularity"))
    return RankFusion(parts, weights=(2.0, 1.0, 0.1), depth=15, constant=5.0)


def filtered(data: Dataset, run: Run) -> Filtered:
    return Filtered(fusion(data, run), (Only.of(np.arange(2, 41), 41), Unseen()))


def personal_first(data: Dataset, run: Run) -> Fallback:
    return Fallback((fitted("personal", data, run), fusion(data, run)))


def blended(data: Dataset, run: Run) -> Any:
    parts = tuple(METHODS[name](**SETTINGS.get(name, {})) for name in ("ease", "item_knn", "popularity"))
    return LearnedBlend(parts, depth=15, filters=(Unseen(),)).fit(data, run)


def grown(data: Dataset, run: Run) -> Any:
    return LearnedBlend((METHODS["personal"](), METHODS["popularity"]()), learner="trees", trees=30).fit(data, run)


def two_stage(data: Dataset, run: Run) -> Any:
    """A deep ranker over attributes, too; of a community at most seven items before all others."""
    parts = tuple(METHODS[name](**SETTINGS.get(name, {})) for name in ("ease", "item_knn", "popularity"))
    ranker = DeepRanker(epochs=8, batch=8, layers=1, width=8, bins=4, rank=8, least=5, rate=0.02, patience=0)
    rules = {"taught": (Unseen(),), "rerankers": (Cap(ints(np.arange(41) // 10), 7),)}
    return TwoStage(parts, ranker, depth=41, **rules).fit(data, run)


def routed(data: Dataset, run: Run) -> Route:
    return Route((Step(fitted("popularity", data, run)), Step(fusion(data, run), events=3)), data.n_items)


METHOD_SUBJECTS = {
    name: Subject(lambda data, run, name=name: fitted(name, data, run), PLANTED.get(name, shops.communities)())
    for name in METHODS
}
SUBJECTS = METHOD_SUBJECTS | {
    "Fallback": Subject(fallback),
    "RankFusion": Subject(fusion),
    "Filtered": Subject(filtered),
    "Fallback to RankFusion": Subject(personal_first, shops.habits()),
    "LearnedBlend": Subject(blended),
    "LearnedBlend of trees": Subject(grown, shops.habits()),
    "Route": Subject(routed),
    "Pipeline": Subject(two_stage, shops.described()),
}

# who can do what; test_capabilities.py checks that no method is missing. To personal, nothing is similar to an item
RATERS = ("funk_svd", "svd", "svdpp", "knn_baseline", "user_knn_baseline")
COMPOSED = ("Fallback", "RankFusion", "Filtered", "Fallback to RankFusion", "LearnedBlend", "Route", "Pipeline")
BOTH = (
    "item_knn",
    "user_knn",
    "vsknn",
    "stan",
    "ease",
    "sparse_ease",
    "slim",
    "slist",
    "markov",
    "sasrec",
    "gru4rec",
    "lstm",
    "rp3beta",
    "pure_svd",
    "gf_cf",
    "bspm",
    "als",
    "bpr",
    "warp",
    "logistic_mf",
    "content",
    "association_rules",
    "naive_bayes",
    "mult_dae",
    "mult_vae",
    "rec_vae",
    "ncf",
    "two_tower",
    "content_to_cf",
    *RATERS,
)
EXPLAINERS = ("personal", "category_popularity", "gp_top_freq", "tifu_knn", "up_cf", "basket_ridge", *BOTH, *COMPOSED)
FINDERS = (*BOTH, "Fallback", "RankFusion", "LearnedBlend", "Route", "Pipeline")
