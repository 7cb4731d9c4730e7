"""Audience: whom to tell of an item; the customers for whom a personal source scores it highest."""

from collections.abc import Iterator
from heapq import nlargest

import numpy as np

from regulars.core import MISSING, Allowed, Bools, Floats, Model, Queries, Recommender
from regulars.ranking.fallback import banded

from .asking import Batch
from .live import BUY_AGAIN, LIVE, RECENTLY_VIEWED
from .questions import Reached

_PERSONAL = {BUY_AGAIN, RECENTLY_VIEWED}  # of the live sources: the others say the same of everybody


def best(k: int, found: Iterator[Reached]) -> list[Reached]:
    """The k with the highest scores; equal ones by their ids."""
    return sorted(nlargest(k, found, key=lambda one: one.score), key=lambda one: (-one.score, one.user_id))


def reached(batch: Batch, item: int) -> Iterator[Reached]:
    """The customers of a batch to whom the item may be shown, and of whom a personal source of the ladder can tell."""
    permitted = batch.permitted
    open_ = _allows(permitted, item, len(batch.asked))
    for band, rung in enumerate(batch.ladder.rungs):
        if rung.name in LIVE and rung.name not in _PERSONAL:
            continue
        rows = np.flatnonzero(open_)
        if not len(rows):
            return
        scores = banded(_scores(rung.recommender, batch.queries[rows], item, len(batch.items)), band)
        for row, score in zip(rows.tolist(), scores.tolist(), strict=True):
            if score == score:
                open_[row] = False
                yield Reached(batch.asked[row].question.customer, score, rung.name)


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
