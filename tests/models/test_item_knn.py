"""Item-kNN against similarities worked by hand, and against plain matrix arithmetic."""

import math

import numpy as np
import polars as pl
import pytest

from regulars.core import DAY, Dataset, Histories, Queries, Run
from regulars.models.item_knn import ItemKNN
from regulars.models.kinds import SparseItemItem

# a: customers 1 2 3 4; b: 1 2; c: 1
BASKETS = pl.DataFrame({"user_id": [1, 1, 1, 2, 2, 3, 4], "item_id": ["a", "b", "c", "a", "b", "a", "a"]})


def plain(**settings: object) -> ItemKNN:
    """Item-kNN as in the oldest papers: cosine, everybody's vote alike."""
    oldest = {"similarity": "cosine", "tilt": 0.5, "activity": 0.0, "side": "history", "rule": "binary"}
    return ItemKNN(**{**oldest, **settings})  # type: ignore[arg-type]


def dense(model: SparseItemItem) -> np.ndarray:
    weights = np.zeros((model.n_items, model.n_items))
    for item in range(model.n_items):
        row = slice(model.indptr[item], model.indptr[item + 1])
        weights[item, model.indices[row]] = model.data[row]
    return weights


def shop(seed: int = 0) -> Dataset:
    """Random events of 60 customers and 15 items, up to three of a pair, whose weights never tie."""
    random = np.random.default_rng(seed)
    user, item = random.integers(0, 60, 500), random.integers(0, 15, 500)
    return Dataset.of(pl.DataFrame({"user_id": user, "item_id": item, "weight": random.random(500) + 0.5}))


def test_cosine_worked_by_hand() -> None:
    model = plain().fit(Dataset.of(BASKETS))
    expected = [[0, 2 / math.sqrt(8), 1 / 2], [2 / math.sqrt(8), 0, 1 / math.sqrt(2)], [1 / 2, 1 / math.sqrt(2), 0]]
    np.testing.assert_allclose(dense(model), expected, rtol=1e-6)
    np.testing.assert_allclose(
        model.score(Queries.of([[1, 2]])), [[2 / math.sqrt(8) + 1 / 2, 1 / math.sqrt(2), 1 / math.sqrt(2)]], rtol=1e-6
    )


def test_jaccard_worked_by_hand() -> None:
    model = plain(similarity="jaccard", activity=0.5, tilt=0.9).fit(Dataset.of(BASKETS))
    np.testing.assert_allclose(dense(model), [[0, 2 / 4, 1 / 4], [2 / 4, 0, 1 / 2], [1 / 4, 1 / 2, 0]], rtol=1e-6)
    shrunk = dense(plain(similarity="jaccard", shrinkage=3.0).fit(Dataset.of(BASKETS)))
    assert shrunk[0, 1] == pytest.approx(2 / (4 + 3))


def test_shrinkage_weakens_what_few_customers_say() -> None:
    weights = dense(plain(shrinkage=2.0).fit(Dataset.of(BASKETS)))
    assert weights[0, 1] == pytest.approx(2 / (math.sqrt(8) + 2))
    assert weights[1, 2] == pytest.approx(1 / (math.sqrt(2) + 2))


def test_tilt_divides_by_the_item_of_the_history_more_than_by_the_answer() -> None:
    weights = dense(plain(tilt=1.0).fit(Dataset.of(BASKETS)))
    # the share of an item's customers who also have the answer
    np.testing.assert_allclose(weights, [[0, 2 / 4, 1 / 4], [2 / 2, 0, 1 / 2], [1, 1, 0]], rtol=1e-6)


def test_activity_gives_each_customer_one_say_about_an_item() -> None:
    weights = dense(plain(activity=1.0).fit(Dataset.of(BASKETS)))
    squares = {"a": 1 / 3 + 1 / 2 + 1 + 1, "b": 1 / 3 + 1 / 2}
    assert weights[0, 1] == pytest.approx((1 / 3 + 1 / 2) / math.sqrt(squares["a"] * squares["b"]))


@pytest.mark.parametrize("similarity", ["cosine", "tfidf", "bm25"])
def test_the_neighbors_are_the_best_of_all_pairs(similarity: str) -> None:
    data = shop()
    x = data.matrix().toarray().astype(np.float64)
    idf = np.log(x.shape[1]) - np.log1p((x > 0).sum(axis=1, keepdims=True))
    if similarity == "tfidf":
        x = np.sqrt(x) * idf
    if similarity == "bm25":
        length = 1 - 0.75 + 0.75 * x.sum(axis=0) / x.sum(axis=0).mean()
        x = x * 2.2 / (1.2 * length + x) * idf
    else:
        x = x / np.linalg.norm(x, axis=0)
    similar = x.T @ x
    np.fill_diagonal(similar, 0)
    floor = np.sort(similar, axis=1)[:, [-5]]
    model = plain(neighbors=5, similarity=similarity, rule="count").fit(data)
    np.testing.assert_allclose(dense(model), np.where(similar >= floor, similar, 0), rtol=1e-5)


def test_the_neighbors_may_be_counted_on_the_side_of_the_answer() -> None:
    data = shop()
    whole = dense(plain(tilt=0.8, rule="log").fit(data))
    floor = np.sort(whole, axis=0)[[-4]]
    model = plain(neighbors=4, tilt=0.8, side="answer", rule="log").fit(data)
    np.testing.assert_allclose(dense(model), np.where(whole >= floor, whole, 0), rtol=1e-6)


def test_old_votes_fade_in_training_and_in_the_history() -> None:
    events = pl.DataFrame(
        {"user_id": [1, 1, 2, 2, 3], "item_id": ["a", "b", "a", "c", "a"], "time": [0, 0, DAY, DAY, DAY]}
    )
    model = plain(rule="count", half_life_days=1.0).fit(Dataset.of(events))
    weights = dense(model)
    assert weights[0, 1] == pytest.approx(0.25 / math.sqrt((0.25 + 1 + 1) * 0.25))
    queries = Queries.of([[0]], times=DAY)
    assert model.score(queries)[0, 1] == pytest.approx(weights[0, 1] / 2)


def test_a_customer_who_has_everything_says_nothing_under_idf() -> None:
    everything = pl.DataFrame({"user_id": [9] * 6, "item_id": [*"abcdef"]})
    data = Dataset.of(pl.concat([everything, BASKETS.filter(pl.col("user_id") > 1)]))
    for similarity in ("tfidf", "bm25"):
        found = dense(plain(similarity=similarity).fit(data)) > 0
        assert np.argwhere(found).tolist() == [[0, 1], [1, 0]]  # by customer 2 alone


def test_threads_change_nothing() -> None:
    one, two = (plain(neighbors=4).fit(shop(), Run(threads=threads)) for threads in (1, 2))
    np.testing.assert_array_equal(one.indices, two.indices)
    np.testing.assert_array_equal(one.data, two.data)


def test_steps_fade_the_history_and_not_the_training() -> None:
    events = pl.DataFrame({"user_id": [1, 1, 2], "item_id": list("aba"), "time": [0, DAY, 0]})
    faded = plain(half_life_steps=1.0).fit(Dataset.of(events))
    kept = plain().fit(Dataset.of(events))
    queries = Queries.of(Histories.of([[0, 0, 1]], times=[[0, 1, 2]]))
    np.testing.assert_array_equal(faded.data, kept.data)
    assert faded.score(queries)[0, 1] == pytest.approx(kept.score(queries)[0, 1] / 2)
