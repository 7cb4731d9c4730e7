"""Customers solved from their ratings, against least squares on the same rows with the ridges as further rows."""

import numpy as np
import pytest

from regulars.kernels.ridge import solve_customers
from regulars.kernels.sgd import Ratings, Side


@pytest.mark.parametrize("d", [3, 30])
@pytest.mark.parametrize("implicit", [True, False])
def test_every_customer_is_at_the_minimum(d, implicit):
    """Of histories of 0, 1, 3, 4, 25, 30, 31 and 40 ratings: shorter, as long as, and longer than the vectors."""
    random = np.random.default_rng(d)
    lengths, m = [0, 1, 3, 4, 25, 30, 31, 40], 50
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    columns = np.concatenate([random.permutation(m)[:n] for n in lengths]).astype(np.int32)
    values = random.standard_normal(len(columns)).astype(np.float32)
    biases = random.standard_normal(m).astype(np.float32)
    q = random.standard_normal((m, d)).astype(np.float32)
    y = random.standard_normal((m, d if implicit else 0)).astype(np.float32)
    found = solve_customers(Ratings(starts, columns, values), Side(biases, q), y, regularization=0.1, shrinkage=2.0)
    assert np.isnan(found.biases[0])
    assert np.isnan(found.vectors[0]).all()
    for row, n in list(enumerate(lengths))[1:]:
        mine = slice(starts[row], starts[row + 1])
        rated = columns[mine]
        said = y[rated].sum(axis=0, dtype=float) / n**0.5 if implicit else np.zeros(d)
        left = values[mine] - biases[rated].astype(float) - q[rated].astype(float) @ said
        ridges = np.diag(np.sqrt([*[0.1 * n + 2.0] * d, 2.0]))
        design = np.vstack([np.column_stack([q[rated].astype(float), np.ones(n)]), ridges])
        wanted = np.linalg.lstsq(design, np.concatenate([left, np.zeros(d + 1)]), rcond=None)[0]
        np.testing.assert_allclose(np.append(found.vectors[row], found.biases[row]), wanted, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(found.said[row], said, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(found.errors[mine], left, rtol=1e-6, atol=1e-6)
