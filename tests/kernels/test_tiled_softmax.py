"""Powers and products in tiles against numpy's."""

import numpy as np
import pytest

from regulars.kernels import half_tiles
from regulars.kernels.half_tiles import room
from regulars.kernels.tiled_softmax import Columns, Sums, add_products, raise_rows, raise_tops

pytestmark = pytest.mark.xfail(
    not half_tiles.available(), reason="this machine has no matrix unit for bfloat16", run=False
)

N, M, D = 64, 1056, 64  # a chunk of columns and more


def aligned(x: np.ndarray) -> np.ndarray:
    there = room(x.nbytes).view(x.dtype).reshape(x.shape)
    there[:] = x
    return there


def halves(x: np.ndarray) -> np.ndarray:
    return (x.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


def singles(x: np.ndarray) -> np.ndarray:
    return (x.astype(np.uint32) << 16).view(np.float32)


def paired(x: np.ndarray) -> np.ndarray:
    """Two rows together; uint32 [n / 2, m]."""
    return x[::2].astype(np.uint32) | x[1::2].astype(np.uint32) << 16


def columns(x: np.ndarray, bias: np.ndarray) -> Columns:
    """x: uint16 [m, d]."""
    down = x.reshape(len(x) // 32, 32, -1, 2).transpose(0, 2, 1, 3)
    whole = down[..., 0].astype(np.uint32) | down[..., 1].astype(np.uint32) << 16
    return Columns(aligned(whole), aligned(paired(x)), aligned(bias))


@pytest.fixture
def given():
    random = np.random.default_rng(0)
    rows, table = halves(random.normal(size=(N, D))), halves(random.normal(scale=0.3, size=(M, D)))
    bias = random.normal(size=M).astype(np.float32)
    own = random.integers(0, M, N)
    own[::7] = -1
    return aligned(rows), table, bias, own


def test_tops_are_the_largest_scores(given):
    rows, table, bias, _ = given
    tops = np.full(N, -1e30, dtype=np.float32)
    raise_tops(rows, columns(table, bias), tops)
    np.testing.assert_allclose(tops, (singles(rows) @ singles(table).T + bias).max(axis=1), rtol=1e-5)


def test_powers_and_their_products_are_those_of_numpy(given):
    rows, table, bias, own = given
    scores = singles(rows).astype(np.float64) @ singles(table).T + bias
    tops = scores.max(axis=1).astype(np.float32)
    powers = np.exp(scores - tops[:, np.newaxis])
    powers[np.flatnonzero(own >= 0), own[own >= 0]] = 0
    sums = Sums(tops, np.ones(N, dtype=np.float32), aligned(np.zeros((N, D), dtype=np.float32)))
    pairs = aligned(np.zeros((N // 2, M + 16), dtype=np.uint32))
    raise_rows(rows, columns(table, bias), own, sums, pairs)
    found = np.empty((N, M), dtype=np.float32)
    found[::2], found[1::2] = singles(pairs[:, :M] & 0xFFFF), singles(pairs[:, :M] >> 16)
    np.testing.assert_allclose(found, powers, rtol=2**-8 + 2e-4, atol=1e-30)
    np.testing.assert_allclose(sums.totals, 1 + found.sum(axis=1, dtype=np.float64), rtol=1e-5)
    np.testing.assert_allclose(sums.products, found @ singles(table), rtol=1e-4, atol=1e-4)


def test_products_are_added_to_the_columns_asked_for(given):
    rows, table, _, _ = given
    left, right = aligned(rows.T.copy()), table.reshape(-1)[: N * 96].reshape(N, 96)  # [d, n] and [n, 96]
    sums = aligned(np.ones((D, 96), dtype=np.float32))
    add_products(left, aligned(paired(right)), sums, 32, 96)
    wanted = 1 + singles(left) @ singles(right)
    wanted[:, :32] = 1
    np.testing.assert_allclose(sums, wanted, rtol=1e-5, atol=1e-5)
