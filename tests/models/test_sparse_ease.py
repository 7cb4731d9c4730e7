"""Sparse EASE against ridge regressions in numpy, and EDLAE against the expectation that it minimizes."""

import itertools

import numpy as np
import polars as pl
import pytest

from regulars.core import Dataset, Progress, Queries, Run
from regulars.core.errors import EmptyData, SettingError
from regulars.models.ease import EASE
from regulars.models.kinds import SparseItemItem
from regulars.models.sparse_ease import SparseEASE


def shop(seed: int = 0, n_users: int = 120, n_items: int = 30) -> Dataset:
    """Random pairs of customers and items, each at most once and of its own weight; all pairs of items are met."""
    random = np.random.default_rng(seed)
    user, item = np.nonzero(random.random((n_users, n_items)) < np.linspace(0.3, 0.6, n_items))
    events = pl.DataFrame({"user_id": user, "item_id": item, "weight": random.uniform(0.5, 2.0, len(user))})
    return Dataset.of(events, items=pl.DataFrame({"item_id": [100, 101]}))


def dense(model: SparseItemItem) -> np.ndarray:
    """Row j: what item j speaks for."""
    weights = np.zeros((model.n_items, model.n_items))
    weights[np.repeat(np.arange(model.n_items), np.diff(model.indptr)), model.indices] = model.data
    return weights


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_with_all_items_as_neighbors_it_is_ease(dropout: float) -> None:
    data = shop()
    same = {"regularization": 3.0, "dropout": dropout, "activity": 0.5, "rule": "count"}
    sparse, full = SparseEASE(neighbors=2000, **same).fit(data), EASE(**same).fit(data)
    weights = dense(sparse)[np.ix_(full.items, full.items)]
    assert (full.weights != 0).sum() == 30 * 29
    np.testing.assert_allclose(weights, full.weights, rtol=1e-3, atol=1e-5)


def test_each_item_is_a_ridge_regression_on_its_nearest_others() -> None:
    data = shop(1)
    weights = dense(SparseEASE(regularization=4.0, dropout=0.0, neighbors=10, activity=0.0, rule="count").fit(data))
    x = data.matrix().toarray().astype(np.float64)
    gram = x.T @ x
    cosine = gram / np.sqrt(np.outer(gram.diagonal(), gram.diagonal()).clip(1))
    np.fill_diagonal(cosine, 0)
    for item in range(30):
        near = np.argsort(-cosine[:, item], kind="stable")[:10]
        edge = np.sort(cosine[:, item])[-11:-9]
        assert edge[0] < edge[1], "a tie at the edge would make the nearest ambiguous"
        expected = np.linalg.solve(gram[np.ix_(near, near)] + 4.0 * np.eye(10), gram[near, item])
        np.testing.assert_allclose(weights[near, item], expected, rtol=1e-3, atol=1e-5)
        assert np.count_nonzero(weights[:, item]) == 10


@pytest.mark.parametrize("method", [EASE(1e-3, dropout=0.3), SparseEASE(1e-3, dropout=0.3, activity=0.0)])
def test_dropout_is_the_full_rank_edlae(method: EASE | SparseEASE) -> None:
    """B minimizes what Steck (NeurIPS 2020, sections 2 and 3) expects of hidden items, over all ways to hide.

    Each entry of X is hidden with chance p, and only hidden entries count (a = 1, b = 0): the expectation over all
    masks of sum (x_ui - sum_j kept_uj x_uj W_ji)^2 [ui hidden], whose optimum is W = B / (1 - p).
    """
    p, n = 0.3, 4
    random = np.random.default_rng(3)
    x = (random.random((40, n)) < [0.3, 0.5, 0.7, 0.6]).astype(np.float64)
    user, item = np.nonzero(x)
    data = Dataset.of(pl.DataFrame({"user_id": user, "item_id": item}))
    items = data.items.index(range(n))
    model = method.fit(data)
    fitted = model.weights if not isinstance(model, SparseItemItem) else dense(model)
    weights = fitted[np.ix_(items, items)].astype(np.float64) / (1 - p)
    slopes = np.zeros((n, n))
    for mask in itertools.product([0.0, 1.0], repeat=n):
        kept = np.array(mask)
        chance = np.prod(np.where(kept == 1, 1 - p, p))
        errors = (x - (x * kept) @ weights) * (1 - kept)
        slopes += chance * (x * kept).T @ errors
    np.fill_diagonal(slopes, 0)
    assert np.abs(slopes).max() < 1e-2
    assert np.abs(slopes).max() < 1e-3 * (p * (1 - p) * x.T @ x).max()


def test_customers_of_one_item_and_items_that_nobody_has_are_borne() -> None:
    events = pl.DataFrame({"user_id": [1, 1, 2, 2, 3], "item_id": [*"abab", "alone"]})
    data = Dataset.of(events, items=pl.DataFrame({"item_id": ["never"]}))
    scores = SparseEASE(1.0).fit(data).score(data.everyone())
    items = data.items.index(["a", "b", "alone", "never"])
    assert np.isfinite(scores[0, items[:2]]).all()
    assert np.isnan(scores[:, items[2:]]).all()
    single = Dataset.of(pl.DataFrame({"user_id": [1, 2], "item_id": [1, 2]}))
    assert np.isnan(SparseEASE().fit(single).score(single.everyone())).all()


def test_two_items_worked_by_hand() -> None:
    # three customers have both items, one has the first alone
    events = pl.DataFrame({"user_id": [1, 1, 2, 2, 3, 3, 4], "item_id": ["a", "b"] * 3 + ["a"]})
    model = SparseEASE(regularization=1.0, dropout=0.0, activity=0.0).fit(Dataset.of(events))
    np.testing.assert_allclose(model.score(Queries.of([[0], [1]])), [[np.nan, 3 / 5], [3 / 4, np.nan]], rtol=1e-6)


def test_threads_change_nothing() -> None:
    data = shop(2)
    one, three = (SparseEASE(neighbors=10).fit(data, Run(threads=threads)) for threads in (1, 3))
    np.testing.assert_array_equal(dense(one), dense(three))


def test_a_regularization_that_float32_cannot_bear_is_refused() -> None:
    events = pl.DataFrame({"user_id": [1, 1, 1], "item_id": list("abc"), "weight": [1024.0] * 3})
    with pytest.raises(SettingError, match="too small"):
        SparseEASE(regularization=0.001, dropout=0.0, rule="count", activity=0.0).fit(Dataset.of(events))


def test_a_log_without_purchases_is_refused() -> None:
    returned = pl.DataFrame({"user_id": [1, 1], "item_id": ["a", "a"], "weight": [1.0, -1.0]})
    with pytest.raises(EmptyData, match="nobody has anything"):
        SparseEASE().fit(Dataset.of(returned))


def test_progress_is_told_until_the_last_item() -> None:
    seen: list[Progress] = []
    SparseEASE().fit(shop(), Run(on_epoch=seen.append))
    assert (seen[-1].done, seen[-1].total) == (32, 32)
