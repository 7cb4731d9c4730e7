"""Audience: whom to tell of an item; the customers for whom the personal sources of a scenario score it highest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from regulars.core import MISSING, Allowed, Bools, Floats, Model, Queries, Recommender
from regulars.ranking import Fallback, RankFusion
from regulars.ranking.fallback import banded

from .asking import Batch
from .ladder import Ladder, Rung
from .live import BUY_AGAIN, LIVE, RECENTLY_VIEWED
from .questions import Reached

_PERSONAL = {BUY_AGAIN, RECENTLY_VIEWED}  # of the live sources: the others say the same of everybody
_CONSTANT = 60.0  # of reciprocal ranks; see RankFusion


@dataclass
class Audience:
    """Takes in batches of questions about customers, and says who of them an item suits best.

    A customer is scored by the first source of the ladder that can tell. A blend, whose own scores are ranks of items,
    is asked by its members: a customer scores the sum of 1 / (60 + rank) over the members, where customers are ranked
    by the score that the member gives the item.
    """

    item: int
    ladder: Ladder
    customers: list[str] = field(default_factory=list)
    _told: list[list[Floats]] = field(default_factory=list)  # for each batch, the scores by each of the voices

    def add(self, batch: Batch) -> None:
        """The customers of a batch to whom the item may be shown."""
        rows = np.flatnonzero(_allows(batch.permitted, self.item, len(batch.asked)))
        if not len(rows):
            return
        self.customers += [batch.asked[row].question.customer for row in rows.tolist()]
        queries, n_items = batch.queries[rows], len(batch.items)
        self._told.append(
            [_scores(voice, queries, self.item, n_items) for _, voices in self._rungs for voice in voices]
        )

    def best(self, k: int) -> list[Reached]:
        """The k with the highest scores, best first; equal ones by their ids."""
        scores = np.full(len(self.customers), np.nan, dtype=np.float32)
        sources = np.zeros(len(self.customers), dtype=np.int64)
        for band, said in enumerate(self._by_rung()):
            new = np.isnan(scores) & ~np.isnan(said)
            scores[new], sources[new] = banded(said[new], band), band
        names = np.array(self.customers, dtype=object)
        found = np.flatnonzero(~np.isnan(scores))
        order = found[np.lexsort((names[found].astype(str), -scores[found]))][:k]
        return [Reached(self.customers[i], float(scores[i]), self._rungs[sources[i]][0].name) for i in order.tolist()]

    @cached_property
    def _rungs(self) -> list[tuple[Rung, Sequence[Recommender]]]:
        """The personal sources, and who speaks for each."""
        return [
            (rung, tuple(_voices(rung.recommender)))
            for rung in self.ladder.rungs
            if rung.name not in LIVE or rung.name in _PERSONAL
        ]

    def _by_rung(self) -> Iterator[Floats]:
        """What each source says of each customer; float32 [n]."""
        voices = [np.concatenate(said) for said in zip(*self._told, strict=True)]
        for _, own in self._rungs:
            said, voices = voices[: len(own)], voices[len(own) :]
            if said:
                yield said[0] if len(said) == 1 else _fused(said)


def _voices(recommender: Recommender) -> Iterator[Recommender]:
    """Those whose scores of one item can be compared from customer to customer."""
    if isinstance(recommender, RankFusion | Fallback):
        for one in recommender.recommenders:
            yield from _voices(one)
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


def _scores(recommender: Recommender, queries: Queries, item: int, n_items: int) -> Floats:
    """The score of one item for each query; float32 [n], NaN for "cannot tell"."""
    if isinstance(recommender, Model):
        scores: Floats = recommender.score(queries, np.array([item], dtype=np.int32))[:, 0]
        return scores
    mask = np.zeros((1, n_items), dtype=np.bool_)
    mask[0, item] = True
    answer = recommender.recommend(queries, 1, Allowed(mask))
    return np.where(answer.items[:, 0] == MISSING, np.float32(np.nan), answer.scores[:, 0])


def _allows(allowed: Allowed, item: int, n: int) -> Bools:
    """Whether each of n queries may be answered with the item."""
    open_ = np.ones(n, dtype=np.bool_)
    if allowed.mask is not None:
        open_ &= allowed.mask[:, item] if item < allowed.mask.shape[1] else False
    if len(allowed.starts) > 1:
        rows = np.repeat(np.arange(n), np.diff(allowed.starts))
        open_[rows[allowed.excluded == item]] = False
    return open_
