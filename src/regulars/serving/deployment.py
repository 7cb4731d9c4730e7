"""Deployment: one version of the models, ready to answer; a value that is swapped as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from regulars.core import Recommender, Vocabulary


@dataclass(frozen=True)
class Deployment:
    """The recommenders of a version by their names in regulars.toml, and the items whose indices they speak of.

    items: those of the fit, followed by those that came since, in which the models know only what was added to them.
    kinds: the kinds of events by their codes; weights: what an event of each kind weighs. place: of the store's events
    at the fit. attributes, context: names and types of the columns of customers and of moments that the fit saw.
    """

    version: str
    items: Vocabulary
    recommenders: Mapping[str, Recommender]
    kinds: tuple[str, ...] = ()
    weights: Mapping[str, float] | None = None
    place: int = 0
    attributes: Mapping[str, pl.DataType] = field(default_factory=dict)
    context: Mapping[str, pl.DataType] = field(default_factory=dict)
