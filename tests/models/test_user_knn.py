"""User-kNN against votes worked by hand, and against plain matrix arithmetic."""

import math

import numpy as np
import polars as pl
import pytest

from regulars.core import DAY, Dataset, Queries, Run, ints
from regulars.models.user_knn import UserKNN

# 1: a b c; 2: a b d; 3: a e; 4: f
BASKETS = pl.DataFrame(
    {"user_id": [1, 1, 1, 2, 2, 2, 3, 3, 4], "item_id": ["a", "b", "c", "a", "b", "d", "a", "e", "f"]}
)
A, B, C, D, E, F = range(6)


def plain(**settings: object) -> UserKNN:
    """User-kNN as in the oldest papers: cosine of what customers have, everybody's vote alike."""
    oldest = {"similarity": "cosine", "rule": "binary", "power": 1.0, "popularity": 0.0, "k1": 1.2, "b": 0.75}
    return UserKNN(**{**oldest, "neighbors": 50, **settings})  # type: ignore[arg-type]


def shop(seed: int = 0) -> Dataset:
    """Random events of 60 customers and 15 items, whose weights never tie."""
    random = np.random.default_rng(seed)
    user, item = random.integers(0, 60, 500), random.integers(0, 15, 500)
    return Dataset.of(pl.DataFrame({"user_id": user, "item_id": item, "weight": random.random(500) + 0.5}))


def test_votes_worked_by_hand() -> None:
    scores = plain().fit(Dataset.of(BASKETS)).score(Queries.of([[A, B]]))
    first = 2 / math.sqrt(2 * 3)  # with customers 1 and 2
    third = 1 / math.sqrt(2 * 2)
    np.testing.assert_allclose(scores, [[2 * first + third, 2 * first, first, first, third, math.nan]], rtol=1e-6)


def test_jaccard_and_the_power_of_a_similarity_worked_by_hand() -> None:
    scores = plain(similarity="jaccard", power=2.0, shrinkage=1.0).fit(Dataset.of(BASKETS)).score(Queries.of([[A, B]]))
    assert scores[0, C] == pytest.approx((2 / (3 + 1)) ** 2)
    assert scores[0, E] == pytest.approx((1 / (3 + 1)) ** 2)


def test_only_the_nearest_vote() -> None:
    scores = plain(neighbors=2).fit(Dataset.of(BASKETS)).score(Queries.of([[A, B]]))
    assert np.isnan(scores[0]).tolist() == [False, False, False, False, True, True]


def test_nobody_is_their_own_neighbor_and_who_has_nothing_new_says_nothing() -> None:
    model = plain(neighbors=2).fit(Dataset.of(BASKETS))
    own = Dataset.of(BASKETS).everyone()[ints([0])]
    # of customer 1's two neighbors none is customer 1: c is known from nobody else
    assert np.isnan(model.score(own)[0]).tolist() == [False, False, True, False, False, True]
    stranger = Queries.of(own.history)
    np.testing.assert_array_equal(model.score(stranger), model.score(own))


def test_busy_neighbors_and_popular_items_can_be_heard_less() -> None:
    queries = Queries.of([[A, B]])
    busy = plain(activity=1.0).fit(Dataset.of(BASKETS)).score(queries)
    assert busy[0, C] == pytest.approx(2 / math.sqrt(6) / 3)
    popular = plain(popularity=0.5).fit(Dataset.of(BASKETS)).score(queries)
    assert popular[0, B] == pytest.approx(2 * 2 / math.sqrt(6) / math.sqrt(2))


@pytest.mark.parametrize("similarity", ["cosine", "tfidf", "bm25", "jaccard"])
def test_the_scores_are_those_of_all_pairs_of_customers(similarity: str) -> None:
    data = shop()
    x = data.matrix().toarray().astype(np.float64)
    tilt, k = 0.3, 60 if similarity == "jaccard" else 7  # Jaccard similarities tie
    idf = np.maximum(np.log(len(x)) - np.log1p((x > 0).sum(axis=0)), 0)
    w = {
        "cosine": x,
        "tfidf": np.sqrt(x) * idf,
        "bm25": x * 2.2 / (1.2 * (0.25 + 0.75 * x.sum(axis=1, keepdims=True) / x.sum(axis=1).mean()) + x) * idf,
        "jaccard": (x > 0).astype(float),
    }[similarity]
    dots, squares = w @ w.T, (w**2).sum(axis=1)
    below = {
        "bm25": np.ones_like(dots),
        "jaccard": squares[:, np.newaxis] + squares - dots,
    }.get(similarity, np.outer(squares**tilt, squares ** (1 - tilt)))
    similar = dots / below
    news = ((x > 0)[np.newaxis] & (x == 0)[:, np.newaxis]).any(axis=2)
    similar[~news] = 0
    floor = np.sort(similar, axis=1)[:, [-k]]
    voters = np.where(similar >= floor, similar, 0)
    expected = voters @ x
    model = plain(neighbors=k, similarity=similarity, tilt=tilt, rule="count").fit(data)
    np.testing.assert_allclose(np.nan_to_num(model.score(data.everyone())), expected, rtol=2e-5)


def test_old_events_fade_in_what_is_stored_and_in_the_question() -> None:
    events = pl.DataFrame({"user_id": [1, 1, 2], "item_id": ["a", "b", "a"], "time": [0, DAY, DAY]})
    model = plain(rule="count", half_life_days=1.0).fit(Dataset.of(events))
    score = model.score(Queries.of([[0]], times=3 * DAY))[0, 1]
    assert score == pytest.approx(0.5 / math.hypot(0.5, 1.0))


def test_reasons_divide_each_vote_among_the_items_in_common() -> None:
    model = plain(rule="count").fit(Dataset.of(BASKETS))
    queries = Queries.of([[A, B, B]])
    answer = model.recommend(queries, 6)
    reasons = model.because(queries, answer, 2)
    place = {item: at for at, item in enumerate(answer.items[0].tolist())}
    # a neighbor with a and b is similar by 1 * 1 and 2 * 1
    assert reasons.items[0, place[C]].tolist() == [B, A]
    np.testing.assert_allclose(reasons.shares[0, place[C]], [2 / 3, 1 / 3], rtol=1e-6)
    assert reasons.items[0, place[E]].tolist() == [A, -1]


def test_threads_change_nothing() -> None:
    queries = shop().everyone()
    one, two = (plain(neighbors=4).fit(shop(), Run(threads=threads)).recommend(queries, 5) for threads in (1, 2))
    np.testing.assert_array_equal(one.items, two.items)
    np.testing.assert_array_equal(one.scores, two.scores)
