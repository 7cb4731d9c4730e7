"""The loops against LAPACK, which they stand for."""

import numpy as np
import pytest

from regulars.kernels.cholesky import factor, solve_many


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_a_positive_system_is_solved_for_each_side_as_lapack_does(n):
    random = np.random.default_rng(n)
    drawn = random.standard_normal((n, n + 3))
    system, sides = drawn @ drawn.T + np.eye(n), random.standard_normal((n, 5))
    wanted = np.linalg.solve(system, sides)
    lower = system.copy()
    factor(lower)
    np.testing.assert_allclose(np.tril(lower), np.linalg.cholesky(system), rtol=1e-9)
    solve_many(lower, sides)
    np.testing.assert_allclose(sides, wanted, rtol=1e-7, atol=1e-9)
