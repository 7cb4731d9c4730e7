"""The methods: each a frozen dataclass of settings whose `fit` returns one of the kinds of models."""

from typing import Any, Final

from regulars.core import Estimator

from .als import ALS
from .ease import EASE
from .item_knn import ItemKNN
from .personal import Personal
from .popularity import Popularity
from .recent import Recent
from .trending import Trending

METHODS: Final[dict[str, type[Estimator[Any]]]] = {
    "popularity": Popularity,
    "recent": Recent,
    "trending": Trending,
    "personal": Personal,
    "item_knn": ItemKNN,
    "ease": EASE,
    "als": ALS,
}

__all__ = ["ALS", "EASE", "METHODS", "ItemKNN", "Personal", "Popularity", "Recent", "Trending"]
