"""Shop: what a replica knows at a moment: models, catalog, and what goes on in the shop."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from regulars.core import Recommender
from regulars.ranking.rules import Catalog

from .deployment import Deployment


@dataclass(frozen=True)
class Canary:
    """A version that answers for a share of the customers, always the same ones."""

    deployment: Deployment
    share: float


@dataclass(frozen=True)
class Shop:
    """A snapshot, replaced as a whole by the follower; a request keeps the one that it began with.

    live: the recommenders that need no fit, by name (popular, trending, new, recently_viewed, buy_again, similar,
    bought_together), in the indices of catalog.items, which extend those of every deployment. names: what people call
    each item, beyond its end the id.
    """

    catalog: Catalog
    deployment: Deployment | None = None
    canary: Canary | None = None
    shadow: Deployment | None = None
    live: Mapping[str, Recommender] = field(default_factory=dict)
    names: tuple[str, ...] = ()
