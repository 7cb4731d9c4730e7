"""Ladder: the sources of a scenario, of which the next one fills what those before leave open."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import numpy as np

from regulars.core import (
    MISSING,
    Allowed,
    Bools,
    Explains,
    Foretells,
    Foretold,
    Ints,
    Longs,
    Queries,
    Reasons,
    Recommendations,
    Recommender,
    starts_of,
)
from regulars.ranking.fallback import banded
from regulars.ranking.sources import names_of

_QUIET = 60.0  # seconds after which the log tells again of a source that goes on failing
_log = logging.getLogger(__name__)


@final
@dataclass
class Failures:
    """What went wrong in the sources themselves: counted, and in the log with its traceback, once a minute for each.

    latest: what a source that failed in the last minute said, and when.
    """

    count: int = 0
    latest: dict[str, tuple[float, str]] = field(default_factory=dict)

    def tell(self, source: str, error: Exception) -> None:
        """Called where the error was caught."""
        now = time.monotonic()
        self.count += 1
        before, _ = self.latest.get(source, (-_QUIET, ""))
        if now - before >= _QUIET:
            self.latest[source] = now, repr(error)
            _log.exception("the source %s failed; the next one answers", source)

    def now(self) -> dict[str, str]:
        """The sources that fail at the moment, and what they say."""
        start = time.monotonic() - _QUIET
        return {source: said for source, (at, said) in list(self.latest.items()) if at >= start}


@final
@dataclass(frozen=True)
class Rung:
    """A source by its name in regulars.toml, and the names that it answers with."""

    name: str
    recommender: Recommender
    names: tuple[str, ...]

    @classmethod
    def of(cls, name: str, recommender: Recommender) -> "Rung":
        return cls(name, recommender, names_of(recommender))

    @cached_property
    def explaining(self) -> Explains | None:
        """The recommender, if it explains; looked up once, as it takes as long as a reason."""
        return self.recommender if isinstance(self.recommender, Explains) else None

    @cached_property
    def foretelling(self) -> Foretells | None:
        """The recommender, if it foretells purchases."""
        return self.recommender if isinstance(self.recommender, Foretells) else None


@final
@dataclass(frozen=True)
class Ladder:
    """A Recommender that answers as `ranking.Fallback` does, and asks nobody who is not needed.

    The scores of rung b lie between -b and 1 - b, a rising function of its own. names are those of all rungs, one
    after another. A rung that fails has nothing to say, and `failures` is told.
    """

    rungs: tuple[Rung, ...]
    failures: Failures = field(default_factory=Failures)

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(name for rung in self.rungs for name in rung.names)

    @cached_property
    def owners(self) -> tuple[int, ...]:
        """The rung of each of `names`."""
        return tuple(place for place, rung in enumerate(self.rungs) for _ in rung.names)

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        permitted, n = allowed or Allowed(), len(queries)
        if not self.rungs:
            return Recommendations.none(n, k)
        answer = self._first(queries, k, permitted)
        for band in range(1, len(self.rungs)):
            if (answer.items[:, -1] != MISSING).all():
                break
            found = (answer.items != MISSING).sum(axis=1)
            rows = np.flatnonzero(found < k)
            rest = permitted[rows] if len(rows) < n else permitted
            rest &= _present(answer.items[rows], found[rows])
            more = self._asked(self.rungs[band], queries[rows] if len(rows) < n else queries, k, rest)
            self._filled(answer, more, (rows, found[rows]), band)
        return answer

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """Each item of this ladder's `answer` explained by the source that proposed it; none where that cannot."""
        if self.rungs and answer.sources.max(initial=0) < len(self.rungs[0].names):
            first = self.rungs[0]
            part = Recommendations(answer.items, answer.scores, first.names, answer.sources)
            return self._explained(first, queries, part, r)
        owners = np.array([*self.owners, MISSING], dtype=np.int32)
        owner = np.where(answer.items != MISSING, owners[np.minimum(answer.sources, len(self.owners))], MISSING)
        places = sorted(set(owner.ravel().tolist()) - {MISSING})
        if len(places) == 1:
            return self._because(places[0], queries, answer, owner, r)
        reasons, attributes = Reasons.none(len(answer), answer.k, r), list[str]()
        for place in places:
            found = self._because(place, queries, answer, owner, r)
            _laid(reasons, found, owner == place, len(attributes))
            attributes += found.names
        return Reasons(reasons.items, reasons.shares, reasons.features, tuple(attributes))

    def foretell(self, queries: Queries, answer: Recommendations) -> Foretold | None:
        """What the first rung that foretells says of its items of this ladder's `answer`; None where none does."""
        place = next((place for place, rung in enumerate(self.rungs) if rung.foretelling), None)
        if place is None or (foretelling := self.rungs[place].foretelling) is None:
            return None
        names, offset = self.rungs[place].names, self._offsets[place]
        theirs = (answer.sources >= offset) & (answer.sources < offset + len(names))
        try:
            return foretelling.foretell(queries, _part(answer, theirs, names, offset))
        except Exception as error:
            self.failures.tell(self.rungs[place].name, error)
            return None

    def _because(self, place: int, queries: Queries, answer: Recommendations, owner: Ints, r: int) -> Reasons:
        """What one rung says of its items."""
        rung = self.rungs[place]
        return self._explained(rung, queries, _part(answer, owner == place, rung.names, self._offsets[place]), r)

    def _explained(self, rung: Rung, queries: Queries, part: Recommendations, r: int) -> Reasons:
        if rung.explaining is None:
            return Reasons.none(len(part), part.k, r)
        try:
            return rung.explaining.because(queries, part, r)
        except Exception as error:
            self.failures.tell(rung.name, error)
            return Reasons.none(len(part), part.k, r)

    def _asked(self, rung: Rung, queries: Queries, k: int, allowed: Allowed) -> Recommendations:
        """What a rung says; where it fails each question is asked alone, so that one does not spoil the others."""
        try:
            return rung.recommender.recommend(queries, k, allowed)
        except Exception as error:
            self.failures.tell(rung.name, error)
        answer = Recommendations.none(len(queries), k)
        for row in range(len(queries)) if len(queries) > 1 else ():
            one = self._asked(rung, queries[row : row + 1], k, allowed[row : row + 1])
            for name in ("items", "scores", "sources"):
                getattr(answer, name)[row] = getattr(one, name)[0]
        return answer

    def _first(self, queries: Queries, k: int, allowed: Allowed) -> Recommendations:
        found = self._asked(self.rungs[0], queries, k, allowed)
        return Recommendations(found.items.copy(), banded(found.scores, 0), self.names, found.sources.copy())

    def _filled(self, answer: Recommendations, more: Recommendations, short: tuple[Longs, Longs], band: int) -> None:
        """Puts what a rung knows behind the `found` items of each of `rows`."""
        rows, found = short
        places = np.arange(answer.k) - found[:, np.newaxis]
        taken = (places >= 0) & (np.take_along_axis(more.items, np.maximum(places, 0), axis=1) != MISSING)
        row, column = np.nonzero(taken)
        place = places[row, column]
        answer.items[rows[row], column] = more.items[row, place]
        answer.scores[rows[row], column] = banded(more.scores[row, place], band)
        answer.sources[rows[row], column] = more.sources[row, place] + self._offsets[band]

    @cached_property
    def _offsets(self) -> Sequence[int]:
        offsets: list[int] = starts_of([len(rung.names) for rung in self.rungs]).tolist()
        return offsets


def _present(items: Ints, found: Longs) -> Allowed:
    """Everything but what stands in each row of items [n, k], the first `found` of them."""
    return Allowed(None, starts_of(found), items[np.arange(items.shape[1]) < found[:, np.newaxis]])


def _part(answer: Recommendations, theirs: Bools, names: tuple[str, ...], offset: int) -> Recommendations:
    """The answers of one rung, as it gave them."""
    items = np.where(theirs, answer.items, np.int32(MISSING))
    sources = np.where(theirs, answer.sources - np.int16(offset), np.int16(0))
    return Recommendations(items, answer.scores, names, sources)


def _laid(reasons: Reasons, found: Reasons, theirs: Bools, offset: int) -> None:
    """Lays the reasons of one rung into those of all; offset: of the names of its attributes."""
    reasons.items[theirs], reasons.shares[theirs] = found.items[theirs], found.shares[theirs]
    if len(found.names):
        features = np.where(found.features == MISSING, np.int32(MISSING), found.features + np.int32(offset))
        reasons.features[theirs] = features[theirs]
