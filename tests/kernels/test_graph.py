"""Steps over the graph against scipy's products."""

import numpy as np
from scipy.sparse import csr_array, random_array

from regulars.kernels.graph import add_product, multiply
from regulars.kernels.profiles import Sparse


def rows(n: int, m: int, seed: int) -> csr_array:
    return csr_array(random_array((n, m), density=0.2, rng=np.random.default_rng(seed), dtype=np.float32))


def parts(matrix: csr_array) -> Sparse:
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data


def test_rows_times_columns_are_those_of_scipy_whatever_the_threads() -> None:
    matrix, columns = rows(3_000, 50, 1), np.random.default_rng(2).standard_normal((50, 7), dtype=np.float32)
    product = multiply(parts(matrix), columns, threads=1)
    np.testing.assert_allclose(product, matrix @ columns, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(product, multiply(parts(matrix), columns, threads=3))


def test_a_sparse_product_is_added_to_what_is_there() -> None:
    profiles, weights, scores = rows(40, 30, 3), rows(30, 20, 4), np.ones((40, 20), dtype=np.float32)
    add_product(parts(profiles), parts(weights), scores)
    np.testing.assert_allclose(scores, 1 + (profiles @ weights).toarray(), rtol=1e-5)


def test_what_is_unknown_stays_unknown() -> None:
    scores = np.full((40, 20), np.nan, dtype=np.float32)
    add_product(parts(rows(40, 30, 3)), parts(rows(30, 20, 4)), scores)
    assert np.isnan(scores).all()
