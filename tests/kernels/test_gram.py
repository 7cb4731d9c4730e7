"""All pairs of items against numpy."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from regulars.kernels.gram import regression_weights, upper_gram


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("n_items", [1, 63, 64, 200])
def test_the_upper_triangle_is_that_of_the_product(n_items: int, threads: int) -> None:
    random = np.random.default_rng(n_items)
    x = np.ceil(random.random((50, n_items)) * 5) * (random.random((50, n_items)) < 0.3)  # whole: the sums are exact
    rows, columns = csr_array(x.astype(np.float32)), csr_array(x.T.astype(np.float32))
    by_user, by_item = ((m.indptr.astype(np.int64), m.indices, m.data) for m in (rows, columns))
    np.testing.assert_array_equal(upper_gram(by_user, by_item, threads=threads), np.triu(x.T @ x))


@pytest.mark.parametrize("n", [1, 63, 64, 65, 130])
def test_weights_come_from_one_triangle_of_the_inverse(n: int) -> None:
    random = np.random.default_rng(n)
    inverse = random.random((n, n)) + np.eye(n)
    inverse = inverse + inverse.T
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    weights = np.triu(inverse).astype(np.float32)
    regression_weights(weights, threads=2)
    np.testing.assert_allclose(weights, expected, rtol=1e-5)
