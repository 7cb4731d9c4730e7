"""The nearest vectors against all distances and all cosines in plain numpy."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from regulars.kernels.basket_neighbors import nearest_vectors


def sparse(dense):
    matrix = csr_array(dense)
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data.astype(np.float32)


def shop(n, seed):
    random = np.random.default_rng(seed)
    return (random.random((n, 12)) * (random.random((n, 12)) < 0.3)).astype(np.float32)


@pytest.mark.parametrize("k", [1, 7, 200])
def test_by_distance_even_without_an_item_in_common(k):
    asked, stored = shop(150, 0), shop(60, 1)
    squares = (stored.astype(np.float64) ** 2).sum(axis=1)
    (ends, rows, values), products = nearest_vectors(
        sparse(asked), np.ones(150, np.float32), sparse(stored.T), squares.astype(np.float32), k
    )
    width = min(k, 60)
    assert np.diff(ends).tolist() == [width] * 150
    assert (values == 1).all()
    rows = rows.reshape(150, width)
    far = ((asked[:, np.newaxis].astype(np.float64) - stored) ** 2).sum(axis=2)
    found = np.take_along_axis(far, rows.astype(np.int64), axis=1).max(axis=1)
    np.testing.assert_allclose(found, np.sort(far, axis=1)[:, width - 1], atol=1e-5)
    assert (np.diff(rows, axis=1) > 0).all()
    np.testing.assert_allclose(
        products.reshape(150, width), np.take_along_axis(asked @ stored.T, rows.astype(np.int64), axis=1), rtol=1e-5
    )


def test_by_cosine_only_those_with_an_item_in_common():
    asked, stored = shop(150, 2), shop(60, 3)
    left, right = ((one**2).sum(axis=1) ** power for one, power in ((asked, 0.75), (stored, 0.25)))
    (ends, rows, values), _ = nearest_vectors(
        sparse(asked),
        left.astype(np.float32),
        sparse(stored.T),
        right.astype(np.float32),
        9,
        shrinkage=0.1,
        euclid=False,
    )
    alike = (asked @ stored.T) / (np.outer(left, right) + 0.1)
    for row in range(150):
        best = np.sort(alike[row][alike[row] > 0])[::-1][:9]
        np.testing.assert_allclose(np.sort(values[ends[row] : ends[row + 1]])[::-1], best, rtol=1e-4)
        np.testing.assert_allclose(
            alike[row, rows[ends[row] : ends[row + 1]]], values[ends[row] : ends[row + 1]], rtol=1e-4
        )


def test_of_equally_near_ones_the_lower_number():
    stored = np.ones((5, 1), dtype=np.float32)
    asked = np.ones((1, 1), dtype=np.float32)
    one = np.ones(5, np.float32)
    for euclid in (True, False):
        (_, rows, _), _ = nearest_vectors(sparse(asked), one[:1], sparse(stored.T), one, 3, euclid=euclid)
        assert rows.tolist() == [0, 1, 2]


def test_nothing_stored_and_nothing_asked():
    empty = np.zeros(2, np.int64), np.empty(0, np.int32), np.empty(0, np.float32)
    (ends, rows, _), _ = nearest_vectors(
        sparse(shop(3, 4)), np.ones(3, np.float32), sparse(np.zeros((12, 1))), np.empty(0, np.float32), 4
    )
    assert ends.tolist() == [0, 0, 0, 0]
    assert not len(rows)
    (ends, _, _), _ = nearest_vectors(empty, np.ones(1, np.float32), sparse(shop(5, 5).T), np.ones(5, np.float32), 2)
    assert ends.tolist() == [0, 2]  # a question without a vector is as near to short vectors as any other
