"""What is shown in the end: rules, several recommenders as one, and the reasons in words."""

from .explain import Words, sentences, verbs_of
from .fallback import Fallback
from .filters import Filter, Filtered, Only, Unseen, passing
from .fusion import RankFusion

__all__ = [
    "Fallback",
    "Filter",
    "Filtered",
    "Only",
    "RankFusion",
    "Unseen",
    "Words",
    "passing",
    "sentences",
    "verbs_of",
]
