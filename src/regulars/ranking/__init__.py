"""What is shown in the end: rules, several recommenders as one, and the reasons in words."""

from .additive import AdditiveRanker
from .deep import DeepRanker
from .explain import Words, sentences, verbs_of
from .fallback import Fallback
from .filters import Filter, Filtered, Only, Unseen, passing
from .forest import TreeRanker
from .fusion import RankFusion
from .learned import LEARNERS, LearnedBlend
from .lessons import Lesson
from .pipeline import Pipeline
from .rankers import RANKERS, Ranker, RankerMethod
from .rerankers import Boost, Cap, Reranker
from .route import Route, Step
from .rules import Catalog, Condition, Ruled, Rules
from .traits import FEATURES
from .two_stage import TwoStage

__all__ = [
    "FEATURES",
    "LEARNERS",
    "RANKERS",
    "AdditiveRanker",
    "Boost",
    "Cap",
    "Catalog",
    "Condition",
    "DeepRanker",
    "Fallback",
    "Filter",
    "Filtered",
    "LearnedBlend",
    "Lesson",
    "Only",
    "Pipeline",
    "RankFusion",
    "Ranker",
    "RankerMethod",
    "Reranker",
    "Route",
    "Ruled",
    "Rules",
    "Step",
    "TreeRanker",
    "TwoStage",
    "Unseen",
    "Words",
    "passing",
    "sentences",
    "verbs_of",
]
