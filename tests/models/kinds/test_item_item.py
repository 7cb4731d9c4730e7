"""Item-item models against plain matrix arithmetic, and against cases worked by hand."""

import math

import numpy as np
import pytest
from scipy.sparse import csr_array

from regulars.core import DAY, MISSING, Allowed, Histories, Queries, Recommendations, floats, ints
from regulars.models.kinds import DenseItemItem, Profile, SparseItemItem


def sparse(weights: np.ndarray, profile: Profile = Profile()) -> SparseItemItem:  # noqa: B008
    rows = csr_array(weights.astype(np.float32))
    return SparseItemItem("knn", len(weights), rows.indptr.astype(np.int64), ints(rows.indices), rows.data, profile)


def random_weights(random: np.random.Generator, n: int, filled: float) -> np.ndarray:
    weights = random.normal(size=(n, n)) * (random.random((n, n)) < filled)
    np.fill_diagonal(weights, 0)
    return weights.astype(np.float32)


def random_queries(random: np.random.Generator, n: int, n_items: int) -> Queries:
    rows = [random.choice(n_items, size=random.integers(0, 9)).tolist() for _ in range(n)]
    return Queries.of(Histories.of(rows))


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)


def both(random: np.random.Generator, n_items: int = 300) -> list[SparseItemItem | DenseItemItem]:
    known = np.sort(random.choice(n_items, size=n_items - 20, replace=False)).astype(np.int32)
    return [
        sparse(random_weights(random, n_items, 0.05)),
        DenseItemItem("ease", n_items, known, random_weights(random, len(known), 1.0)),
        DenseItemItem("ease", n_items, np.arange(n_items, dtype=np.int32), random_weights(random, n_items, 1.0)),
    ]


def whole(model: SparseItemItem | DenseItemItem) -> np.ndarray:
    """The weights [n_items, n_items] in float64, as plain as can be."""
    weights = np.zeros((model.n_items, model.n_items))
    if isinstance(model, DenseItemItem):
        weights[np.ix_(model.items, model.items)] = model.weights
        return weights
    return csr_array((model.data, model.indices, model.indptr), shape=weights.shape).toarray()


def test_scores_are_the_profile_times_the_weights(random: np.random.Generator) -> None:
    for model in both(random):
        queries = random_queries(random, 40, model.n_items)
        expected = queries.history.matrix(model.n_items).toarray() @ whole(model)
        scores = model.score(queries)
        told = ~np.isnan(scores)
        np.testing.assert_allclose(scores[told], expected[told], rtol=1e-4, atol=1e-5)
        assert np.all(expected[~told] == 0)


def test_a_batch_scores_like_its_members_and_candidates_like_the_catalog(random: np.random.Generator) -> None:
    for model in both(random):
        queries = random_queries(random, 30, model.n_items)
        scores = model.score(queries)
        for row in range(0, 30, 7):
            np.testing.assert_array_equal(model.score(queries[row : row + 1]), scores[row : row + 1])
        candidates = ints([5, 250, 17, 0])
        np.testing.assert_array_equal(model.score(queries, candidates), scores[:, candidates])


def test_what_the_model_has_never_heard_of_scores_nan(random: np.random.Generator) -> None:
    for model in both(random):
        scores = model.score(Queries.of([[], [model.n_items + 3], [1, 2]]), ints([MISSING, model.n_items, 4]))
        assert np.isnan(scores[:2]).all()
        assert np.isnan(scores[2, :2]).all()


def test_an_item_that_no_neighbor_reaches_scores_nan() -> None:
    model = sparse(np.array([[0, 0.5, 0], [0.5, 0, 0], [0, 0, 0]]))
    np.testing.assert_array_equal(model.score(Queries.of([[0], [2]])), [[np.nan, 0.5, np.nan], [np.nan] * 3])


def test_items_left_out_of_a_dense_model_neither_score_nor_speak() -> None:
    model = DenseItemItem("ease", 4, ints([1, 3]), floats([[0, 2], [1, 0]]))
    scores = model.score(Queries.of([[0], [0, 1], [3]]))
    np.testing.assert_array_equal(scores, [[np.nan] * 4, [np.nan, 0, np.nan, 2], [np.nan, 1, np.nan, 0]])


def test_profiles_count_take_logs_or_count_once() -> None:
    history = Histories.of([[0, 1, 0]], weights=[[1.0, 2.0, 3.0]])
    for rule, expected in (("count", [4, 2]), ("log", [math.log(5), math.log(3)]), ("binary", [1, 1])):
        profile = Profile(rule).of(Queries.of(history), 3).toarray()
        np.testing.assert_allclose(profile, [[*expected, 0]], rtol=1e-6)


