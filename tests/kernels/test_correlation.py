"""Correlations of residuals and the means that they weigh, against twins that look at every pair."""

import numpy as np

from regulars.kernels.correlation import Near, correlated, mean_parts, weighted_means

SHRINKAGE = 3.0


def rows_of(table: np.ndarray) -> Near:
    who, what = np.nonzero(~np.isnan(table))
    starts = np.concatenate([[0], np.cumsum(np.bincount(who, minlength=len(table)))]).astype(np.int64)
    return Near(starts, what.astype(np.int32), table[who, what].astype(np.float32))


def residuals(seed: int = 0, n: int = 25, m: int = 11) -> np.ndarray:
    """Float64 [n, m], NaN where nothing is rated; nobody rated the last item."""
    random = np.random.default_rng(seed)
    table = np.where(random.random((n, m)) < 0.5, random.standard_normal((n, m)), np.nan)
    table[:, -1] = np.nan
    return table.astype(np.float32).astype(float)


def slow_similarities(table: np.ndarray) -> np.ndarray:
    """[m, m], zero where it is not positive."""
    m = table.shape[1]
    found = np.zeros((m, m))
    for i in range(m):
        for j in range(m):
            both = ~np.isnan(table[:, i]) & ~np.isnan(table[:, j])
            x, y, n = table[both, i], table[both, j], both.sum()
            if i != j and n > 1:
                found[i, j] = (n - 1) / (n - 1 + SHRINKAGE) * (x @ y) / np.sqrt((x @ x) * (y @ y))
    return np.maximum(found, 0)


def test_neighbors_are_the_most_correlated_items_first():
    table = residuals()
    near = correlated(rows_of(table.T), rows_of(table), SHRINKAGE, 3)
    wanted = slow_similarities(table)
    for item, row in enumerate(wanted):
        best = [j for j in np.argsort(-row) if row[j] > 0][:3]
        mine = slice(near.starts[item], near.starts[item + 1])
        assert near.neighbors[mine].tolist() == best
        np.testing.assert_allclose(near.similarities[mine], row[best], rtol=1e-6)


def test_a_mean_is_over_the_k_nearest_items_of_the_history_and_made_of_its_parts():
    table, k = residuals(), 2
    near, histories = correlated(rows_of(table.T), rows_of(table), SHRINKAGE, 10), rows_of(table)
    items = np.array([4, 0, 10], dtype=np.int32)
    means = weighted_means(histories, near, k, items)
    wanted = np.zeros_like(means)
    for row, column in np.ndindex(wanted.shape):
        similar = np.where(np.isnan(table[row]), 0, slow_similarities(table)[items[column]])
        best = [j for j in np.argsort(-similar) if similar[j] > 0][:k]
        if best:
            wanted[row, column] = similar[best] @ table[row, best] / similar[best].sum()
    np.testing.assert_allclose(means, wanted, rtol=1e-5, atol=1e-6)
    answers = np.tile(np.append(items, -1).astype(np.int32), (len(table), 1))
    parts = np.add.reduceat(mean_parts(histories, near, k, answers), histories.starts[:-1])
    np.testing.assert_allclose(parts[:, :3], wanted, rtol=1e-5, atol=1e-6)
    assert not parts[:, 3].any()
