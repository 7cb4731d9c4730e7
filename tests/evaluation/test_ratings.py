"""RMSE and MAE over all ratings, worked by hand; their intervals and tests against what they stand for."""

import numpy as np
import polars as pl
import pytest

import shops
from regulars.core import Dataset, Rates, Recommendations, floats
from regulars.core.errors import EmptyData, SettingError, UnknownId
from regulars.evaluation import FALLING, RATING_METRICS, Fold, GivenSplit, Rated, RatioPerUser, compare, evaluate
from regulars.evaluation.evaluation import mean
from regulars.evaluation.significance import intervals
from regulars.models import SVD, KNNBaseline, Popularity

SHOP = shops.ratings().data
NAN = float("nan")


def of(counts, errors, filled=None):
    errors = np.array(errors, dtype=float)
    return Rated(np.array(counts), errors, errors if filled is None else np.array(filled, dtype=float))


def figure(name, case):
    return mean(RATING_METRICS[name](case))


def test_the_figure_is_over_all_ratings_however_many_each_customer_gave():
    case = of([3, 0, 1], [1, -1, 1, -3])
    assert figure("rmse", case) == pytest.approx(((1 + 1 + 1 + 9) / 4) ** 0.5)
    assert figure("mae", case) == pytest.approx((1 + 1 + 1 + 3) / 4)
    assert np.isnan(RATING_METRICS["rmse"](case)).tolist() == [False, True, False]


def test_what_cannot_be_told_counts_by_its_stand_in():
    case = of([2, 2], [1, NAN, NAN, 3], [1, 2, 0, 3])
    assert figure("told", case) == 0.5
    assert figure("mae", case) == pytest.approx(6 / 4)


def test_perfect_predictions_have_no_error():
    case = of([2, 1], [0, 0, 0])
    assert figure("rmse", case) == figure("mae", case) == 0


def test_the_interval_of_the_rmse_is_that_of_resampled_customers():
    """The same customers drawn anew a thousand times, and the RMSE computed from scratch each time."""
    random = np.random.default_rng(0)
    counts = random.integers(1, 30, size=400)
    errors = random.normal(size=counts.sum()) * np.repeat(random.uniform(0.5, 1.5, size=400), counts)
    low, high = intervals(RATING_METRICS["rmse"](of(counts, errors))[:, np.newaxis])[0]
    squares = np.bincount(np.repeat(np.arange(400), counts), errors**2)
    picks = random.integers(400, size=(1_000, 400))
    drawn = np.sqrt(squares[picks].sum(axis=1) / counts[picks].sum(axis=1))
    np.testing.assert_allclose([low, high], np.quantile(drawn, [0.025, 0.975]), atol=0.005)


class Guess:
    """Foretells one rating for everything but item 0."""

    def __init__(self, rating):
        self.rating = rating

    def recommend(self, queries, k, allowed=None):
        return Recommendations.none(len(queries), k)

    def rate(self, queries, items):
        return floats(np.tile(np.where(items == 0, NAN, self.rating), (len(queries), 1)))


EVENTS = pl.DataFrame(
    {
        "user_id": ["a", "a", "b", "b", "b"],
        "item_id": [0, 1, 0, 1, 2],
        "weight": [5.0, 3.0, -2.0, 4.0, 1.0],
        "kind": ["rating", "rating", "rating", "rating", "view"],
    }
)
LOG = Dataset.of(EVENTS)


def test_every_rating_is_withheld_once_low_ones_too():
    splits = [fold.cut(LOG) for fold in Fold.all(2)]
    withheld = [
        (int(user), int(item), float(weight))
        for split in splits
        for user, item, weight in zip(
            split.queries.users[split.rated.rows], split.rated.items, split.rated.weights, strict=True
        )
    ]
    assert sorted(withheld) == [(0, 0, 5.0), (0, 1, 3.0), (1, 0, -2.0), (1, 1, 4.0), (1, 2, 1.0)]
    assert all(len(split.train) + len(split.rated.items) == 5 for split in splits)


def test_a_rating_that_cannot_be_told_is_guessed_by_the_mean_of_its_customer_or_of_all():
    """The rating 5 of item 0 by a, who rated item 1 with 3, is withheld; and b's view, which is no rating."""
    split = pl.Series("split", ["test", "train", "train", "train", "test"])
    split = GivenSplit().cut(Dataset.of(EVENTS.with_columns(split)))
    assert evaluate(Guess(4.0), split).means["rmse"] == pytest.approx(2.0)
    assert evaluate(Guess(4.0), split).means["told"] == 0.0
    alone = Dataset.of(EVENTS.filter((pl.col("item_id") == 0) | (pl.col("user_id") == "b")))
    strangers = next(one for one in (fold.cut(alone) for fold in Fold.all(4)) if 5.0 in one.rated.weights)
    assert evaluate(Guess(4.0), strangers).means["mae"] == pytest.approx(abs(5.0 - strangers_mean(strangers)))


def strangers_mean(split):
    rated = split.train.kind == split.train.kinds.index("rating")
    return split.train.weight[rated].mean()


def test_raters_are_ranked_the_lowest_first_and_others_have_no_figure():
    split = RatioPerUser(random=True).cut(SHOP)
    models = {
        "svd": SVD(factors=6).fit(split.train),
        "knn": KNNBaseline(shrinkage=5.0).fit(split.train),
        "guess": Guess(3.0),
        "popularity": Popularity().fit(split.train),
    }
    assert isinstance(models["svd"], Rates)
    assert not isinstance(models["popularity"], Rates)
    comparison = compare(models, split)
    rows = {row["name"]: row for row in comparison.frame().to_dicts() if row["metric"] == "rmse"}
    assert set(rows) == {"svd", "knn", "guess"}
    assert comparison.best("rmse") == min(rows, key=lambda name: rows[name]["mean"]) != "guess"
    assert rows["guess"]["verdict"] == "worse"
    assert rows["guess"]["difference"] > 0
    against = {row["name"]: row for row in comparison.against("guess").frame().to_dicts() if row["metric"] == "rmse"}
    assert against["svd"]["verdict"] == "better"
    scores = models["svd"].score(split.queries)[split.rated.rows, split.rated.items]
    assert rows["svd"]["mean"] == pytest.approx(np.sqrt(np.mean((scores - split.rated.weights) ** 2)), rel=1e-4)


def test_without_anybody_who_rates_there_is_no_figure_of_ratings():
    split = RatioPerUser(random=True).cut(SHOP)
    comparison = compare({"popularity": Popularity().fit(split.train)}, split)
    assert not set(comparison.metrics) & set(RATING_METRICS)
    assert set(RATING_METRICS) >= set(FALLING)
    with pytest.raises(UnknownId, match="nobody was measured by 'rmse'"):
        comparison.best("rmse")


def test_folds_that_cannot_be_are_told():
    with pytest.raises(SettingError, match="fold must be from 0 to 2; it is 3"):
        Fold(3, 3)
    with pytest.raises(EmptyData, match="use fewer folds"):
        Fold(5, 4).cut(Dataset.of(pl.DataFrame({"user_id": ["a"], "item_id": [0]})))
