"""kNN of explicit ratings against twins that look at every pair of customers or items."""

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import shops
from regulars.core import Dataset, Queries, Recommendations, floats, ints
from regulars.models import KNNBaseline, UserKNNBaseline
from regulars.models.explicit import Explicit
from regulars.models.kinds.rating_comparison import COMPARISONS

SHRINKAGE = 4.0


def similarity(x: np.ndarray, y: np.ndarray, *, centered: bool) -> float:
    """Of two rows, NaN where nothing is rated."""
    both = ~np.isnan(x) & ~np.isnan(y)
    x, y, n = x[both], y[both], both.sum()
    if n < 2:
        return 0.0
    if centered:
        x, y = x - x.mean(), y - y.mean()
    below = np.sqrt((x @ x) * (y @ y))
    return max(0.0, float(x @ y / below)) * (n - 1) / (n - 1 + SHRINKAGE) if below > 1e-9 else 0.0


def tables(data: Dataset, rule: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ratings, what is compared, and what baselines leave of them; [n_users, n_items], NaN where nothing is rated."""
    log = Explicit.of(data)
    ratings, left = (np.full((data.n_users, data.n_items), np.nan) for _ in range(2))
    ratings[log.rows, log.ratings.items] = log.ratings.values * log.unit
    left[log.rows, log.ratings.items] = log.unexplained(log.baselines()) * log.unit
    means = np.nanmean(ratings, axis=1, keepdims=True)
    return ratings, {"pearson": ratings, "pearson_baseline": left, "adjusted_cosine": ratings - means}[rule], left


@pytest.mark.parametrize("rule", COMPARISONS)
def test_a_rating_is_the_baseline_and_what_the_nearest_raters_of_the_item_deviate_by(rule: str) -> None:
    data, k = shops.ratings().data, 5
    log = Explicit.of(data)
    biases = log.baselines()
    _, compared, left = tables(data, rule)
    predictor = UserKNNBaseline(k, SHRINKAGE, rule).fit(data).predictor
    scores = predictor.score(data.everyone())
    for user in range(0, data.n_users, 7):
        similar = np.array([similarity(compared[user], row, centered=rule == "pearson") for row in compared])
        for item in range(0, 40, 3):
            raters = [v for v in np.argsort(-similar, kind="stable") if similar[v] > 0 and not np.isnan(left[v, item])]
            heard = raters[:k]
            expected = log.mean + log.unit * (biases.users[user] + biases.items[item])
            if heard:
                expected += similar[heard] @ left[heard, item] / similar[heard].sum()
            assert scores[user, item] == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("rule", COMPARISONS)
def test_items_are_compared_by_the_customers_who_rated_both(rule: str) -> None:
    data = shops.ratings().data
    _, compared, _ = tables(data, rule)
    model = KNNBaseline(shrinkage=SHRINKAGE, similarity=rule).fit(data).predictor
    for item in range(0, 40, 7):
        expected = [similarity(compared[:, item], row, centered=rule == "pearson") for row in compared.T]
        expected[item] = 0.0
        near = slice(model.starts[item], model.starts[item + 1])
        found = np.zeros(data.n_items)
        found[model.neighbors[near]] = model.similarities[near]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_reasons_are_the_ratings_in_which_those_who_are_heard_agree() -> None:
    # 1 and the one who asks both rate a high and b low; 2 has only c in common with them, and rates like nobody
    rows = [(1, "a", 5), (1, "b", 1), (1, "c", 3), (1, "d", 5), (2, "c", 3), (2, "e", 4), (3, "d", 2), (3, "e", 3)]
    data = Dataset.of(pl.DataFrame(rows, schema=["user_id", "item_id", "weight"], orient="row"))
    model = UserKNNBaseline(shrinkage=0.0).fit(data)
    history = data.queries(ints([0]), 1).history.where(np.array([True, True, True, False]))
    queries = Queries.of(history)
    reasons = model.because(queries, Recommendations(ints([[3, 4]]), floats([[4.0, 3.0]])), 2)
    assert set(reasons.items[0, 0].tolist()) == {0, 1}
    assert reasons.shares[0, 0].sum() == pytest.approx(1, abs=0.1)
    assert reasons.items[0, 1].tolist() == [-1, -1]  # nobody similar has rated e


@pytest.mark.skipif("REGULARS_DATA" not in os.environ, reason="needs the public data sets: set REGULARS_DATA")
def test_a_random_fifth_of_ml_100k_is_predicted_as_well_as_by_others() -> None:
    """Surprise 1.1.5, KNNBaseline with user_based=True and pearson_baseline: .9217 on a fold of its own making."""
    path = Path(os.environ["REGULARS_DATA"]) / "ml-100k" / "ratings.parquet"
    log = pl.read_parquet(path).select("user_id", "item_id", weight=pl.col("rating").cast(pl.Float32))
    test = np.random.default_rng(0).random(len(log)) < 0.2
    known = Dataset.of(log.filter(~test))
    wanted = log.filter(test)
    user, item = known.users.index(wanted["user_id"]), known.items.index(wanted["item_id"])
    inside = (user >= 0) & (item >= 0)
    scores = UserKNNBaseline().fit(known).score(known.everyone())
    errors = scores[user[inside], item[inside]] - wanted["weight"].to_numpy()[inside]
    assert np.sqrt(np.mean(errors**2)) < 0.93
