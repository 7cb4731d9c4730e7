"""Inverses in place against numpy in float64."""

import numpy as np
import pytest

from regulars.kernels import inversion


def positive_definite(n: int, ridge: float) -> np.ndarray:
    x = np.random.default_rng(n).random((2 * n, n))
    return x.T @ x + ridge * np.eye(n)


@pytest.mark.parametrize("n", [1, 2, 15, 16, 100])
@pytest.mark.parametrize("lapack", [True, False])
def test_the_upper_triangle_becomes_that_of_the_inverse(n: int, lapack: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inversion, "LAPACK", n if lapack else 0)
    monkeypatch.setattr(inversion, "BLOCK", 16)
    matrix = positive_definite(n, 0.5)
    upper = np.triu(matrix).astype(np.float32)
    upper[np.tril_indices(n, -1)] = np.nan if lapack else 7.0  # nobody reads what is below
    done: list[int] = []
    inversion.invert_upper(upper, done.append)
    np.testing.assert_allclose(np.triu(upper), np.triu(np.linalg.inv(matrix)), rtol=1e-3, atol=1e-4)
    assert done[-1] == n


@pytest.mark.parametrize("lapack", [0, 100])
def test_a_matrix_that_is_not_positive_definite_is_refused(lapack: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inversion, "LAPACK", lapack)
    with pytest.raises(np.linalg.LinAlgError):
        inversion.invert_upper(np.ones((5, 5), dtype=np.float32))
