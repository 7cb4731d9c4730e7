"""Sparse profiles times weights, and what each entry contributes, against numpy."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from regulars.kernels.contributions import dense_contributions, sparse_contributions, strongest
from regulars.kernels.profiles import Sparse, dense_scores, sparse_scores


def sparse(matrix: np.ndarray) -> Sparse:
    rows = csr_array(matrix.astype(np.float32))
    return rows.indptr.astype(np.int64), rows.indices, rows.data


def filled(n: int, m: int, part: float, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return (random.random((n, m)) - 0.2) * (random.random((n, m)) < part)


@pytest.mark.parametrize("n", [0, 1, 700])
@pytest.mark.parametrize("m", [5, 128, 300])
def test_scores_are_products_and_nan_where_nothing_speaks(n: int, m: int) -> None:
    profiles, weights = filled(n, m, 0.02, 1), filled(m, m, 0.05, 2)
    expected = profiles @ weights
    silent = ~profiles.any(axis=1)
    scores = dense_scores(sparse(profiles), weights.astype(np.float32))
    np.testing.assert_allclose(scores, np.where(silent[:, None], np.nan, expected), rtol=1e-4, atol=1e-6)
    reached = (profiles != 0).astype(int) @ (weights != 0).astype(int) > 0
    scores = sparse_scores(sparse(profiles), sparse(weights), m)
    np.testing.assert_allclose(scores, np.where(reached, expected, np.nan), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("customers", [1, 40, 400])  # from some on the columns are laid out first
def test_some_columns_are_the_same_to_the_bit(customers: int) -> None:
    profiles, weights = filled(customers, 300, 0.05, 3), filled(300, 300, 0.05, 4).astype(np.float32)
    columns = np.array([299, 0, 130, 130], dtype=np.int32)
    np.testing.assert_array_equal(
        dense_scores(sparse(profiles), weights, columns), dense_scores(sparse(profiles), weights)[:, columns]
    )
    np.testing.assert_array_equal(
        sparse_scores(sparse(profiles), sparse(weights), 300, columns),
        sparse_scores(sparse(profiles), sparse(weights), 300)[:, columns],
    )


def test_contributions_are_the_terms_of_the_product() -> None:
    profiles, weights = filled(6, 20, 0.3, 5), filled(20, 20, 0.5, 6)
    answers = np.random.default_rng(7).permuted(np.tile(np.arange(-1, 20), (6, 1)), axis=1)[:, :8].astype(np.int32)
    row, item = np.nonzero(profiles)
    expected = np.where(answers[row] >= 0, profiles[row, item][:, None] * weights[item[:, None], answers[row]], 0)
    dense = dense_contributions(sparse(profiles), weights.astype(np.float32), answers)
    np.testing.assert_allclose(dense, expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(sparse_contributions(sparse(profiles), sparse(weights), answers, 20), dense)


def test_the_strongest_come_first_and_ties_keep_the_order_of_the_profile() -> None:
    starts, items = np.array([0, 4]), np.array([7, 3, 9, 5], dtype=np.int32)
    contributions = np.array([[1, -1], [2, -1], [-1, 1], [2, 0]], dtype=np.float32)
    best, shares = strongest(starts, items, contributions, 4)
    assert best[0].tolist() == [[3, 5, 7, -1], [-1, -1, -1, -1]]
    np.testing.assert_array_equal(shares[0, 0], np.array([0.5, 0.5, 0.25, np.nan], dtype=np.float32))
