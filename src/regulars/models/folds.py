"""Folds of items: customers as they would be seen if some items of the catalog were new."""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from regulars.core import MISSING, Bools, Dataset, Floats, Ints, Longs, Queries, ints, spans, starts_of

from .kinds.bridge import Reader
from .lives import beginnings

BATCH: Final = 4096  # histories encoded at a time
JUDGED: Final = 10
RETURNED: Final = 1_000  # customers who come back, or half of all, for questions to be asked as when they do
SCORES: Final = 8_000_000  # held at a time


@dataclass(frozen=True)
class Folds:
    """n questions, each of a customer who meets some items of one fold, asked without all items of that fold.

    of: int32 [n_items], the fold of each item, MISSING for those that teach nothing. queries: float32 [n, d];
    fold, user: int32 [n]; question i was answered by items[starts[i]:starts[i + 1]].
    """

    of: Ints
    queries: Floats
    fold: Ints
    user: Ints
    starts: Longs
    items: Ints

    def __len__(self) -> int:
        return len(self.fold)

    @property
    def lengths(self) -> Longs:
        return np.diff(self.starts)

    def one_each(self, random: np.random.Generator) -> Ints:
        """One answer of each question, drawn; int32 [n]."""
        drawn = (random.random(len(self)) * self.lengths).astype(np.int64)
        return ints(self.items[self.starts[:-1] + drawn])


class Part(NamedTuple):
    """Questions of one fold: their vectors, the fold, whose they are, how many answers each has, and these."""

    vectors: Floats
    fold: Ints
    user: Ints
    lengths: Ints
    items: Ints


def drawn(able: Ints, n_items: int, folds: int, share: float, random: np.random.Generator) -> Ints:
    """The fold of each item: 0 .. folds - 1 for the items `able`, `folds` for a share of them, MISSING for others."""
    order = random.permutation(able)
    n = min(max(1, round(share * len(able))), len(able) - 1)
    of = np.full(n_items, MISSING, dtype=np.int32)
    of[order[n:]] = np.arange(len(order) - n) % folds
    of[order[:n]] = folds
    return of


def folded(reader: Reader, data: Dataset, of: Ints, users: Ints, folds: tuple[int, ...]) -> Folds:
    """The questions of these customers for these folds; none of who met nothing of it, or nothing but it."""
    everyone = data.queries(users, int(data.time.max(initial=0)) + 1)
    parts = [Part(np.empty((0, reader.width), np.float32), *(np.empty(0, np.int32) for _ in range(4)))]
    for fold in folds:
        parts.extend(_questions(reader, some, of, fold) for some in everyone.batches(BATCH))
    queries, fold_of, user, lengths, items = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Folds(of, queries, fold_of, user, starts_of(lengths), items)


def came_back(data: Dataset) -> Bools:
    """The events of customers after their first visit; none at all, where too few of them came back to be asked by
    what they had done before; bool [n_events]."""
    several = np.flatnonzero(np.diff(data.starts) > 1)
    later: Bools = data.time > beginnings(data)[data.user]
    if len(np.unique(data.user[later])) < min(RETURNED, len(several) / 2):
        later[:] = False
    return later


def _questions(reader: Reader, queries: Queries, of: Ints, fold: int) -> Part:
    history = queries.history
    known = (history.items >= 0) & (history.items < len(of))
    inside = np.zeros(len(history.items), dtype=np.bool_)
    inside[known] = of[history.items[known]] == fold
    wanted = history.where(inside).matrix(len(of))
    asked = np.flatnonzero(np.diff(wanted.indptr) > 0)
    left = replace(queries[asked], history=history.where(~inside)[asked])
    vectors = reader(left)
    told = ~np.isnan(vectors[:, 0])
    wanted = wanted[asked[told]]
    lengths = np.diff(wanted.indptr).astype(np.int32)
    fold_of = np.full(len(lengths), fold, dtype=np.int32)
    return Part(vectors[told], fold_of, queries.users[asked[told]], lengths, wanted.indices.astype(np.int32))


def ndcg(folds: Folds, items: Ints, vectors: Floats, k: int = JUDGED) -> float:
    """Mean NDCG@k of lists of these items, all that the answers of the questions are of; vectors: [m, d]."""
    gains = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(gains)])
    place = np.full(len(folds.of), MISSING, dtype=np.int64)
    place[items] = np.arange(len(items))
    total, size, k = 0.0, max(1, SCORES // max(1, len(items))), min(k, len(items))
    for start in range(0, len(folds), size):
        rows = np.arange(start, min(start + size, len(folds)))
        scores = folds.queries[rows] @ vectors.T
        lengths = folds.lengths[rows]
        answers = place[folds.items[spans(folds.starts[:-1][rows], lengths)]]
        wanted = np.zeros(scores.shape, dtype=np.bool_)
        wanted[np.repeat(np.arange(len(rows)), lengths), answers] = True
        best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        best = np.take_along_axis(best, np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable"), 1)
        hits = np.take_along_axis(wanted, best, 1)
        total += float(((hits @ gains[:k]) / ideal[np.minimum(lengths, k)]).sum())
    return total / max(1, len(folds))
