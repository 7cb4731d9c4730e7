"""Pairs: the candidates of a batch of queries, and what the sources and the history say of each."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from regulars.core import DAY, Allowed, Floats, Histories, Ints, Longs, Model, Queries, starts_of, top_k
from regulars.kernels.answers import Ragged
from regulars.kernels.pairs import met, standings, union

from .table import UNKNOWN

HABITS = ("events", "items", "times", "since", "due")
_SCORES, _QUERIES = 4_000_000, 1_024  # scores of one source, and queries, held at a time


class Pairs(NamedTuple):
    """Candidates of a batch of queries and what is known of each.

    starts: int64 [n + 1]; items: int32 [p], rising within a row; scores: float32 [p, sources], as the models gave them;
    places: int32 [p, sources], how many items of the same kind (new to the customer, or not) each model puts higher, at
    most `depth`; habits: float32 [p, HABITS].
    """

    starts: Longs
    items: Ints
    scores: Floats
    places: Ints
    habits: Floats

    @classmethod
    def joined(cls, parts: Sequence["Pairs"]) -> "Pairs":
        """The pairs of all batches, one batch after another."""
        starts = starts_of(np.concatenate([np.diff(one.starts) for one in parts]))
        _, items, scores, places, habits = (list(column) for column in zip(*parts, strict=True))
        return cls(starts, *(np.concatenate(column) for column in (items, scores, places, habits)))

    def of(self, queries: slice) -> "Pairs":
        """The pairs of these queries alone."""
        starts = self.starts[queries.start : queries.stop + 1]
        rows = slice(int(starts[0]), int(starts[-1]))
        told = self.scores[rows], self.places[rows], self.habits[rows]
        return Pairs(starts - starts[0], self.items[rows], *told)

    @property
    def rows(self) -> Longs:
        """The query of each pair; int64 [p]."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


def block_size(n_items: int) -> int:
    """How many queries are looked at together."""
    return max(1, min(_QUERIES, _SCORES // max(1, n_items)))


def known_of(queries: Queries, n_items: int) -> Histories:
    """What each customer had and did not give back, of the items of this catalog."""
    history = queries.history
    return history.where((history.weights > 0) & (history.items >= 0) & (history.items < n_items))


def pairs_of(models: Sequence[Model], queries: Queries, allowed: Allowed, *, wide: int, depth: int) -> Pairs:
    """The `wide` best allowed items of each model, all models together, with what there is to say about each pair."""
    n_items = models[0].n_items
    kept = known_of(queries, n_items)
    owned = union_of(kept, n_items)
    scores = [model.score(queries) for model in models]
    found = union(np.concatenate([top_k(one, wide, allowed).items for one in scores], axis=1))
    rows = np.repeat(np.arange(len(queries)), np.diff(found[0]))
    counts, first, last = met(found, (kept.starts, kept.items), kept.times, kept.weights, n_items)
    picked = [one[rows, found[1]] for one in scores]
    places = []
    for one, own in zip(scores, picked, strict=True):
        new = standings(found, own, top_k(one, depth, Allowed(None, *owned)).scores)
        old = standings(found, own, _falling(one, owned, depth))
        places.append(np.where(counts > 0, old, new))
    customer = np.log1p(np.column_stack([kept.lengths, np.diff(owned[0])]))[rows]
    habits = [*customer.T, *_told(queries.times[rows], counts, first, last)]
    return Pairs(*found, np.column_stack(picked), np.column_stack(places), np.column_stack(habits).astype(np.float32))


def union_of(history: Histories, n_items: int) -> Ragged:
    """The different items of each history, rising; none is unknown."""
    keys = np.unique(history.rows.astype(np.int64) * n_items + history.items)
    return starts_of(np.bincount(keys // n_items, minlength=len(history))), (keys % n_items).astype(np.int32)


def _falling(scores: Floats, owned: Ragged, depth: int) -> Floats:
    """The `depth` highest scores among the items of each row, padded with NaN; float32 [n, depth]."""
    starts, items = owned
    rows = np.repeat(np.arange(len(scores)), np.diff(starts))
    values = scores[rows, items]
    order = np.lexsort((-values, rows))  # NaN is last in its row
    place = np.arange(len(items)) - starts[rows]
    best = np.full((len(scores), depth), np.nan, dtype=np.float32)
    kept = place < depth
    best[rows[kept], place[kept]] = values[order[kept]]
    return best


def _told(now: Longs, counts: Ints, first: Longs, last: Longs) -> tuple[np.ndarray, ...]:
    """How often the customer had the item, how long ago in days, and how long ago in their own rhythm; [p] each."""
    since = np.maximum(now - last, 0) / DAY
    rhythm = np.maximum((last - first) / DAY / np.maximum(counts - 1, 1), 1)
    return (
        np.log1p(counts),
        np.where(counts > 0, np.log1p(since), UNKNOWN),
        np.where(counts > 1, np.log1p(since / rhythm), UNKNOWN),
    )
