"""PureSVD, GF-CF, BSPM and RP3beta against the formulas of their papers, written out with dense arrays."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from regulars.core import Dataset, Queries
from regulars.models import BSPM, GFCF, METHODS, PureSVD, RP3Beta

FACTORS = 5


def shop(seed: int = 0, n_users: int = 90, n_items: int = 24) -> Dataset:
    """Three communities of customers; two items are in the catalog only."""
    random = np.random.default_rng(seed)
    same = (np.arange(n_users)[:, None] % 3) == (np.arange(n_items) % 3)
    chances = np.where(same, 0.5, 0.1) * np.linspace(0.4, 1.2, n_items)
    user, item = np.nonzero(random.random((n_users, n_items)) < chances)
    return Dataset.of(pl.DataFrame({"user_id": user, "item_id": item}), items=pl.DataFrame({"item_id": [100, 101]}))


def met(data: Dataset) -> np.ndarray:
    """The log as ones, without the items that nobody met, which come last in the catalog."""
    log = data.matrix().toarray().astype(np.float64)
    known = log.sum(axis=0) > 0
    return log[:, known]


def places(data: Dataset) -> np.ndarray:
    return np.flatnonzero(data.matrix().toarray().sum(axis=0) > 0)


def leading(log: np.ndarray, d: int) -> np.ndarray:
    return np.linalg.svd(log, full_matrices=False)[2][:d].T


def unseen_scores(model: Any, data: Dataset) -> np.ndarray:
    """Scores of all known items for everybody, NaN for what they have."""
    scores = model.score(data.everyone())[:, places(data)].astype(np.float64)
    return np.where(met(data) > 0, np.nan, scores)


def test_pure_svd_is_the_projection_of_histories_on_the_leading_singular_vectors() -> None:
    data = shop()
    model = PureSVD(FACTORS, popularity=0.0, activity=0.0, rule="binary").fit(data)
    log = met(data)
    vectors = leading(log, FACTORS)
    expected = log @ vectors @ vectors.T  # Cremonesi et al., RecSys 2010, eq. 4
    np.testing.assert_allclose(model.score(data.everyone())[:, places(data)], expected, rtol=1e-3, atol=1e-4)


def test_the_ideal_filter_of_pure_svd_is_that_of_its_paper() -> None:
    data = shop()
    model = PureSVD(FACTORS, popularity=0.5, activity=1.0, rule="binary").fit(data)
    log = met(data)
    users, items = log.sum(axis=1, keepdims=True), log.sum(axis=0)
    vectors = leading(log / np.sqrt(users * items), FACTORS)
    expected = log / np.sqrt(items) @ vectors @ vectors.T * np.sqrt(items)  # Shen et al., CIKM 2021, eq. 15
    np.testing.assert_allclose(model.score(data.everyone())[:, places(data)], expected, rtol=1e-3, atol=1e-4)


def test_gf_cf_is_the_formula_of_its_paper_for_what_a_customer_does_not_have() -> None:
    data = shop()
    model = GFCF(FACTORS, ideal=0.3, rule="binary").fit(data)
    log = met(data)
    users, items = log.sum(axis=1, keepdims=True), log.sum(axis=0)
    graph = log / np.sqrt(users * items)
    vectors = leading(graph, FACTORS)
    ideal = log / np.sqrt(items) @ vectors @ vectors.T * np.sqrt(items)
    expected = np.where(log > 0, np.nan, log @ graph.T @ graph + 0.3 * ideal)
    np.testing.assert_allclose(unseen_scores(model, data), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("sharpening", [0.0, 2.5])
def test_bspm_is_a_blurred_history_sharpened(sharpening: float) -> None:
    data = shop()
    log = met(data)
    settings = {"stretch": 0.4, "popularity": 0.3, "activity": 0.8, "tilt": 0.7, "rule": "binary"}
    everything = log.shape[1]  # where all directions are kept, nothing is taken as one number
    model = BSPM(everything, smooth=0.6, sharpening=sharpening, **settings).fit(data)
    items = log.sum(axis=0)
    active = log * log.sum(axis=1, keepdims=True) ** -0.4
    near = active.T @ active / np.outer(items**0.7, items**0.3)
    np.fill_diagonal(near, 0)
    spread = active / items**0.3
    vectors = leading(spread, everything)
    steps = spread.T @ spread
    steps /= np.linalg.eigvalsh(steps)[-1]
    kutta = term = np.eye(len(items))
    for power in range(1, 5):
        term = term @ steps * (-sharpening / power)
        kutta = kutta + term
    smooth = vectors / (items**0.4)[:, None] @ vectors.T * items**0.4

    def spread_of(weights: np.ndarray) -> float:
        return float(np.sqrt(items @ (weights**2).sum(axis=1) / (items.sum() * data.n_items)))

    expected = log @ (0.4 * near / spread_of(near) + 0.6 * smooth / spread_of(smooth)) @ kutta
    np.testing.assert_allclose(unseen_scores(model, data), np.where(log > 0, np.nan, expected), rtol=1e-3, atol=1e-3)


def test_with_few_directions_bspm_is_nearly_as_sharp() -> None:
    data = shop()
    whole, few = (BSPM(d, sharpening=2.0, rule="binary").fit(data) for d in (24, 12))
    lists = [model.recommend(data.everyone(), 5).items for model in (whole, few)]
    assert np.mean([len(set(a) & set(b)) for a, b in zip(*lists, strict=True)]) > 3


@pytest.mark.parametrize("rule", ["binary", "count"])
def test_rp3beta_is_the_product_of_the_chances_of_its_steps(rule: str) -> None:
    data = shop()
    model = RP3Beta(alpha=0.8, beta=0.3, neighbors=100, rule=rule).fit(data)
    log = met(data)
    onward = (log / log.sum(axis=1, keepdims=True)) ** 0.8
    back = (log.T / log.T.sum(axis=1, keepdims=True)) ** 0.8
    weights = back @ onward / log.sum(axis=0) ** 0.3  # Paudel et al., TiiS 2017, eq. 3 and 5
    np.fill_diagonal(weights, 0)
    expected = np.where(log > 0, np.nan, log @ weights)
    np.testing.assert_allclose(np.nan_to_num(unseen_scores(model, data)), np.nan_to_num(expected), rtol=1e-4)


def test_rp3beta_worked_by_hand() -> None:
    # from a: half of its votes go to customer 1, who has a and b, half to customer 2, who has a alone
    events = pl.DataFrame({"user_id": [1, 1, 2], "item_id": ["a", "b", "a"]})
    model = RP3Beta(alpha=1.0, beta=0.0, rule="binary").fit(Dataset.of(events))
    scores = model.score(Queries.of([[0], [1]]))
    np.testing.assert_allclose(scores[0, 1], 1 / 2 * 1 / 2, rtol=1e-6)
    np.testing.assert_allclose(scores[1, 0], 1 * 1 / 2, rtol=1e-6)


@pytest.mark.parametrize("name", ["pure_svd", "gf_cf", "bspm"])
def test_shares_of_reasons_are_parts_of_the_score(name: str) -> None:
    data = shop()
    model: Any = METHODS[name](factors=FACTORS).fit(data)
    queries = data.everyone()[:20]
    answer = model.recommend(queries, 3)
    reasons = model.because(queries, answer, r=1)
    for row in range(len(queries)):
        alone = model.score(Queries.of([[int(reasons.items[row, 0, 0])]]), answer.items[row, :1])[0, 0]
        np.testing.assert_allclose(reasons.shares[row, 0, 0], alone / answer.scores[row, 0], rtol=1e-3)


def test_a_shop_with_fewer_items_than_factors_is_answered() -> None:
    data = shop(n_users=6, n_items=4)
    for method in (PureSVD(64), GFCF(64), BSPM(64), RP3Beta()):
        scores = method.fit(data).score(data.everyone())
        assert np.isfinite(scores[:, places(data)]).any()
