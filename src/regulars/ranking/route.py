"""Route: who asks is sent to the recommender for those of whom so much is known."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from regulars.core import Allowed, Bools, Frame, Ints, Queries, Reasons, Recommendations, Recommender
from regulars.core.errors import CannotDo, SettingError

from .fallback import Fallback
from .sources import because_by_source, finders, names_of, with_items


@dataclass(frozen=True)
class Step:
    """A recommender for customers with at least so many `events` in their history, all of whose `attributes` are known.

    What was taken back, and items younger than the route, are no events.
    """

    recommender: Recommender
    events: int = 0
    attributes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.events < 0:
            raise SettingError(f"a step of a route begins at 0 events or more; it is {self.events}")

    def takes(self, queries: Queries, events: np.ndarray) -> Bools:
        """Whom this step may serve; bool [n]."""
        fits: Bools = events >= self.events
        for name in self.attributes:
            known = name in queries.attributes.columns
            fits = fits & (queries.attributes[name].is_not_null().to_numpy() if known else np.False_)
        return fits


@dataclass(frozen=True)
class Route:
    """Each query is answered by the last of the `steps` that takes it, and by that one alone.

    Put what needs to know most at the end: popularity from 0 events, item-kNN from 1, ALS from 5. Whom no step takes
    gets no answer, and nobody fills in where a step can tell of fewer than k items: put the route into a `Fallback`.
    Scores are those of the step; from one customer to the next they need share no scale. n_items: size of the catalog.
    """

    steps: tuple[Step, ...]
    n_items: int

    def __post_init__(self) -> None:
        if not self.steps:
            raise SettingError("a route needs at least one step; it has none")

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        permitted, taken = allowed or Allowed(), self.taken(queries)
        answer, names = Recommendations.none(len(queries), k), self._names
        for place, step in enumerate(self.steps):
            rows = np.flatnonzero(taken == place)
            if len(rows):
                part = step.recommender.recommend(queries[rows], k, permitted[rows])
                answer.items[rows], answer.scores[rows] = part.items, part.scores
                answer.sources[rows] = part.sources + sum(map(len, names[:place]))
        return Recommendations(answer.items, answer.scores, sum(names, ()), answer.sources)

    def taken(self, queries: Queries) -> Ints:
        """The step that answers each query; int32 [n], MISSING where none does."""
        history = queries.history
        counted = (history.weights > 0) & (history.items >= 0) & (history.items < self.n_items)
        events = np.bincount(history.rows[counted], minlength=len(queries))
        fits = np.array([step.takes(queries, events) for step in self.steps])
        last = len(self.steps) - 1 - fits[::-1].argmax(axis=0)
        return np.where(fits.any(axis=0), last, -1).astype(np.int32)

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k items most like each of `items` [n]: from the last step that finds any, filled from those before it.

        Raises CannotDo when none does.
        """
        able = [self.recommenders[place] for place in reversed(finders(self.recommenders))]
        if not able:
            raise CannotDo("no step of this route finds similar items; add item_knn, ease or als")
        return Fallback(tuple(able)).similar_items(items, k, allowed)

    def add_items(self, features: Frame) -> "Route":
        """The same, new items placed by those of the recommenders that can. Raises CannotDo when none of them can."""
        made = with_items([step.recommender for step in self.steps], features)
        steps = tuple(replace(step, recommender=one) for step, one in zip(self.steps, made, strict=True))
        return replace(self, steps=steps, n_items=self.n_items + features.height)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """Each item of this route's `answer` explained by the step that answered."""
        return because_by_source(self.recommenders, queries, answer, r)

    @property
    def recommenders(self) -> tuple[Recommender, ...]:
        """Those of the steps."""
        return tuple(step.recommender for step in self.steps)

    @cached_property
    def _names(self) -> list[tuple[str, ...]]:
        return [names_of(recommender) for recommender in self.recommenders]
