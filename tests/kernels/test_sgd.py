"""The gradient descent on ratings against slow twins that move every parameter in the order of the formulas."""

import numpy as np

from regulars.kernels.sgd import Ratings, Side, feature_epochs, subtract_feature, svd_epoch, svdpp_epoch

RATE, REGULARIZATION = 0.03, 0.07


def some_ratings(seed: int = 0, n: int = 12, m: int = 9) -> Ratings:
    """About half of all pairs; customer 3 rated nothing."""
    random = np.random.default_rng(seed)
    rated = random.random((n, m)) < 0.5
    rated[3] = False
    values = random.standard_normal(int(rated.sum())).astype(np.float32)
    starts = np.concatenate([[0], np.cumsum(rated.sum(axis=1))]).astype(np.int64)
    return Ratings(starts, np.nonzero(rated)[1].astype(np.int32), values)


def side(random: np.random.Generator, n: int, d: int) -> Side:
    return Side(
        (random.standard_normal(n) * 0.1).astype(np.float32),
        (random.standard_normal((n, d)) * 0.3).astype(np.float32),
    )


def slow_epoch(ratings: Ratings, order: np.ndarray, users: Side, items: Side, implicit: np.ndarray) -> tuple:
    """SVD++ as Koren writes it, one rating after another, all y of the customer at each; float64."""
    bu, p, bi, q, y = (array.astype(float) for array in (*users, *items, implicit))
    squares = 0.0
    for u in order:
        mine = slice(ratings.starts[u], ratings.starts[u + 1])
        heard = ratings.items[mine]
        for i, value in zip(heard, ratings.values[mine], strict=True):
            said = y[heard].sum(axis=0) / len(heard) ** 0.5
            error = value - bu[u] - bi[i] - q[i] @ (p[u] + said)
            squares += error**2
            before = q[i].copy()
            bu[u] += RATE * (error - REGULARIZATION * bu[u])
            bi[i] += RATE * (error - REGULARIZATION * bi[i])
            q[i] += RATE * (error * (p[u] + said) - REGULARIZATION * q[i])
            p[u] += RATE * (error * before - REGULARIZATION * p[u])
            y[heard] += RATE * (error * before / len(heard) ** 0.5 - REGULARIZATION * y[heard])
    return squares, bu, p, bi, q, y


def test_an_epoch_of_svd_moves_everything_as_the_formulas_say():
    random = np.random.default_rng(1)
    ratings, users, items = some_ratings(), side(random, 12, 5), side(random, 9, 5)
    order = random.permutation(12).astype(np.int32)
    squares, bu, p, bi, q = slow_svd(ratings, order, users, items)
    found = svd_epoch(ratings, order, users, items, rate=RATE, regularization=REGULARIZATION)
    np.testing.assert_allclose(found, squares, rtol=1e-5)
    for moved, twin in zip((*users, *items), (bu, p, bi, q), strict=True):
        np.testing.assert_allclose(moved, twin, rtol=1e-4, atol=1e-6)


def slow_svd(ratings: Ratings, order: np.ndarray, users: Side, items: Side) -> tuple:
    bu, p, bi, q = (array.astype(float) for array in (*users, *items))
    squares = 0.0
    for u in order:
        for at in range(ratings.starts[u], ratings.starts[u + 1]):
            i = ratings.items[at]
            error = ratings.values[at] - bu[u] - bi[i] - q[i] @ p[u]
            squares += error**2
            bu[u] += RATE * (error - REGULARIZATION * bu[u])
            bi[i] += RATE * (error - REGULARIZATION * bi[i])
            p[u], q[i] = (
                p[u] + RATE * (error * q[i] - REGULARIZATION * p[u]),
                q[i] + RATE * (error * p[u] - REGULARIZATION * q[i]),
            )
    return squares, bu, p, bi, q


def test_svdpp_with_one_shift_for_all_is_svdpp_with_every_y_moved_at_every_rating():
    random = np.random.default_rng(2)
    ratings, users, items = some_ratings(3), side(random, 12, 5), side(random, 9, 5)
    implicit = (random.standard_normal((9, 5)) * 0.3).astype(np.float32)
    order = random.permutation(12).astype(np.int32)
    squares, *twins = slow_epoch(ratings, order, users, items, implicit)
    found = svdpp_epoch(ratings, order, users, items, implicit, rate=RATE, regularization=REGULARIZATION)
    np.testing.assert_allclose(found, squares, rtol=1e-5)
    for moved, twin in zip((*users, *items, implicit), twins, strict=True):
        np.testing.assert_allclose(moved, twin, rtol=1e-4, atol=1e-6)


def test_a_feature_finds_the_best_rank_one_fit_where_everything_is_rated():
    random = np.random.default_rng(4)
    table = np.outer(random.uniform(0.5, 2, 6), random.uniform(-2, 2, 5)) + 0.1 * random.standard_normal((6, 5))
    starts = np.arange(0, 31, 5, dtype=np.int64)
    ratings = Ratings(starts, np.tile(np.arange(5, dtype=np.int32), 6), table.ravel().astype(np.float32))
    users, items = np.full(6, 0.1, dtype=np.float32), np.full(5, 0.1, dtype=np.float32)
    feature_epochs(ratings, users, items, epochs=3000, rate=0.01, regularization=0.0)
    left, values, right = np.linalg.svd(table)
    np.testing.assert_allclose(np.outer(users, items), values[0] * np.outer(left[:, 0], right[0]), atol=0.02)
    subtract_feature(ratings, users, items)
    np.testing.assert_allclose(ratings.values, (table - np.outer(users, items)).ravel(), atol=1e-6)
