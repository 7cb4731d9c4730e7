"""The words that every other folder speaks: ids, events, questions, answers, settings, errors."""

from .arrays import DAY, MISSING, Bools, Codes, Floats, Frame, Ints, Longs, floats, ints, longs, spans, starts_of
from .dataset import EVENT, Dataset, aligned
from .growing import appended
from .protocols import (
    AddsItems,
    Encodes,
    Estimator,
    Explains,
    FindsSimilar,
    Foretells,
    Model,
    Rates,
    Recommender,
    Scored,
)
from .queries import Histories, Queries
from .recommendations import Allowed, Foretold, Reasons, Recommendations, excluding, top_k
from .run import QUIET, Progress, Run
from .settings import Range, Settings, from_names, ranges, setting
from .vocabulary import Vocabulary, as_ids

__all__ = [
    "DAY",
    "EVENT",
    "MISSING",
    "QUIET",
    "AddsItems",
    "Allowed",
    "Bools",
    "Codes",
    "Dataset",
    "Encodes",
    "Estimator",
    "Explains",
    "FindsSimilar",
    "Floats",
    "Foretells",
    "Foretold",
    "Frame",
    "Histories",
    "Ints",
    "Longs",
    "Model",
    "Progress",
    "Queries",
    "Range",
    "Rates",
    "Reasons",
    "Recommendations",
    "Recommender",
    "Run",
    "Scored",
    "Settings",
    "Vocabulary",
    "aligned",
    "appended",
    "as_ids",
    "excluding",
    "floats",
    "from_names",
    "ints",
    "longs",
    "ranges",
    "setting",
    "spans",
    "starts_of",
    "top_k",
]
