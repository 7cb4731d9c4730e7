"""What many kinds do a block of customers or of items at a time: tell reasons, and find similar items by scores."""

from collections.abc import Callable
from typing import Final

import numpy as np

from regulars.core import MISSING, Allowed, Floats, Ints, Queries, Reasons, Recommendations, starts_of, top_k
from regulars.kernels.profiles import Sparse

BLOCK: Final = 4_000_000  # scores held at a time
ROWS: Final = 512  # customers explained at a time

Explain = Callable[[Queries, Ints], tuple[Ints, Floats]]


def explained(explain: Explain, queries: Queries, answer: Recommendations, r: int, n_items: int) -> Reasons:
    """The reasons that `explain` gives for each block of queries and its answers [n, k], MISSING from n_items on.

    It returns items int32 [n, k, r] and their shares float32 [n, k, r].
    """
    reasons = Reasons.none(len(queries), answer.k, r)
    for start in range(0, len(queries), ROWS):
        rows = slice(start, start + ROWS)
        answers = np.where(answer.items[rows] < n_items, answer.items[rows], MISSING)
        reasons.items[rows], reasons.shares[rows] = explain(queries[rows], answers)
    return reasons


def similar_by_scores(
    scores: Callable[[Sparse], Floats], items: Ints, n_items: int, k: int, allowed: Allowed, method: str
) -> Recommendations:
    """The answers to histories of one of `items` [n] each, itself left out; `scores` gives those of profiles."""
    size = max(1, BLOCK // max(1, n_items))
    parts = [Recommendations.none(0, k, method)]
    for start in range(0, len(items), size):
        some = items[start : start + size]
        rows = scores(_alone(some, n_items))
        known = np.flatnonzero((some >= 0) & (some < n_items))
        rows[known, some[known]] = np.nan
        parts.append(top_k(rows, k, allowed[start : start + size], method))
    return Recommendations.concat(parts)


def _alone(items: Ints, n_items: int) -> Sparse:
    """Profiles of one item each; empty for those beyond the model."""
    known = (items >= 0) & (items < n_items)
    return starts_of(known), items[known], np.ones(int(known.sum()), dtype=np.float32)
