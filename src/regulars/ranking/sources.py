"""Several recommenders behind one: who is called what, and who explains what it proposed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np

from regulars.core import (
    MISSING,
    AddsItems,
    Explains,
    FindsSimilar,
    Frame,
    Queries,
    Reasons,
    Recommendations,
    Recommender,
    starts_of,
)
from regulars.core.errors import CannotDo


@runtime_checkable
class Composed(Protocol):
    """A recommender made of others."""

    recommenders: tuple[Recommender, ...]


def finders(recommenders: Sequence[Recommender]) -> list[int]:
    """The places of those who find similar items; a composition does where one of its parts does."""
    return [
        place
        for place, one in enumerate(recommenders)
        if isinstance(one, FindsSimilar) and not (isinstance(one, Composed) and not finders(one.recommenders))
    ]


def with_items(recommenders: Sequence[Recommender], features: Frame) -> tuple[Recommender, ...]:
    """The recommenders, those that can with further items at the end of their catalog; the others cannot tell of them.

    Raises CannotDo when none of them can.
    """
    made: list[Recommender] = []
    refusals: list[str] = []
    for one in recommenders:
        try:
            made.append(one.add_items(features) if isinstance(one, AddsItems) else one)
        except CannotDo as error:
            made.append(one)
            refusals.append(str(error))
    if all(new is old for new, old in zip(made, recommenders, strict=True)):
        raise CannotDo("; ".join(dict.fromkeys(refusals)) or "none of these methods takes new items without a fit")
    return tuple(made)


def names_of(recommender: Recommender) -> tuple[str, ...]:
    """The names of the sources that a recommender answers with: those of its answer to nobody."""
    return recommender.recommend(Queries.of([]), 1).names


def because_by_source(
    recommenders: Sequence[Recommender], queries: Queries, answer: Recommendations, r: int
) -> Reasons:
    """Each answer explained by the recommender that proposed it; none for those whose recommender cannot explain.

    answer.names are the names of all recommenders, one after another.
    """
    reasons = Reasons.none(len(answer), answer.k, r)
    attributes: tuple[str, ...] = ()
    names = [names_of(recommender) for recommender in recommenders]
    bounds = starts_of([len(own) for own in names])
    for recommender, own, low, high in zip(recommenders, names, bounds[:-1], bounds[1:], strict=True):
        if not isinstance(recommender, Explains):
            continue
        theirs = (answer.items != MISSING) & (answer.sources >= low) & (answer.sources < high)
        rows = np.flatnonzero(theirs.any(axis=1))
        items = np.where(theirs, answer.items, np.int32(MISSING))
        sources = np.where(theirs, answer.sources - low, 0).astype(np.int16)
        part = replace(answer, items=items, names=own, sources=sources)[rows]
        found = recommender.because(queries[rows], part, r)
        here = theirs[rows][:, :, np.newaxis]
        reasons.items[rows] = np.where(here, found.items, reasons.items[rows])
        reasons.shares[rows] = np.where(here, found.shares, reasons.shares[rows])
        features = np.where(found.features == MISSING, np.int32(MISSING), found.features + np.int32(len(attributes)))
        reasons.features[rows] = np.where(here, features, reasons.features[rows])
        attributes += found.names
    return replace(reasons, names=attributes)