def test_a_profile_fades_to_half_after_one_half_life() -> None:
    history = Histories.of([[0, 1, 0]], times=[[0, DAY, DAY]])
    queries = Queries.of(history, times=2 * DAY)
    np.testing.assert_allclose(Profile("count", 1.0).of(queries, 2).toarray(), [[0.75, 0.5]])
    np.testing.assert_allclose(Profile("binary", 1.0).of(queries, 2).toarray(), [[0.5, 0.5]])


def test_a_profile_fades_with_newer_steps_and_a_basket_is_one_step() -> None:
    history = Histories.of([[0, 1, 2, 0], [2]], times=[[0, 0, 5, 9], [7]])
    counts = Profile("count", half_life_steps=1.0).of(Queries.of(history), 3).toarray()
    np.testing.assert_allclose(counts, [[1 / 4 + 1, 1 / 4, 1 / 2], [0, 0, 1]])
    once = Profile("binary", half_life_steps=2.0).of(Queries.of(history), 3).toarray()
    np.testing.assert_allclose(once, [[1, 1 / 2, 1 / math.sqrt(2)], [0, 0, 1]], rtol=1e-6)


def test_a_step_of_items_that_a_model_does_not_know_is_none() -> None:
    known, more = Histories.of([[0, 1]], times=[[0, 1]]), Histories.of([[0, 7, 1, -1]], times=[[0, 1, 2, 3]])
    profiles = [Profile(half_life_steps=1.0).of(Queries.of(history), 2).toarray() for history in (known, more)]
    np.testing.assert_array_equal(*profiles)


def test_what_was_returned_in_full_is_not_in_any_profile() -> None:
    history = Histories.of([[0, 1, 0]], weights=[[2.0, 1.0, -2.0]])
    for rule in ("count", "log", "binary"):
        assert Profile(rule).of(Queries.of(history), 2).indices.tolist() == [1]


def test_similar_items_are_the_answer_to_a_history_of_that_item_alone(random: np.random.Generator) -> None:
    for model in both(random):
        items = np.arange(model.n_items, dtype=np.int32)
        alone = Queries.of([[item] for item in items.tolist()])
        similar = model.similar_items(items, 5)
        expected = model.recommend(alone, 5, Allowed.all_but(alone.history))
        np.testing.assert_array_equal(similar.items, expected.items)
        np.testing.assert_array_equal(similar.scores, expected.scores)


def test_an_unknown_item_resembles_nothing(random: np.random.Generator) -> None:
    for model in both(random):
        assert (model.similar_items(ints([MISSING, model.n_items]), 3).items == MISSING).all()


def test_reasons_add_up_to_the_score() -> None:
    weights = np.array([[0, 0, 3, 1], [0, 0, 1, 2], [1, 1, 0, 1], [1, 1, 1, 0]], dtype=np.float32)
    dense = DenseItemItem("ease", 4, ints([0, 1, 2, 3]), weights)
    for model in (sparse(weights), dense):
        queries = Queries.of(Histories.of([[0, 1], [2]], weights=[[1.0, 2.0], [1.0]]))
        answer = Recommendations(ints([[2, 3], [0, MISSING]]), floats([[5.0, 5.0], [1.0, math.nan]]))
        reasons = model.because(queries, answer, 2)
        assert reasons.items.tolist() == [[[0, 1], [1, 0]], [[2, MISSING], [MISSING, MISSING]]]
        np.testing.assert_allclose(reasons.shares[0], [[3 / 5, 2 / 5], [4 / 5, 1 / 5]], rtol=1e-6)
        assert reasons.shares[1, 0, 0] == 1
        assert np.isnan(reasons.shares[1, 1]).all()


def test_only_what_speaks_for_an_answer_is_a_reason() -> None:
    weights = floats([[0, 0, 3], [0, 0, -1], [0, 0, 0]])
    reasons = DenseItemItem("ease", 3, ints([0, 1, 2]), weights).because(
        Queries.of([[0, 1]]), Recommendations(ints([[2]]), floats([[2]])), 3
    )
    assert reasons.items.tolist() == [[[0, MISSING, MISSING]]]
    assert reasons.shares[0, 0, 0] == 1.5


def test_reasons_speak_of_the_items_of_the_catalog() -> None:
    model = DenseItemItem("ease", 9, ints([4, 8]), floats([[0, 1], [1, 0]]))
    reasons = model.because(Queries.of([[2, 4]]), Recommendations(ints([[8, 3]]), floats([[1.0, math.nan]])), 1)
    assert reasons.items.tolist() == [[[4], [MISSING]]]
