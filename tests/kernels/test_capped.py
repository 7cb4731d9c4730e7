"""Ridge regressions under a cap, against plain solutions and the conditions of the minimum."""

import numpy as np
import pytest

from regulars.kernels.capped import capped_weights, mirrored


def problem(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A positive definite matrix and a right-hand side."""
    random = np.random.default_rng(seed)
    rows = random.random((3 * n, n))
    return rows.T @ rows + n * np.eye(n), random.random((n, n)) * n


@pytest.mark.parametrize("n", [1, 5, 64, 150])
@pytest.mark.parametrize("cap", [-0.5, 0.0, 0.01, 1e9])
def test_each_column_is_the_best_one_under_its_cap(n: int, cap: float) -> None:
    gram, right = problem(n)
    weights = np.ascontiguousarray(right.T, dtype=np.float32)
    capped_weights(np.triu(gram).astype(np.float32), weights, cap, threads=2)
    free = np.linalg.solve(gram, right)
    inverse = np.linalg.inv(gram)
    expected = free - inverse * np.maximum(free.diagonal() - cap, 0) / inverse.diagonal()
    np.testing.assert_allclose(weights, expected, rtol=1e-3, atol=1e-5)
    assert (weights.diagonal() <= cap + 1e-5).all()
    pull = right - gram @ weights  # the gradient: 0 but on the diagonal, where only the cap may hold back
    np.testing.assert_allclose(pull - np.diag(pull.diagonal()), 0, atol=1e-3 * n)
    assert (pull.diagonal() >= -1e-3 * n).all()


def test_what_float32_cannot_solve_is_refused() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        capped_weights(-np.eye(3, dtype=np.float32), np.ones((3, 3), dtype=np.float32), 0.0, threads=1)


@pytest.mark.parametrize("n", [1, 64, 130])
def test_a_mirrored_matrix_is_symmetric(n: int) -> None:
    upper = np.triu(np.random.default_rng(0).random((n, n))).astype(np.float32)
    np.testing.assert_array_equal(mirrored(upper, threads=2), upper + np.triu(upper, 1).T)
