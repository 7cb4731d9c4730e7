"""Audience: whom to tell of an item; the customers for whom the personal sources of a scenario score it highest."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from regulars.core import MISSING, Allowed, Bools, Encodes, Floats, Longs, Model, Queries, Recommender
from regulars.ranking import Fallback, Pipeline, RankFusion
from regulars.ranking.fallback import banded
from regulars.retrieval import Indexed

from .crowd import Vectors
from .ladder import Ladder, Rung
from .live import BUY_AGAIN, LIVE, RECENTLY_VIEWED
from .questions import Reached

_PERSONAL = {BUY_AGAIN, RECENTLY_VIEWED}  # of the live sources: the others say the same of everybody
DEEP: Final = 1_000  # customers whom a pipeline is asked about
_CONSTANT = 60.0  # of reciprocal ranks; see RankFusion


class Place(NamedTuple):
    """Where a customer stands: the rung that tells, what it says, and the id."""

    band: int
    said: float
    customer: str


@dataclass
class Audience:
    """Takes in customers, some at a time, and says who of them an item suits best.

    A customer is scored by the first source of the ladder that can tell. A blend, whose own scores are ranks of items,
    is asked by its members: a customer scores the sum of 1 / (60 + rank) over the members, where customers are ranked
    by the score that the member gives the item. A pipeline, which looks at the whole catalog for each customer, is
    asked by its sources in this way first, then itself about the `DEEP` best of them: of the others it says nothing.
    """

    item: int
    n_items: int
    ladder: Ladder
    voices: Mapping[str, Recommender]
    _customers: list[np.ndarray] = field(default_factory=list)
    _told: list[list[Floats]] = field(default_factory=list)  # for each call of `add`, the scores by each of the voices
    _asked: dict[int, dict[str, float]] = field(default_factory=dict)  # what pipelines say of whom, by their rung

    def add(self, customers: Sequence[str], queries: Queries, permitted: Allowed, vectors: Vectors) -> None:
        """Those of the customers to whom the item may be shown. vectors: theirs, as far as they are known already."""
        rows = np.flatnonzero(allows(permitted, self.item, len(customers)))
        if not len(rows):
            return
        told, asked = [], None
        for name, voice in self.voices.items():
            if name in vectors and isinstance(voice, Encodes):
                told.append(_products(vectors[name][rows], voice.item_vectors, self.item))
                continue
            asked = queries[rows] if asked is None else asked
            told.append(_scores(voice, asked, self.item, self.n_items))
        self._told.append(told)
        self._customers.append(np.array(customers, dtype=object)[rows])

    def candidates(self) -> list[tuple[int, list[str]]]:
        """The rungs that are pipelines, and the customers whom each is to be asked about; see `ask`."""
        if not self._told:
            return []
        customers, found = np.concatenate(self._customers), []
        for band, scores in enumerate(self._by_rung()):
            if isinstance(self._rungs[band][0].recommender, Pipeline):
                known = np.flatnonzero(~np.isnan(scores))
                near = known[_first(np.zeros(len(known), dtype=np.int64), scores[known], DEEP)]
                order = sorted(near.tolist(), key=lambda row: (-scores[row], customers[row]))
                found.append((band, [customers[row] for row in order[:DEEP]]))
        return found

    def ask(self, band: int, customers: Sequence[str], queries: Queries) -> None:
        """Asks the pipeline of a rung about some of its candidates."""
        said = _scores(self._rungs[band][0].recommender, queries, self.item, self.n_items)
        self._asked.setdefault(band, {}).update(zip(customers, said.tolist(), strict=True))

    def best(self, k: int, after: Place | None = None) -> list[tuple[Reached, Place]]:
        """The k with the highest scores, best first, equal ones by their ids; those behind a place."""
        if not self._told:
            return []
        customers = np.concatenate(self._customers)
        said, bands = self._said(customers)
        found = np.flatnonzero(~np.isnan(said))
        if after is not None:
            found = found[_behind(bands[found], said[found], customers[found], after)]
        found = found[_first(bands[found], said[found], k)]
        order = sorted(found.tolist(), key=lambda row: (bands[row], -said[row], customers[row]))[:k]
        places = [Place(int(bands[row]), float(said[row]), customers[row]) for row in order]
        return [(self._reached(place), place) for place in places]

    def _reached(self, place: Place) -> Reached:
        score = banded(np.array([place.said], dtype=np.float32), place.band)[0]
        return Reached(place.customer, float(score), self._rungs[place.band][0].name)

    def _said(self, customers: np.ndarray) -> tuple[Floats, Longs]:
        """The score of each customer by the first source that tells one, and which source that is."""
        n = len(customers)
        said, bands = np.full(n, np.nan, dtype=np.float32), np.zeros(n, dtype=np.int64)
        for band, scores in enumerate(self._by_rung()):
            if (asked := self._asked.get(band)) is not None:
                scores = np.array([asked.get(one, np.nan) for one in customers.tolist()], dtype=np.float32)
            new = np.isnan(said) & ~np.isnan(scores)
            said[new], bands[new] = scores[new], band
        return said, bands

    @cached_property
    def _rungs(self) -> list[tuple[Rung, int]]:
        """The personal sources, and how many speak for each."""
        return [(rung, len(list(speaking(rung.recommender)))) for rung in _personal(self.ladder)]

    def _by_rung(self) -> Iterator[Floats]:
        """What each source says of each customer; float32 [n]."""
        told = [np.concatenate(said) for said in zip(*self._told, strict=True)]
        for _, n in self._rungs:
            own, told = told[:n], told[n:]
            if own:
                yield own[0] if len(own) == 1 else _fused(own)


def voices(ladder: Ladder, version: str) -> dict[str, Recommender]:
    """Those whose scores of one item can be compared from customer to customer, by names that no other version has."""
    return {
        f"{version} {rung.name} {place}": voice
        for rung in _personal(ladder)
        for place, voice in enumerate(speaking(rung.recommender))
    }


def allows(allowed: Allowed, item: int, n: int) -> Bools:
    """Whether each of n queries may be answered with the item."""
    open_ = np.ones(n, dtype=np.bool_)
    if allowed.mask is not None:
        open_ &= allowed.mask[:, item] if item < allowed.mask.shape[1] else False
    if len(allowed.starts) > 1:
        rows = np.repeat(np.arange(n), np.diff(allowed.starts))
        open_[rows[allowed.excluded == item]] = False
    return open_


def _personal(ladder: Ladder) -> list[Rung]:
    return [rung for rung in ladder.rungs if rung.name not in LIVE or rung.name in _PERSONAL]


def speaking(recommender: Recommender) -> Iterator[Recommender]:
    """Those within whose scores of one item can be compared from customer to customer."""
    if isinstance(recommender, RankFusion | Fallback):
        for one in recommender.recommenders:
            yield from speaking(one)
    elif isinstance(recommender, Pipeline):
        for one in recommender.sources:
            yield from speaking(one)
    elif isinstance(recommender, Indexed) and isinstance(recommender.model, Model):
        yield recommender.model
    else:
        yield recommender


def _fused(said: Sequence[Floats]) -> Floats:
    """The sum of reciprocal ranks among the customers, NaN where no voice can tell; equal scores share a rank."""
    total = np.zeros(len(said[0]))
    for scores in said:
        known = np.flatnonzero(~np.isnan(scores))
        _, place = np.unique(-scores[known], return_inverse=True)
        total[known] += 1 / (_CONSTANT + 1 + place)
    return np.where(total > 0, total, np.nan).astype(np.float32)


def _products(vectors: Floats, item_vectors: Floats, item: int) -> Floats:
    """The score of one item for customers with these vectors; float32 [n]."""
    if item >= len(item_vectors):
        return np.full(len(vectors), np.nan, dtype=np.float32)
    scores: Floats = vectors @ item_vectors[item]
    return scores


def _scores(recommender: Recommender, queries: Queries, item: int, n_items: int) -> Floats:
    """The score of one item for each query; float32 [n], NaN for "cannot tell"."""
    if isinstance(recommender, Model):
        scores: Floats = recommender.score(queries, np.array([item], dtype=np.int32))[:, 0]
        return scores
    mask = np.zeros((1, n_items), dtype=np.bool_)
    mask[0, item] = True
    answer = recommender.recommend(queries, 1, Allowed(mask))
    return np.where(answer.items[:, 0] == MISSING, np.float32(np.nan), answer.scores[:, 0])


def _first(bands: Longs, said: Floats, k: int) -> Longs:
    """The k best rows, and those that are as good as the last of them."""
    order = np.lexsort((-said, bands))
    if len(order) <= k:
        return order
    last = order[k - 1]
    return np.flatnonzero((bands < bands[last]) | ((bands == bands[last]) & (said >= said[last])))


def _behind(bands: Longs, said: Floats, customers: np.ndarray, after: Place) -> Bools:
    """Who comes after a place."""
    score = np.float32(after.said)
    alike = (bands == after.band) & (said == score)
    later = np.array([name > after.customer for name in customers[alike].tolist()], dtype=np.bool_)
    behind: Bools = (bands > after.band) | ((bands == after.band) & (said < score))
    behind[alike] = later
    return behind
