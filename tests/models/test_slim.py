"""SLIM against the paper's objective; the optimum itself is checked in tests/kernels/test_elastic_net.py."""

import logging

import numpy as np
import polars as pl
import pytest

from regulars.core import DAY, Dataset, Progress, Queries, Run
from regulars.core.errors import EmptyData
from regulars.models.kinds import SparseItemItem
from regulars.models.slim import SLIM


def shop(seed: int = 0, n_users: int = 120, n_items: int = 12) -> Dataset:
    """Random pairs of customers and items, each at most once; two items are in the catalog only."""
    random = np.random.default_rng(seed)
    user, item = np.nonzero(random.random((n_users, n_items)) < np.linspace(0.05, 0.6, n_items))
    return Dataset.of(pl.DataFrame({"user_id": user, "item_id": item}), items=pl.DataFrame({"item_id": [100, 101]}))


def dense(model: SparseItemItem) -> np.ndarray:
    """Row j: what item j speaks for."""
    weights = np.zeros((model.n_items, model.n_items))
    weights[np.repeat(np.arange(model.n_items), np.diff(model.indptr)), model.indices] = model.data
    return weights


def slopes(x: np.ndarray, weights: np.ndarray, l1: float, l2: float) -> np.ndarray:
    """How the objective of eq. 4 falls when a weight grows."""
    found = x.T @ (x - x @ weights) - l2 * weights - l1
    np.fill_diagonal(found, 0)
    return found


def test_each_column_is_the_optimum_of_the_papers_objective() -> None:
    data = shop()
    weights = dense(SLIM(l1=0.7, l2=3.0, activity=0.0).fit(data))
    found = slopes(data.matrix().toarray().astype(np.float64), weights, 0.7, 3.0)
    assert (weights >= 0).all()
    assert not weights.diagonal().any()
    assert np.abs(found[weights > 0]).max() < 1e-3
    assert found[weights == 0].max() < 1e-3


def test_busy_customers_speak_less_with_activity() -> None:
    data = shop(1)
    x = data.matrix().toarray().astype(np.float64)
    x *= np.maximum(x.sum(axis=1, keepdims=True), 1) ** -0.4
    weights = dense(SLIM(l1=0.2, l2=1.0, activity=0.8).fit(data))
    found = slopes(x, weights, 0.2, 1.0)
    assert np.abs(found[weights > 0]).max() < 1e-3
    assert found[weights == 0].max() < 1e-3


def test_signed_weights_may_speak_against_an_item() -> None:
    events = pl.DataFrame(
        {"user_id": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5], "item_id": [*("ab" * 2), *("ac" * 2), *"abc"]}
    )  # whoever has b seldom has c, and both have a
    data = Dataset.of(events)
    plain = dense(SLIM(l1=0.01, l2=0.1, activity=0.0).fit(data))
    signed = dense(SLIM(l1=0.01, l2=0.1, activity=0.0, signed=True).fit(data))
    assert (plain >= 0).all()
    assert signed[1, 2] < 0
    x = data.matrix().toarray().astype(np.float64)
    found = x.T @ (x - x @ signed) - 0.1 * signed
    assert np.abs(found - 0.01 * np.sign(signed))[signed != 0].max() < 1e-3


def test_two_items_worked_by_hand() -> None:
    # three customers have both items, one has the first alone: w = (3 - l1) / (square + l2)
    events = pl.DataFrame({"user_id": [1, 1, 2, 2, 3, 3, 4], "item_id": ["a", "b"] * 3 + ["a"]})
    model = SLIM(l1=1.0, l2=2.0, activity=0.0).fit(Dataset.of(events))
    np.testing.assert_allclose(dense(model), [[0, 2 / 6], [2 / 5, 0]], rtol=1e-6)
    np.testing.assert_allclose(model.score(Queries.of([[0]])), [[np.nan, 2 / 6]], rtol=1e-6)


def test_old_votes_fade() -> None:
    events = pl.DataFrame({"user_id": [1, 1, 2, 2], "item_id": list("abab"), "time": [0, 0, DAY, DAY]})
    weights = dense(SLIM(l1=0.25, l2=1.0, activity=0.0, half_life_days=1.0).fit(Dataset.of(events)))
    product = 1 / 4 + 1  # both votes of the first customer are worth a half
    np.testing.assert_allclose(weights[0, 1], (product - 0.25) / (product + 1), rtol=1e-6)


def test_items_that_nobody_has_or_has_with_another_score_nan() -> None:
    events = pl.DataFrame({"user_id": [1, 1, 2, 2, 3], "item_id": [*"abab", "alone"]})
    data = Dataset.of(events, items=pl.DataFrame({"item_id": ["never"]}))
    scores = SLIM(l1=0.1).fit(data).score(data.everyone())
    items = data.items.index(["a", "b", "alone", "never"])
    assert np.isfinite(scores[0, items[:2]]).all()
    assert np.isnan(scores[:, items[2:]]).all()
    assert np.isnan(scores[2]).all()


def test_customers_of_one_item_each_leave_nothing_to_say() -> None:
    data = Dataset.of(pl.DataFrame({"user_id": [1, 2, 3], "item_id": [1, 2, 3]}))
    assert np.isnan(SLIM().fit(data).score(data.everyone())).all()


def test_a_log_without_purchases_is_refused() -> None:
    returned = pl.DataFrame({"user_id": [1, 1], "item_id": ["a", "a"], "weight": [1.0, -1.0]})
    with pytest.raises(EmptyData, match="nobody has anything"):
        SLIM().fit(Dataset.of(returned))


def test_weights_that_do_not_come_to_rest_are_told(caplog: pytest.LogCaptureFixture) -> None:
    random = np.random.default_rng(0)
    taste = random.random((400, 1))
    user, item = np.nonzero(random.random((400, 300)) < taste)  # everything resembles everything
    events = pl.DataFrame({"user_id": user, "item_id": item})
    with caplog.at_level(logging.WARNING):
        SLIM(l1=1e-3, l2=1e-2, rule="count", signed=True, activity=0.0).fit(Dataset.of(events))
    assert "a larger l2 helps" in caplog.text


def test_progress_is_told_until_the_last_item() -> None:
    seen: list[Progress] = []
    SLIM().fit(shop(), Run(on_epoch=seen.append))
    assert (seen[-1].done, seen[-1].total) == (14, 14)
