"""Nearest stored histories against a plain search through all of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from regulars.kernels.neighbors import Stored, nearest_histories, shared_parts
from regulars.kernels.profiles import Sparse


def parts(dense: np.ndarray) -> Sparse:
    matrix = csr_array(dense.astype(np.float32))
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data


def shop(seed: int, n: int, n_items: int = 12, filled: float = 0.3) -> np.ndarray:
    """Histories whose weights never tie."""
    random = np.random.default_rng(seed)
    return (random.random((n, n_items)) * (random.random((n, n_items)) < filled)).astype(np.float32)


def stored_of(dense: np.ndarray, norms: np.ndarray) -> Stored:
    rows = parts(dense)
    return Stored((rows[0], rows[1]), parts(dense.T), norms)


def plain(asked: np.ndarray, dense: np.ndarray, similar: np.ndarray, k: int) -> np.ndarray:
    """Similarities of the k nearest that have an item that the question lacks; 0 for all others."""
    news = ((dense > 0)[np.newaxis] & (asked == 0)[:, np.newaxis]).any(axis=2)
    similar = np.where(news, similar, 0)
    order = np.argsort(-similar, axis=1, kind="stable")[:, :k]
    kept = np.zeros_like(similar)
    np.put_along_axis(kept, order, np.take_along_axis(similar, order, axis=1), axis=1)
    return kept


@pytest.mark.parametrize("union", [False, True])
@given(seed=st.integers(0, 999), n=st.integers(1, 60), k=st.integers(1, 70), filled=st.sampled_from([0.05, 0.3, 0.7]))
def test_the_neighbors_are_the_best_of_all_that_say_something_new(union, seed, n, k, filled):
    dense, asked = shop(seed, n, filled=filled), shop(seed + 1, 5)
    if union:
        dense, asked = (dense > 0).astype(np.float32), (asked > 0).astype(np.float32)
    left, right = np.maximum(asked.sum(axis=1), 1), np.maximum(dense.sum(axis=1), 1)
    dots = asked.astype(np.float64) @ dense.T
    below = left[:, np.newaxis] + right - dots if union else left[:, np.newaxis] * right
    starts, rows, values = nearest_histories(
        parts(asked), left, stored_of(dense, right), k, shrinkage=0.5, union=union, threads=1
    )
    found = np.zeros((5, n))
    found[np.repeat(np.arange(5), np.diff(starts)), rows] = values
    np.testing.assert_allclose(found, plain(asked, dense, dots / (below + 0.5), k), rtol=1e-5)


def test_more_that_say_nothing_new_than_there_are_spare_places_do_not_hide_who_does():
    dense = np.zeros((200, 4))
    dense[:, 0] = np.linspace(1, 2, 200)
    dense[::50, 1] = 0.5
    stored = stored_of(dense, np.ones(200, dtype=np.float32))
    _, rows, _ = nearest_histories(parts(np.array([[1.0, 0, 0, 0]])), np.ones(1, dtype=np.float32), stored, 3)
    assert sorted(rows.tolist()) == [50, 100, 150]


def test_threads_and_blocks_change_nothing():
    dense, asked = shop(0, 300), shop(1, 400)
    norms = np.ones(400, dtype=np.float32)
    stored = stored_of(dense, norms[:300])
    one, two = (nearest_histories(parts(asked), norms, stored, 7, threads=threads) for threads in (1, 2))
    for left, right in zip(one, two, strict=True):
        np.testing.assert_array_equal(left, right)


def test_a_vote_is_divided_among_the_items_in_common():
    asked = parts(np.array([[1.0, 2.0, 0.0, 0.0]]))
    votes = parts(np.array([[1.0, 1.0, 5.0, 0.0], [0.0, 1.0, 2.0, 3.0]]))
    likeness = np.array([1.0, 0.5, 9.0, 1.0, 9.0, 9.0], dtype=np.float32)
    voters = np.array([0, 2], dtype=np.int64), np.array([0, 1], dtype=np.int32), np.array([0.4, 0.1], dtype=np.float32)
    added = shared_parts(asked, voters, votes, likeness, np.array([[2, 3, -1]], dtype=np.int32))
    # of the first neighbor's vote .4 * 5 for item 2, items 0 and 1 get 1 * 1 and 2 * .5: half each
    np.testing.assert_allclose(added, [[1.0, 0, 0], [1.0 + 0.1 * 2, 0.1 * 3, 0]], rtol=1e-6)
