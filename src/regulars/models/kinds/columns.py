"""Candidates against a catalog: an index that a model has never heard of is NaN, never an error."""

import numpy as np

from regulars.core import Floats, Ints


def columns_of(scores: Floats, items: Ints | None) -> Floats:
    """The columns `items` of scores [n, n_items], NaN for MISSING and for indices from n_items on; None takes all."""
    if items is None:
        return scores
    known = (items >= 0) & (items < scores.shape[1])
    picked = (
        scores[:, np.where(known, items, 0)] if scores.shape[1] else np.empty((len(scores), len(items)), np.float32)
    )
    picked[:, ~known] = np.nan
    return picked
