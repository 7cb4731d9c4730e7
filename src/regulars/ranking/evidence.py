"""Evidence: what is known of a customer and an item at the moment of asking, as a row of numbers for each pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from regulars.core import (
    DAY,
    Allowed,
    Bools,
    Dataset,
    Floats,
    Histories,
    Ints,
    Longs,
    Model,
    Queries,
    floats,
    starts_of,
    top_k,
)
from regulars.kernels.answers import Ragged
from regulars.kernels.pairs import met, standings, union

UNKNOWN = -1.0  # stands where nothing can be told; every number of the evidence is 0 or more
STEPS = 33  # of a yardstick
FACTS = ("customers", "again", "events", "items", "times", "since", "due")
_BLOCK = 4_000_000  # scores of one part held at a time


@dataclass(frozen=True)
class Yardstick:
    """Turns the scores of one model into surprises: -log of the share of candidates that score higher.

    scores, surprises: float32 [steps], rising; in between by straight lines, beyond the ends as at the ends. What any
    score is worth is fixed when a blend is fitted, so it depends on nothing else in a call.
    """

    scores: Floats
    surprises: Floats

    @classmethod
    def of(cls, scores: Floats) -> "Yardstick":
        """Of the scores of many candidates; NaN is left out."""
        known = np.sort(scores[~np.isnan(scores)])
        if not len(known):
            return cls(floats([0]), floats([0]))
        surprises = np.linspace(0, np.log(len(known)), STEPS)
        places = np.rint((1 - np.exp(-surprises)) * len(known)).astype(np.int64)
        steps, which = np.unique(known[np.minimum(places, len(known) - 1)], return_inverse=True)
        sums, counts = np.bincount(which, surprises), np.bincount(which)
        return cls(floats(steps), floats(sums / counts))

    def __call__(self, scores: Floats) -> Floats:
        """The surprise of each score, UNKNOWN for NaN."""
        told = np.interp(scores, self.scores, self.surprises)
        return floats(np.where(np.isnan(scores), UNKNOWN, told))


@dataclass(frozen=True)
class ItemLore:
    """What training knew of each item: the share of customers who had it, and of those the share who came back for it.

    customers, again: float32 [n_items], as -log of the share, so that 0 is "all" and more is rarer.
    """

    customers: Floats
    again: Floats

    @classmethod
    def of(cls, data: Dataset) -> "ItemLore":
        kept = data.where(data.weight > 0)
        keys, counts = np.unique(kept.user.astype(np.int64) * data.n_items + kept.item, return_counts=True)
        items = keys % data.n_items
        customers = np.bincount(items, minlength=data.n_items)
        again = np.bincount(items[counts > 1], minlength=data.n_items)
        everybody, usual = len(np.unique(kept.user)), (again.sum() + 1) / (customers.sum() + 1)
        share = (again + usual * 5) / (customers + 5)  # five customers of the usual kind, so that one does not decide
        return cls(floats(np.log((everybody + 1) / (customers + 1))), floats(-np.log(share)))


class Pairs(NamedTuple):
    """Candidates of a batch of queries and the evidence for each.

    starts: int64 [n + 1]; items: int32 [p], rising within a row; scores: float32 [p, parts], as the models gave them;
    places: int32 [p, parts], how many items of the same kind (new to the customer, or not) each model puts higher, at
    most `depth`; facts: float32 [p, FACTS].
    """

    starts: Longs
    items: Ints
    scores: Floats
    places: Ints
    facts: Floats

    @classmethod
    def joined(cls, parts: Sequence["Pairs"]) -> "Pairs":
        """The pairs of all batches, one batch after another."""
        return cls(
            starts_of(np.concatenate([np.diff(one.starts) for one in parts])),
            np.concatenate([one.items for one in parts]),
            np.concatenate([one.scores for one in parts]),
            np.concatenate([one.places for one in parts]),
            np.concatenate([one.facts for one in parts]),
        )

    def only(self, queries: Bools) -> "Pairs":
        """The pairs of these queries (bool [n]) alone."""
        lengths = np.diff(self.starts)
        rows = np.repeat(queries, lengths)
        starts = starts_of(lengths[queries])
        return Pairs(starts, self.items[rows], self.scores[rows], self.places[rows], self.facts[rows])

    @property
    def rows(self) -> Longs:
        """The query of each pair; int64 [p]."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def evidence(self, yardsticks: Sequence[Yardstick]) -> Floats:
        """Surprise by each part, log(1 + place) by each part, and the facts; float32 [p, 2 * parts + FACTS]."""
        surprises = [stick(self.scores[:, part]) for part, stick in enumerate(yardsticks)]
        return np.column_stack([*surprises, np.log1p(self.places), self.facts]).astype(np.float32)


def names_of_evidence(parts: Sequence[str]) -> tuple[str, ...]:
    """What the columns of the evidence are called."""
    return (*(f"score of {name}" for name in parts), *(f"place by {name}" for name in parts), *FACTS)


def block_size(n_items: int) -> int:
    """How many queries are looked at together."""
    return max(1, _BLOCK // max(1, n_items))


def pairs_of(
    models: Sequence[Model], lore: ItemLore, queries: Queries, allowed: Allowed, *, wide: int, depth: int
) -> Pairs:
    """The `wide` best allowed items of each model, all models together, with what there is to say about each pair."""
    n_items = models[0].n_items
    history = queries.history
    kept = history.where((history.weights > 0) & (history.items >= 0) & (history.items < n_items))
    owned = union_of(kept, n_items)
    scores = [model.score(queries) for model in models]
    found = union(np.concatenate([top_k(one, wide, allowed).items for one in scores], axis=1))
    rows = np.repeat(np.arange(len(queries)), np.diff(found[0]))
    counts, first, last = met(found, (kept.starts, kept.items), kept.times, kept.weights, n_items)
    picked = [one[rows, found[1]] for one in scores]
    places = []
    for one, own in zip(scores, picked, strict=True):
        new = standings(found, own, top_k(one, depth, Allowed(None, *owned)).scores)
        habits = standings(found, own, _falling(one, owned, depth))
        places.append(np.where(counts > 0, habits, new))
    customer = np.log1p(np.column_stack([kept.lengths, np.diff(owned[0])]))[rows]
    facts = [
        lore.customers[found[1]],
        lore.again[found[1]],
        *customer.T,
        *_told(queries.times[rows], counts, first, last),
    ]
    return Pairs(*found, np.column_stack(picked), np.column_stack(places), np.column_stack(facts).astype(np.float32))


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
