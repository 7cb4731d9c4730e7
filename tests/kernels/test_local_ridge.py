"""Regressions on few items against numpy's solutions."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from regulars.kernels.local_gram import log_of
from regulars.kernels.local_ridge import Ridge, ridge_regressions


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("whole", [0, 1000])
def test_each_item_is_regressed_on_the_items_of_its_row(whole: int, threads: int) -> None:
    random = np.random.default_rng(0)
    x = random.random((90, 70)) * (random.random((90, 70)) < 0.3)
    lengths = random.integers(0, 12, 70)
    near = [random.permutation(np.delete(np.arange(70), j))[:k] for j, k in enumerate(lengths)]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    others = np.concatenate(near).astype(np.int32)
    rows, columns = csr_array(x.astype(np.float32)), csr_array(x.T.astype(np.float32))
    ways = [(m.indptr.astype(np.int64), m.indices.astype(np.int32), m.data) for m in (rows, columns)]
    weights = ridge_regressions(
        log_of(*ways, whole=whole),
        (starts, others, np.empty(0, dtype=np.float32)),
        Ridge(np.float32(2.0), np.float32(0.5)),
        threads=threads,
    )
    for j, chosen in enumerate(near):
        a = x[:, chosen]
        system = a.T @ a + np.diag(2.0 + 0.5 * (a * a).sum(axis=0))
        expected = np.linalg.solve(system, a.T @ x[:, j])
        np.testing.assert_allclose(weights[starts[j] : starts[j + 1]], expected, rtol=1e-3, atol=1e-5)
