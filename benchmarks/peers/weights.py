"""Lists of an item-item matrix: the answer of every peer whose model is one."""

from typing import Any

import numpy as np

USERS = 500  # whose scores are held at a time


def lists(weights: Any, known: Any, k: int) -> np.ndarray:
    """The k items with the largest known @ weights for each user, what they have left out; int64 [n_users, k].

    known: sparse [n_users, n_items]; weights: sparse or dense [n_items, n_items].
    """
    answers = np.empty((known.shape[0], k), dtype=np.int64)
    for first in range(0, known.shape[0], USERS):
        some = known[first : first + USERS]
        scores = some @ weights
        scores = np.asarray(scores.todense() if hasattr(scores, "todense") else scores)
        scores[some.nonzero()] = -np.inf
        best = np.argpartition(-scores, k, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
        answers[first : first + USERS] = np.take_along_axis(best, order, axis=1)
    return answers
