"""Occlusion: what each item of a history adds to an answer, by asking again without it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from regulars.core import MISSING, Floats, Ints, Longs, Queries, floats, spans, starts_of

from ..kinds.factors import Parts

NEWEST = 20  # events of a history that are looked at: more are seldom read as reasons, and each costs one encoding
BLOCK = 1024  # questions without an item that are encoded together

Encode = Callable[[Queries, Floats], Floats]  # as Encoder.encode
Score = Callable[[Queries, Longs], Floats]  # of the answers [k] of each of these rows; float32 [n, k]


def occluded(encode: Encode, queries: Queries, item_vectors: Floats, answers: Ints) -> Parts:
    """How much lower each answer [n, k] scores when one item of the newest events is taken out of the history.

    An item is taken out wherever it stands in the history. What lowers no score adds 0; when nothing is known without
    the item, the whole answer is due to it. Source: leave-one-out, as in Zeiler, Fergus (ECCV 2014) for pixels.
    """
    wanted = item_vectors[np.where(answers >= 0, answers, 0)]  # [n, k, d]

    def score(some: Queries, rows: Longs) -> Floats:
        return floats(np.einsum("nd,nkd->nk", encode(some, item_vectors), wanted[rows]))

    return left_out(score, queries, answers)


def left_out(score: Score, queries: Queries, answers: Ints) -> Parts:
    """The same for whatever scores answers: `score` gives those of answers[rows] to questions asked in their place."""
    rows, items = _looked_at(queries)
    before = score(queries, np.arange(len(queries)))
    added = np.zeros((len(rows), answers.shape[1]), dtype=np.float32)
    for start in range(0, len(rows), BLOCK):
        block = slice(start, start + BLOCK)
        asked = rows[block]
        without = score(_without(queries[asked], items[block]), asked)
        alone = np.isnan(without) & ~np.isnan(before[asked])
        difference = np.where(alone, np.abs(before[asked]) + np.float32(1e-6), before[asked] - without)
        added[block] = np.fmax(difference, 0)
    added[answers[rows] == MISSING] = 0
    return starts_of(np.bincount(rows, minlength=len(queries))), items, added


def _looked_at(queries: Queries) -> tuple[Longs, Ints]:
    """The different items among the newest events of each history, and whose they are."""
    history = queries.history
    lengths = np.minimum(history.lengths, NEWEST)
    events = spans(history.starts[1:] - lengths, lengths)
    pairs = np.stack([np.repeat(np.arange(len(history)), lengths), history.items[events]])
    rows, items = np.unique(pairs, axis=1)
    return rows, items.astype(np.int32)


def _without(queries: Queries, items: Ints) -> Queries:
    """The same questions, row i asked as if items[i] had never been met."""
    history = queries.history
    return replace(queries, history=history.where(history.items != items[history.rows]))
