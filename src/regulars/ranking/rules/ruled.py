"""Ruled: a recommender whose lists obey the rules of a shop, and are full wherever enough may be shown."""

from dataclasses import dataclass, replace

import numpy as np

from regulars.core import (
    MISSING,
    Allowed,
    Explains,
    FindsSimilar,
    Ints,
    Longs,
    Queries,
    Reasons,
    Recommendations,
    Recommender,
)
from regulars.core.errors import CannotDo, SettingError

from .arranging import names_with_pins, written
from .bound import Bound, Situation
from .filling import Ask, filled


@dataclass(frozen=True)
class Ruled:
    """Asks a recommender for what the rules allow, arranges the best `depth`, and asks for more where a list is short.

    A list has k items if k fit the rules together, taken from the best to the worst, and the recommender can tell of
    them; it never has one that the rules forbid. What is buried is asked for only where nothing else is left. Scores
    fall along each row: they are those of the chosen items, in falling order.
    """

    recommender: Recommender
    bound: Bound
    depth: int = 100

    def __post_init__(self) -> None:
        if self.depth < 1:
            raise SettingError(f"the depth of a list to arrange must be 1 or more; it is {self.depth}")

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        return self.page(queries, k, allowed)

    def page(
        self, queries: Queries, k: int, allowed: Allowed | None = None, *, starts: Ints | None = None
    ) -> Recommendations:
        """The k best from the place `starts` (int [n], default 0) of a longer list on, whose pins stand in their slots.

        What stood on the pages before is for `allowed` to leave out.
        """

        def ask(rows: Longs, wide: int, permitted: Allowed) -> Recommendations:
            everybody = len(rows) == len(queries)
            return self.recommender.recommend(queries if everybody else queries[rows], wide, permitted)

        return self._answered(ask, queries, k, allowed, starts)

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The items most like each of `items` [n] under the same rules, asked about somebody of whom nothing is known.

        Raises CannotDo when the recommender finds no similar items.
        """
        finder = self.recommender
        if not isinstance(finder, FindsSimilar):
            raise CannotDo(f"{type(finder).__name__} finds no similar items; use item_knn, ease or als")

        def ask(rows: Longs, wide: int, permitted: Allowed) -> Recommendations:
            return finder.similar_items(items[rows], wide, permitted)

        return self._answered(ask, Queries.of([[]] * len(items)), k, allowed, None)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """What the recommender says of each item of this `answer`; nothing of what is pinned."""
        if not isinstance(self.recommender, Explains):
            return Reasons.none(len(answer), answer.k, r)
        if not self.bound.rules.pins:
            return self.recommender.because(queries, answer, r)
        pinned = answer.sources == len(answer.names) - 1
        items = np.where(pinned, MISSING, answer.items).astype(np.int32)
        sources = np.where(pinned, 0, answer.sources).astype(np.int16)
        own = replace(answer, items=items, names=answer.names[:-1], sources=sources)
        return self.recommender.because(queries, own, r)

    def _answered(
        self, ask: Ask, queries: Queries, k: int, allowed: Allowed | None, starts: Ints | None
    ) -> Recommendations:
        bound, seen = self.bound, self.bound.seen(queries)
        permitted, situations = seen if allowed is None else allowed & seen, bound.situations(queries)
        if len(situations) == 1:
            return self._filled(ask, situations[0], permitted, k, starts)
        parts = [
            self._filled(ask, one, permitted[one.rows], k, None if starts is None else starts[one.rows])
            for one in situations
        ]
        names = ask(np.empty(0, dtype=np.int64), k, permitted[slice(0, 0)]).names
        result = replace(Recommendations.none(len(queries), k), names=names_with_pins(bound, names))
        for situation, part in zip(situations, parts, strict=True):
            written(result, situation.rows, part)
        return result

    def _filled(self, ask: Ask, situation: Situation, allowed: Allowed, k: int, starts: Ints | None) -> Recommendations:
        """The lists for the questions of one situation; allowed, starts: of them alone."""
        if not self.bound.arranges:
            return ask(situation.rows, k, self.bound.may(situation) & allowed)
        first = np.zeros(len(situation.rows), dtype=np.int64) if starts is None else starts.astype(np.int64)
        return filled(self.bound, situation, ask, allowed, starts=first, k=k, depth=max(self.depth, k))
