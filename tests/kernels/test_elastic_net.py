"""Elastic nets against their optimality conditions, and against plain coordinate descent."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from regulars.kernels.elastic_net import JOIN, Penalty, elastic_nets
from regulars.kernels.local_gram import log_of

MANY = 10_000


def shop(seed: int = 0, n_users: int = 150, n_items: int = 40) -> np.ndarray:
    """Customers with tastes: some pairs of items go together, others do not."""
    random = np.random.default_rng(seed)
    tastes = random.random((n_users, 3)) @ random.random((3, n_items)) ** 4
    return (random.random((n_users, n_items)) < tastes / tastes.max() * 0.9) * random.uniform(0.5, 2.0, (n_users, 1))


def fitted(
    x: np.ndarray,
    l1: float,
    l2: float,
    *,
    signed: bool = False,
    whole: int = MANY,
    candidates: int = MANY,
    neighbors: int = MANY,
    threads: int = 1,
) -> np.ndarray:
    """The weights as a dense array; column j has what the others say about item j."""
    rows, columns = csr_array(x.astype(np.float32)), csr_array(x.T.astype(np.float32))
    ways = [(m.indptr.astype(np.int64), m.indices.astype(np.int32), m.data) for m in (rows, columns)]
    penalty = Penalty(np.float32(l1), np.float32(l2), signed)
    nets = elastic_nets(
        log_of(*ways, whole=whole), penalty, candidates=candidates, neighbors=neighbors, threads=threads
    )
    starts, items, values = nets.weights
    assert nets.unfinished == 0
    return csr_array((values, items, starts), shape=(x.shape[1],) * 2).toarray().T.astype(np.float64)


def objective(x: np.ndarray, weights: np.ndarray, l1: float, l2: float) -> np.ndarray:
    """Of each column, as in the paper."""
    return (
        ((x - x @ weights) ** 2).sum(axis=0) / 2 + l2 * (weights**2).sum(axis=0) / 2 + l1 * np.abs(weights).sum(axis=0)
    )


def descended(x: np.ndarray, l1: float, l2: float, signed: bool) -> np.ndarray:
    """The slow twin: coordinate descent over all items until nothing moves, in float64."""
    gram = x.T @ x
    weights = np.zeros_like(gram)
    for j in range(len(gram)):
        w = weights[:, j]
        for _ in range(2_000):
            before = w.copy()
            for i in range(len(gram)):
                slope = gram[i, j] - gram[i] @ w + gram[i, i] * w[i]
                shrunk = np.sign(slope) * max(abs(slope) - l1, 0) if signed else max(slope - l1, 0)
                w[i] = 0 if i == j else shrunk / (gram[i, i] + l2)
            if np.abs(w - before).max() < 1e-12:
                break
    return weights


@pytest.mark.parametrize("whole", [0, MANY])
@pytest.mark.parametrize(("l1", "l2"), [(0.01, 0.5), (1.0, 1.0), (5.0, 20.0)])
def test_no_weight_can_be_moved_to_a_better_one(l1: float, l2: float, whole: int) -> None:
    x = shop()
    weights = fitted(x, l1, l2, whole=whole)
    slopes = x.T @ (x - x @ weights) - l2 * weights - l1  # minus the gradient
    np.fill_diagonal(slopes, 0)
    assert (weights >= 0).all()
    assert (weights > 0).sum() > 40
    assert np.abs(slopes[weights > 0]).max() < 2e-3
    assert slopes[weights == 0].max() < 2e-3


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("l1", "l2"), [(0.3, 1.0), (3.0, 10.0)])
def test_the_weights_are_those_of_plain_coordinate_descent(l1: float, l2: float, signed: bool) -> None:
    x = shop(1, n_items=25) + 0.05  # everybody has a little of everything: all pairs are met
    expected = descended(x, l1, l2, signed)
    found = fitted(x, l1, l2, signed=signed)
    assert (expected < 0).any() == signed
    np.testing.assert_allclose(found, expected, atol=2e-4)
    np.testing.assert_allclose(objective(x, found, l1, l2), objective(x, expected, l1, l2), rtol=1e-6)


@pytest.mark.parametrize("whole", [0, MANY])
def test_working_sets_that_grow_in_several_steps_end_at_the_optimum(whole: int) -> None:
    x = shop(2, n_users=300, n_items=4 * JOIN) + 0.02
    weights = fitted(x, 0.1, 50.0, whole=whole)
    slopes = x.T @ (x - x @ weights) - 50.0 * weights - 0.1
    np.fill_diagonal(slopes, 0)
    assert (weights > 0).sum(axis=0).max() > JOIN
    assert np.abs(slopes[weights > 0]).max() < 5e-3
    assert slopes[weights == 0].max() < 5e-3


def test_two_items_worked_by_hand() -> None:
    # three customers have both, one the first alone: products 3, squares 4 and 3; w = (3 - l1) / (square + l2)
    x = np.array([[1.0, 1], [1, 1], [1, 1], [1, 0]])
    np.testing.assert_allclose(fitted(x, 1.0, 2.0), [[0, 2 / 6], [2 / 5, 0]], rtol=1e-6)


def test_what_is_met_no_more_often_than_l1_never_speaks() -> None:
    x = np.array([[1.0, 1, 0], [1, 1, 0], [1, 0, 1], [0, 0, 1]])
    weights = fitted(x, 1.0, 1.0)
    assert weights[0, 1] > 0
    assert not weights[2].any()
    assert not weights[:, 2].any()


@pytest.mark.parametrize("whole", [0, MANY])
def test_candidates_are_those_that_explain_most_alone(whole: int) -> None:
    x = shop(3)
    l1, l2 = 0.5, 1.0
    gram = x.T @ x
    np.fill_diagonal(gram, 0)
    gains = np.maximum(gram - l1, 0) ** 2 / ((x * x).sum(axis=0)[:, None] + l2)
    best = gains >= np.sort(gains, axis=0)[-5]
    weights = fitted(x, l1, l2, candidates=5, whole=whole)
    assert not weights[~best].any()
    for j in range(x.shape[1]):
        alone = descended(x[:, [*np.flatnonzero(best[:, j]), j]], l1, l2, False)[:-1, -1]
        np.testing.assert_allclose(weights[best[:, j], j], alone, atol=1e-4)


def test_the_largest_weights_are_kept() -> None:
    x = shop(4)
    every, few = fitted(x, 0.1, 1.0), fitted(x, 0.1, 1.0, neighbors=3)
    assert ((few > 0).sum(axis=0) == np.minimum((every > 0).sum(axis=0), 3)).all()
    for j in range(x.shape[1]):
        assert sorted(few[few[:, j] > 0, j]) == sorted(np.sort(every[every[:, j] > 0, j])[-3:])


@pytest.mark.parametrize("whole", [0, MANY])
def test_threads_change_nothing(whole: int) -> None:
    x = shop(5, n_items=100)
    np.testing.assert_array_equal(fitted(x, 0.2, 1.0, whole=whole, threads=3), fitted(x, 0.2, 1.0, whole=whole))


def test_a_log_without_pairs_has_no_weights() -> None:
    assert not fitted(np.eye(4), 0.1, 1.0).any()
