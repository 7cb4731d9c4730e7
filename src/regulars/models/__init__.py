"""The methods: each a frozen dataclass of settings whose `fit` returns one of the kinds of models."""

from typing import Any, Final

from regulars.core import Estimator

from .personal import Personal
from .popularity import Popularity
from .recent import Recent
from .trending import Trending

METHODS: Final[dict[str, type[Estimator[Any]]]] = {
    "popularity": Popularity,
    "recent": Recent,
    "trending": Trending,
    "personal": Personal,
}

__all__ = ["METHODS", "Personal", "Popularity", "Recent", "Trending"]
