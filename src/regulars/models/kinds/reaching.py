"""Answers of models whose questions reach few items: the best of those, and scores with NaN for the rest."""

import numpy as np

from regulars.core import Allowed, Floats, Ints, Recommendations
from regulars.kernels.reached import Reach, all_reached, best_reached


def best_of(reach: Reach, shape: tuple[int, int], k: int, allowed: Allowed, method: str) -> Recommendations:
    """The k best allowed items of what is reached; shape: questions and items of the catalog."""
    mask = allowed.mask
    if mask is not None:
        mask = np.pad(mask[:, : shape[1]], ((0, 0), (0, max(0, shape[1] - mask.shape[1]))))
    banned = None if len(allowed.starts) == 1 else (allowed.starts, allowed.excluded)
    return Recommendations(*best_reached(reach, shape, k, allowed=mask, excluded=banned), (method,))


def scores_of(reach: Reach, shape: tuple[int, int], items: Ints | None) -> Floats:
    """Scores of the catalog or of `items`; NaN for what is not reached or is beyond the catalog."""
    if items is None:
        return all_reached(reach, shape)
    known = (items >= 0) & (items < shape[1])
    scores = np.full((shape[0], len(items)), np.nan, dtype=np.float32)
    scores[:, known] = all_reached(reach, shape, items[known])
    return scores
