"""EASE against the plain formula."""

import numpy as np
import polars as pl
import pytest

from regulars.core import DAY, Dataset, Histories, Progress, Queries, Run
from regulars.core.errors import EmptyData, SettingError
from regulars.models.ease import EASE


def shop(seed: int = 0, n_users: int = 80, n_items: int = 12) -> Dataset:
    """Random pairs of customers and items, each at most once; two items are in the catalog only."""
    random = np.random.default_rng(seed)
    user, item = np.nonzero(random.random((n_users, n_items)) < np.linspace(0.05, 0.6, n_items))
    return Dataset.of(pl.DataFrame({"user_id": user, "item_id": item}), items=pl.DataFrame({"item_id": [100, 101]}))


def formula(x: np.ndarray, penalty: np.ndarray) -> np.ndarray:
    """B of eq. 8 in float64: column i is the ridge regression of item i on all others."""
    inverse = np.linalg.inv(x.T @ x + np.diag(penalty))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights


def test_weights_are_those_of_the_plain_formula_with_a_zero_diagonal() -> None:
    data = shop()
    model = EASE(regularization=3.0).fit(data)
    x = data.matrix().toarray()[:, model.items].astype(np.float64)
    np.testing.assert_allclose(model.weights, formula(x, np.full(x.shape[1], 3.0)), rtol=1e-4, atol=1e-6)
    assert (model.weights.diagonal() == 0).all()


def test_each_column_is_a_ridge_regression_on_all_other_items() -> None:
    data = shop()
    model = EASE(regularization=5.0).fit(data)
    x = data.matrix().toarray()[:, model.items].astype(np.float64)
    for item in range(x.shape[1]):
        others = np.delete(np.arange(x.shape[1]), item)
        a = x[:, others]
        expected = np.linalg.solve(a.T @ a + 5.0 * np.eye(len(others)), a.T @ x[:, item])
        np.testing.assert_allclose(model.weights[others, item], expected, rtol=1e-3, atol=1e-5)


def test_dropout_and_activity_weigh_the_formula() -> None:
    data = shop()
    model = EASE(regularization=3.0, dropout=0.5, activity=0.7).fit(data)
    x = data.matrix().toarray()[:, model.items].astype(np.float64)
    x *= x.sum(axis=1, keepdims=True) ** -0.35
    expected = formula(x, 3.0 + (x * x).sum(axis=0))
    np.testing.assert_allclose(model.weights, expected, rtol=1e-4, atol=1e-6)


def test_two_items_worked_by_hand() -> None:
    # three customers have both items, one has the first alone: X'X + 1 = [[5, 3], [3, 4]], of determinant 11
    events = pl.DataFrame({"user_id": [1, 1, 2, 2, 3, 3, 4], "item_id": ["a", "b"] * 3 + ["a"]})
    model = EASE(regularization=1.0).fit(Dataset.of(events))
    np.testing.assert_allclose(model.weights, [[0, 3 / 5], [3 / 4, 0]], rtol=1e-6)
    np.testing.assert_allclose(model.score(Queries.of([[0]])), [[0, 3 / 5]], rtol=1e-6)


def test_only_the_items_with_the_most_customers_take_part() -> None:
    data = shop()
    customers = data.matrix().sum(axis=0)
    model = EASE(max_items=5).fit(data)
    assert len(model.items) == 5
    assert customers[model.items].min() >= np.delete(customers, model.items).max()
    rare = EASE(min_customers=30).fit(data)
    assert rare.items.tolist() == np.flatnonzero(customers >= 30).tolist()


def test_items_of_the_catalog_that_nobody_met_score_nan() -> None:
    data = shop()
    unmet = data.items.index([100, 101])
    assert np.isnan(EASE().fit(data).score(data.everyone(), unmet)).all()


def test_old_votes_fade() -> None:
    events = pl.DataFrame({"user_id": [1, 1, 2, 2], "item_id": list("abab"), "time": [0, 0, DAY, DAY]})
    model = EASE(regularization=1.0, half_life_days=1.0).fit(Dataset.of(events))
    dot = 1 / 4 + 1  # both votes of the first customer are worth a half
    np.testing.assert_allclose(model.weights[0, 1], dot / (dot + 1), rtol=1e-6)


def test_a_log_in_which_no_item_has_enough_customers_is_refused() -> None:
    with pytest.raises(EmptyData, match="min_customers"):
        EASE(min_customers=1000).fit(shop())


def test_a_regularization_that_float32_cannot_bear_is_refused() -> None:
    events = pl.DataFrame({"user_id": [1, 1], "item_id": ["a", "b"], "weight": [1024.0, 1024.0]})
    with pytest.raises(SettingError, match="too small"):
        EASE(regularization=0.001, rule="count").fit(Dataset.of(events))


def test_progress_is_told_until_the_last_item() -> None:
    seen: list[Progress] = []
    EASE().fit(shop(), Run(on_epoch=seen.append))
    assert (seen[-1].done, seen[-1].total) == (12, 12)


def test_steps_fade_the_history_and_not_the_training() -> None:
    events = pl.DataFrame({"user_id": [1, 1, 2], "item_id": list("aba"), "time": [0, DAY, 0]})
    faded = EASE(regularization=1.0, half_life_steps=1.0).fit(Dataset.of(events))
    kept = EASE(regularization=1.0).fit(Dataset.of(events))
    queries = Queries.of(Histories.of([[0, 0, 1]], times=[[0, 1, 2]]))
    np.testing.assert_array_equal(faded.weights, kept.weights)
    assert faded.score(queries)[0, 1] == pytest.approx(kept.score(queries)[0, 1] / 2)
