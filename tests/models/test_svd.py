"""Ratings by factors: predicted on their scale, for whoever has rated something, and refused where there are none."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import shops
from regulars.core import Dataset, Histories, Progress, Queries, Run, ints
from regulars.core.errors import BadTable, EmptyData
from regulars.models import SVD, FunkSVD, KNNBaseline, SVDpp

SHOP = shops.ratings()
METHODS = [SVD(factors=6), SVDpp(factors=6), FunkSVD(factors=6), KNNBaseline()]
NAMES = [type(method).__name__ for method in METHODS]


def table(*rows: tuple, **more: list) -> Dataset:
    user, item, rating = zip(*rows, strict=True)
    return Dataset.of(pl.DataFrame({"user_id": user, "item_id": item, "weight": rating, **more}))


@pytest.mark.parametrize("method", METHODS, ids=NAMES)
def test_scores_are_ratings_on_the_scale_of_training(method):
    model = method.fit(SHOP.data)
    scores = model.score(SHOP.queries)[:, :40]
    assert model.low == 1
    assert model.high == 5
    assert scores.min() >= 1
    assert scores.max() <= 5
    own = np.arange(60)[:, np.newaxis] % 4 == np.arange(40) // 10
    assert scores[own].mean() > scores[~own].mean() + 0.5


@pytest.mark.parametrize("method", METHODS, ids=NAMES)
def test_another_scale_of_the_same_ratings_gives_the_same_answers(method):
    """From 1-5 stars to -40-120 points: predictions move along."""
    points = replace(SHOP.data, weight=np.float32(40) * SHOP.data.weight - np.float32(80))
    stars, moved = method.fit(SHOP.data), method.fit(points)
    np.testing.assert_allclose(
        moved.score(points.everyone()), 40 * stars.score(SHOP.queries) - 80, rtol=1e-3, atol=0.05
    )


@pytest.mark.parametrize("method", METHODS, ids=NAMES)
def test_ratings_that_are_all_alike_are_refused(method):
    alike = replace(SHOP.data, weight=np.full(len(SHOP.data), 3, dtype=np.float32))
    with pytest.raises(BadTable, match=r"all 1140 ratings are 3; .*als, item_knn or ease"):
        method.fit(alike)


def test_no_ratings_and_broken_ratings_are_refused():
    with pytest.raises(EmptyData, match="no ratings"):
        SVD().fit(SHOP.data.before(0))
    with pytest.raises(BadTable, match="finite"):
        SVD().fit(table(("ann", "tea", 1.0), ("bob", "tea", float("nan"))))
    with pytest.raises(BadTable, match="newest ratings are all 2"):
        SVD().fit(table(("ann", "tea", 1.0), ("ann", "tea", 2.0)))


@pytest.mark.parametrize("method", METHODS, ids=NAMES)
def test_a_customer_with_one_rating_is_answered_and_one_without_is_not(method):
    model = method.fit(SHOP.data)
    histories = Histories.of([[3], [], [40]], weights=[[5.0], [], [5.0]])
    scores = model.score(Queries.of(histories))
    assert np.isfinite(scores[0, :40]).all()
    assert np.isnan(scores[1:]).all()
    low = model.score(Queries.of(Histories.of([[3]], weights=[[1.0]])))
    assert (low[0, 4:10] < scores[0, 4:10]).all()


def test_the_newest_rating_of_an_item_counts():
    model = SVD(factors=4).fit(SHOP.data)
    changed = Queries.of(Histories.of([[3, 7, 3]], weights=[[5.0, 4.0, 1.0]]))
    newest = Queries.of(Histories.of([[7, 3]], weights=[[4.0, 1.0]]))
    np.testing.assert_array_equal(model.score(changed), model.score(newest))


def test_a_rating_beyond_the_scale_counts_as_its_end():
    model = SVD(factors=4).fit(SHOP.data)
    far, end = (Queries.of(Histories.of([[3, 7]], weights=[[rating, 4.0]])) for rating in (900.0, 5.0))
    np.testing.assert_array_equal(model.score(far), model.score(end))


def test_only_events_of_the_kind_rating_count_where_a_log_has_it():
    rows = [("ann", "tea", 5.0), ("ann", "mug", 1.0), ("bob", "tea", 4.0), ("bob", "mug", 2.0), ("bob", "jam", 9.0)]
    mixed = table(*rows, kind=["rating", "rating", "rating", "rating", "purchase"])
    model = KNNBaseline().fit(mixed)
    assert model.high == 5
    jam = mixed.items.index(["jam"])
    assert np.isnan(model.score(mixed.everyone(), ints(jam))).all()


@pytest.mark.parametrize("method", [SVD(factors=6), SVDpp(factors=6)], ids=["SVD", "SVDpp"])
def test_a_customer_is_the_minimum_of_the_stated_ridge_regression(method):
    model = method.fit(SHOP.data)
    factors = model.predictor
    encoder, d = factors.encoder, 6
    query = Queries.of(Histories.of([[3, 7, 25]], weights=[[5.0, 4.0, 2.0]]))
    history = [3, 7, 25]
    q, b = factors.item_vectors[:, :d].astype(float), factors.item_vectors[:, d].astype(float) * 2**10
    said = encoder.implicit[history].sum(axis=0) / 3**0.5 if encoder.implicit.size else np.zeros(d)
    left = (np.array([5.0, 4.0, 2.0]) - encoder.mean) / encoder.unit - b[history] - q[history] @ said
    design = np.vstack([
        np.column_stack([q[history], np.ones(3)]),
        np.diag(np.sqrt([*[method.regularization * 3 + method.shrinkage] * d, method.shrinkage])),
    ])  # fmt: skip
    solved = np.linalg.lstsq(design, np.concatenate([left, np.zeros(d + 1)]), rcond=None)[0]
    wanted = encoder.mean + encoder.unit * (solved[d] + b[:40] + q[:40] @ (solved[:d] + said))
    np.testing.assert_allclose(model.predictor.score(query)[0, :40], wanted, rtol=1e-4)


@pytest.mark.parametrize("method", METHODS[:3], ids=NAMES[:3])
def test_what_the_ratings_of_a_history_add_is_the_score_less_the_baseline_of_the_item(method):
    factors = method.fit(SHOP.data).predictor
    encoder, d = factors.encoder, 6
    answers = np.tile(np.arange(40, dtype=np.int32), (2, 1))
    queries = SHOP.queries[slice(0, 2)]
    starts, _, added = encoder.contributions(queries, factors.item_vectors, answers)
    baseline = encoder.mean + encoder.unit * factors.item_vectors[:40, d].astype(float) * 2**10
    wanted = factors.score(queries)[:, :40] - baseline
    np.testing.assert_allclose(np.add.reduceat(added, starts[:-1]), wanted, rtol=1e-3, atol=1e-4)


def test_the_progress_of_a_fit_tells_an_error_that_falls():
    seen: list[Progress] = []
    SVDpp(factors=4, epochs=5).fit(SHOP.data, Run(on_epoch=seen.append))
    errors = [dict(progress.figures)["rmse"] for progress in seen]
    assert [progress.done for progress in seen] == [1, 2, 3, 4, 5]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] == pytest.approx(SHOP.data.weight.std(), rel=0.1)


@pytest.mark.slow
@pytest.mark.skipif("REGULARS_DATA" not in os.environ, reason="needs the folder of public data sets")
@pytest.mark.parametrize(
    ("method", "most"),
    [(SVD(), 0.934), (SVDpp(), 0.92), (KNNBaseline(), 0.931), (FunkSVD(), 0.934)],
    ids=["SVD", "SVDpp", "KNNBaseline", "FunkSVD"],
)
def test_a_random_fifth_of_ml_100k_is_predicted_as_well_as_published(method, most):
    """The bounds are means over five folds in Surprise's documentation; benchmarks/ratings.py compares all folds."""
    log = pl.read_parquet(Path(os.environ["REGULARS_DATA"]) / "ml-100k" / "ratings.parquet")
    log = log.rename({"rating": "weight", "timestamp": "time"})
    fold = np.random.default_rng(0).integers(5, size=len(log))
    data, withheld = Dataset.of(log.filter(fold != 0)), log.filter(fold == 0)
    user, item = data.users.index(withheld["user_id"]), data.items.index(withheld["item_id"])
    known = (user >= 0) & (item >= 0)
    scores = method.fit(data).score(data.everyone())[user[known], item[known]]
    errors = scores - withheld["weight"].to_numpy()[known]
    assert known.mean() > 0.99
    assert float(np.sqrt(np.mean(errors**2))) <= most
