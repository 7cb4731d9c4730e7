"""Scores of what is reached against whole rows of scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from regulars.kernels.profiles import Sparse, sparse_scores
from regulars.kernels.reached import all_reached, best_reached, by_weights
from regulars.kernels.topk import top_k


def sparse(random: np.random.Generator, n: int, m: int, filled: float) -> Sparse:
    """With negative weights and whole numbers among them, so that scores tie."""
    dense = random.integers(-3, 9, (n, m)) * (random.random((n, m)) < filled)
    matrix = csr_array(dense.astype(np.float32))
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data


@given(seed=st.integers(0, 999), k=st.integers(0, 12), filled=st.sampled_from([0.0, 0.1, 0.5]), wide=st.booleans())
def test_the_best_reached_are_the_best_of_all_scores(seed, k, filled, wide):
    random = np.random.default_rng(seed)
    profiles, weights = sparse(random, 7, 9, 0.3), sparse(random, 9, 11, filled)
    allowed = random.random((7 if wide else 1, 11)) < 0.8
    banned = np.arange(8, dtype=np.int64), random.integers(-1, 13, 7).astype(np.int32)
    expected = top_k(sparse_scores(profiles, weights, 11), k, allowed=allowed, excluded=banned)
    reach = by_weights(profiles, weights, 11)
    for threads in (1, 2):
        answer = best_reached(reach, (7, 11), k, allowed=allowed, excluded=banned, threads=threads)
        np.testing.assert_array_equal(answer[0], expected[0])
        np.testing.assert_array_equal(answer[1], expected[1])


@pytest.mark.parametrize("columns", [None, np.array([3, 0, 3, 10], dtype=np.int32)])
def test_scores_are_those_of_the_dense_way_to_the_bit(columns):
    random = np.random.default_rng(1)
    profiles, weights = sparse(random, 300, 9, 0.3), sparse(random, 9, 11, 0.2)
    found = all_reached(by_weights(profiles, weights, 11), (300, 11), columns)
    np.testing.assert_array_equal(found, sparse_scores(profiles, weights, 11, columns))
