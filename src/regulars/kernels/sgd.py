"""Stochastic gradient descent on ratings: one thread, one customer after another, the same result every time.

A rating is predicted as mean + b_u + b_i + p_u.q_i (Koren, Bell, Volinsky, IEEE Computer 2009, eq. 4), in SVD++ as
mean + b_u + b_i + (p_u + |N(u)|^-1/2 sum_{j in N(u)} y_j).q_i (Koren, KDD 2008, eq. 15). Each rating moves what it
depends on down the gradient of error^2 + regularization * (the squares of all that it depends on).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from .answers import Floats, Ints, Longs


class Ratings(NamedTuple):
    """Ratings less their mean: customer u's are the slice starts[u]:starts[u + 1], no item twice."""

    starts: Longs
    items: Ints
    values: Floats


class Side(NamedTuple):
    """What is learned of the customers, or of the items: biases float32 [n] and vectors float32 [n, d]."""

    biases: Floats
    vectors: Floats


def svd_epoch(ratings: Ratings, order: Ints, users: Side, items: Side, *, rate: float, regularization: float) -> float:
    """Every rating once, the customers in `order`; both sides move in place. Returns the sum of squared errors."""
    return _svd(*ratings, order, *users, *items, np.float32(rate), np.float32(regularization))


def svdpp_epoch(
    ratings: Ratings, order: Ints, users: Side, items: Side, implicit: Floats, *, rate: float, regularization: float
) -> float:
    """The same with `implicit` y, float32 [n_items, d], in place: what it says to have rated an item at all.

    Every rating of a customer moves the y of all of the customer's items by the same step and shrinks them by the same
    share. So one sum, one factor and one shift stand for all of them until the customer is done: exact, and the cost
    of a rating does not grow with the length of the history.
    """
    return _svdpp(*ratings, order, *users, *items, implicit, np.float32(rate), np.float32(regularization))


def feature_epochs(
    ratings: Ratings, user_values: Floats, item_values: Floats, *, epochs: int, rate: float, regularization: float
) -> None:
    """`epochs` times every rating for one feature: values ~ user_values[u] * item_values[i], both float32 [n]."""
    _feature(*ratings, user_values, item_values, epochs, np.float32(rate), np.float32(regularization))


def subtract_feature(ratings: Ratings, user_values: Floats, item_values: Floats) -> None:
    """Takes what a feature explains out of the values, in place."""
    rows = np.repeat(np.arange(len(ratings.starts) - 1), np.diff(ratings.starts))
    np.subtract(ratings.values, user_values[rows] * item_values[ratings.items], out=ratings.values)


@njit(cache=True, fastmath={"reassoc", "contract", "nsz"}, nogil=True)
def _svd(
    starts: Longs,
    columns: Ints,
    values: Floats,
    order: Ints,
    user_biases: Floats,
    user_vectors: Floats,
    item_biases: Floats,
    item_vectors: Floats,
    rate: np.float32,
    regularization: np.float32,
) -> float:
    d = item_vectors.shape[1]
    keep = np.float32(1) - rate * regularization
    squares = 0.0
    for u in order:
        p = user_vectors[u]
        for at in range(starts[u], starts[u + 1]):
            i = columns[at]
            q = item_vectors[i]
            product = np.float32(0)
            for f in range(d):
                product += p[f] * q[f]
            error = values[at] - user_biases[u] - item_biases[i] - product
            squares += error * error
            step = rate * error
            user_biases[u] = keep * user_biases[u] + step
            item_biases[i] = keep * item_biases[i] + step
            for f in range(d):
                old = p[f]
                p[f] = keep * old + step * q[f]
                q[f] = keep * q[f] + step * old
    return squares


@njit(cache=True, fastmath={"reassoc", "contract", "nsz"}, nogil=True)
def _svdpp(
    starts: Longs,
    columns: Ints,
    values: Floats,
    order: Ints,
    user_biases: Floats,
    user_vectors: Floats,
    item_biases: Floats,
    item_vectors: Floats,
    implicit: Floats,
    rate: np.float32,
    regularization: np.float32,
) -> float:
    d = item_vectors.shape[1]
    keep = np.float32(1) - rate * regularization
    squares = 0.0
    said = np.empty(d, dtype=np.float32)  # |N(u)|^-1/2 sum of the y of the customer's items
    shift = np.empty(d, dtype=np.float32)  # the y of each of these items is factor * what it was + shift
    for u in order:
        begin, end = starts[u], starts[u + 1]
        if begin == end:
            continue
        p = user_vectors[u]
        norm = np.float32(1 / np.sqrt(end - begin))
        said[:] = 0
        shift[:] = 0
        factor = np.float32(1)
        for at in range(begin, end):
            said += implicit[columns[at]]
        said *= norm
        for at in range(begin, end):
            i = columns[at]
            q = item_vectors[i]
            product = np.float32(0)
            for f in range(d):
                product += (p[f] + said[f]) * q[f]
            error = values[at] - user_biases[u] - item_biases[i] - product
            squares += error * error
            step = rate * error
            small = step * norm
            factor *= keep
            user_biases[u] = keep * user_biases[u] + step
            item_biases[i] = keep * item_biases[i] + step
            for f in range(d):
                old = q[f]
                q[f] = keep * old + step * (p[f] + said[f])
                p[f] = keep * p[f] + step * old
                shift[f] = keep * shift[f] + small * old
                said[f] = keep * said[f] + step * old
        for at in range(begin, end):
            y = implicit[columns[at]]
            for f in range(d):
                y[f] = factor * y[f] + shift[f]
    return squares


@njit(cache=True, nogil=True)
def _feature(
    starts: Longs,
    columns: Ints,
    values: Floats,
    user_values: Floats,
    item_values: Floats,
    epochs: int,
    rate: np.float32,
    regularization: np.float32,
) -> None:
    keep = np.float32(1) - rate * regularization
    for _ in range(epochs):
        for u in range(len(starts) - 1):
            p = user_values[u]
            for at in range(starts[u], starts[u + 1]):
                q = item_values[columns[at]]
                step = rate * (values[at] - p * q)
                item_values[columns[at]] = keep * q + step * p
                p = keep * p + step * q
            user_values[u] = p
