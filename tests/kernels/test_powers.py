"""exp in place against numpy's."""

import numpy as np
import pytest

from regulars.kernels.powers import powers_half, powers_single


def halves(x: np.ndarray) -> np.ndarray:
    """The nearest bfloat16 below in size."""
    return (x.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


def singles(x: np.ndarray) -> np.ndarray:
    return (x.astype(np.uint32) << 16).view(np.float32)


@pytest.mark.parametrize("m", [1, 15, 16, 17, 100])
def test_single_powers_are_those_of_numpy(m):
    x = np.random.default_rng(m).normal(scale=5, size=(7, m)).astype(np.float32)
    tops, sums = x.max(axis=1), np.empty(7, dtype=np.float32)
    wanted = np.exp(x.astype(np.float64) - tops[:, np.newaxis])
    powers_single(x, tops, sums)
    np.testing.assert_allclose(x, wanted, rtol=1e-5)
    np.testing.assert_allclose(sums, wanted.sum(axis=1), rtol=1e-5)


@pytest.mark.parametrize("m", [1, 15, 16, 17, 100])
def test_half_powers_are_within_the_rounding_of_their_type(m):
    x = halves(np.random.default_rng(m).normal(scale=5, size=(7, m)))
    tops, sums = singles(x).max(axis=1), np.empty(7, dtype=np.float32)
    wanted = np.exp(singles(x).astype(np.float64) - tops[:, np.newaxis])
    powers_half(x, tops, sums)
    np.testing.assert_allclose(singles(x), wanted, rtol=2**-8 + 2e-4)
    np.testing.assert_allclose(sums, singles(x).sum(axis=1), rtol=1e-5)


def test_what_is_out_of_range_counts_as_its_end():
    x = np.array([[1e30, -1e30, 0.0]], dtype=np.float32)
    sums = np.empty(1, dtype=np.float32)
    powers_single(x, np.zeros(1, dtype=np.float32), sums)
    np.testing.assert_allclose(x[0], [2.0**100, 2.0**-120, 1.0], rtol=1e-5)
    assert np.isfinite(sums).all()
