"""Fallback: whoever the first recommender cannot serve, the next one does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from regulars.core import (
    MISSING,
    Allowed,
    FindsSimilar,
    Floats,
    Frame,
    Ints,
    Longs,
    Queries,
    Reasons,
    Recommendations,
    Recommender,
    starts_of,
)
from regulars.core.errors import CannotDo, SettingError
from regulars.kernels.bands import in_band

from .sources import because_by_source, finders, with_items

Ask = Callable[[Longs, Allowed], Recommendations]  # the answer of one recommender for these rows


@dataclass(frozen=True)
class Fallback:
    """Fills what a recommender leaves open from the next one, with items that are not in the row yet.

    A row has k answers if the recommenders together can tell of k allowed items. Scores of different recommenders
    share no scale, so each gets a band: the first answers between 0 and 1, the second between -1 and 0, and so on.
    Within its band a score is a rising function of the recommender's own score (`banded`), so that rows descend and
    the score of a proposal depends on nothing else in the call.
    """

    recommenders: tuple[Recommender, ...]

    def __post_init__(self) -> None:
        if not self.recommenders:
            raise SettingError("a fallback needs at least one recommender; it has none")

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        def asking(recommender: Recommender) -> Ask:
            return lambda rows, permitted: recommender.recommend(queries[rows], k, permitted)

        return _filled([asking(r) for r in self.recommenders], len(queries), k, allowed or Allowed())

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The k items most like each of `items` [n]: from the first recommender that knows it, filled from the next.

        Raises CannotDo when no recommender finds similar items.
        """

        def asking(finder: FindsSimilar) -> Ask:
            return lambda rows, permitted: finder.similar_items(items[rows], k, permitted)

        if not self._finders:
            raise CannotDo("none of the recommenders of this fallback finds similar items; add item_knn, ease or als")
        return _filled([asking(f) for f in self._finders], len(items), k, allowed or Allowed())

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """Each item of this fallback's `answer` explained by the recommender that proposed it."""
        return because_by_source(self.recommenders, queries, answer, r)

    def add_items(self, features: Frame) -> "Fallback":
        """The same, new items placed by those of the recommenders that can. Raises CannotDo when none of them can."""
        return replace(self, recommenders=with_items(self.recommenders, features))

    @cached_property
    def _finders(self) -> tuple[FindsSimilar, ...]:
        able = [self.recommenders[place] for place in finders(self.recommenders)]
        return tuple(one for one in able if isinstance(one, FindsSimilar))


def banded(scores: Floats, band: int) -> Floats:
    """Scores squeezed between -band and 1 - band, in their order; NaN stays NaN.

    With l = log(1 + |x|) with the sign of x, 1/2 + l / (2 (1 + |l|)): the logarithm keeps counts of many thousands
    apart in float32, where x / (1 + |x|) would make them equal.
    """
    flat = np.ascontiguousarray(scores, dtype=np.float32).ravel()
    return in_band(flat, band).reshape(scores.shape)


def _filled(asks: Sequence[Ask], n: int, k: int, allowed: Allowed) -> Recommendations:
    """The answers of the first, filled from the second where they are short, and so on."""
    items = np.full((n, k), MISSING, dtype=np.int32)
    scores = np.full((n, k), np.nan, dtype=np.float32)
    sources = np.zeros((n, k), dtype=np.int16)
    names: tuple[str, ...] = ()
    for band, ask in enumerate(asks):
        found = (items != MISSING).sum(axis=1)
        rows = np.flatnonzero(found < k)
        # everybody is asked, if only about nobody: the names of the sources must not depend on who is short
        more = ask(rows, allowed[rows] & _present(items[rows], found[rows]))
        places = np.arange(k) - found[rows, np.newaxis]
        taken = (places >= 0) & (np.take_along_axis(more.items, np.maximum(places, 0), axis=1) != MISSING)
        row, column = np.nonzero(taken)
        place = places[row, column]
        items[rows[row], column] = more.items[row, place]
        scores[rows[row], column] = banded(more.scores[row, place], band)
        sources[rows[row], column] = more.sources[row, place] + len(names)
        names += more.names
    return Recommendations(items, scores, names, sources)


def _present(items: Ints, found: Longs) -> Allowed:
    """Everything but what stands in each row of items [n, k], the first `found` of them."""
    return Allowed(None, starts_of(found), items[np.arange(items.shape[1]) < found[:, np.newaxis]])
