"""What is shown in the end: rules, several recommenders as one, and the reasons in words."""

from .blend import Blend
from .explain import Words, sentences, verbs_of
from .fallback import Fallback
from .filters import Filter, Filtered, Only, Unseen, passing
from .fusion import RankFusion
from .learned import LEARNERS, LearnedBlend
from .lessons import Lesson
from .route import Route, Step

__all__ = [
    "LEARNERS",
    "Blend",
    "Fallback",
    "Filter",
    "Filtered",
    "LearnedBlend",
    "Lesson",
    "Only",
    "RankFusion",
    "Route",
    "Step",
    "Unseen",
    "Words",
    "passing",
    "sentences",
    "verbs_of",
]
