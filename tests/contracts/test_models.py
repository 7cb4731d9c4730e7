"""What every method and every composition of them promises. The suite runs over all of METHODS, and over yours:

    # my_tests/test_mine.py, with the folder tests/ of Regulars on the path (pytest's setting `pythonpath`)
    import pytest
    from contracts.subjects import Subject
    from contracts.test_models import *  # every test below
    from mine import Mine

    @pytest.fixture(scope="session")
    def method():
        return Subject(Mine(depth=3).fit)  # Subject(..., planted=shops.habits()) if it repeats what was bought

    @pytest.fixture(scope="session")
    def subject(method):
        return method

`subject` is anything that recommends; `method` fits a Model, which can also score. If it explains or finds similar
items, take the tests of contracts.test_capabilities too, with the fixtures `explainer` and `finder`.
"""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import shops
from regulars.core import MISSING, QUIET, Allowed, Histories, Queries, Run, ints, starts_of
from regulars.models.kinds.saving import load, save
from regulars.ranking import Unseen

N = 41  # items of every planted shop
NEVER_MET = 40
asked_often = settings(max_examples=40)


def answers_of(subject, k=10, queries=None, allowed=None):
    return subject.fitted.recommend(subject.planted.queries if queries is None else queries, k, allowed)


def assert_same(left, right):
    """The same items from the same sources; the last bits of a score may depend on the size of a matrix product."""
    np.testing.assert_array_equal(left.items, right.items)
    np.testing.assert_array_equal(left.sources, right.sources)
    np.testing.assert_allclose(left.scores, right.scores, rtol=2e-5, atol=1e-6)
    assert left.names == right.names


# ---- finds the withheld item


def test_finds_the_withheld_item(subject):
    planted = subject.planted
    allowed = None if planted.repeat else Unseen()(planted.queries)
    answer = answers_of(subject, planted.within, allowed=allowed)
    found = (answer.items == planted.wanted[:, np.newaxis]).any(axis=1)
    assert found.mean() >= 0.9


# ---- a batch is its rows, and candidates are columns of the catalog


def test_a_batch_is_answered_as_its_rows_one_by_one(subject):
    queries = subject.planted.queries
    allowed = Unseen()(queries)
    together = answers_of(subject, 12, allowed=allowed)
    for row in range(0, len(queries), 7):
        alone = slice(row, row + 1)
        assert_same(answers_of(subject, 12, queries[alone], allowed[alone]), together[alone])


def test_a_shorter_list_is_the_head_of_a_longer_one(subject):
    assert_same(answers_of(subject, 3), answers_of(subject, 12).head(3))


def test_scores_of_candidates_are_columns_of_the_catalog(method):
    queries = method.planted.queries
    candidates = ints([39, 3, 17, 3, 0])
    catalog = method.fitted.score(queries)
    assert catalog.shape == (len(queries), N)
    assert catalog.dtype == np.float32
    np.testing.assert_allclose(method.fitted.score(queries, candidates), catalog[:, candidates], rtol=2e-5, atol=1e-6)


def test_the_answer_is_the_best_of_the_scores(method):
    queries = method.planted.queries
    scores = method.fitted.score(queries)
    answer = answers_of(method, 5)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :5]  # NaN is last
    best = np.take_along_axis(scores, order, axis=1)
    np.testing.assert_array_equal(answer.items, np.where(np.isnan(best), MISSING, order))
    np.testing.assert_allclose(answer.scores, best, rtol=2e-5, atol=1e-6)


# ---- NaN for the unknown


def test_an_item_that_was_never_met_scores_nan(method):
    assert np.isnan(method.fitted.score(method.planted.queries, ints([NEVER_MET]))).all()


def test_an_item_younger_than_the_model_scores_nan(method):
    younger = method.fitted.score(method.planted.queries, ints([N, N + 1_000, MISSING]))
    assert younger.shape == (len(method.planted.queries), 3)
    assert np.isnan(younger).all()


def test_a_stranger_without_a_history_gets_nan_or_what_everybody_gets(method):
    strangers = method.fitted.score(Queries.of([[], []], times=shops.START))
    everybody = method.fitted.score(method.planted.queries)
    assert np.isnan(strangers).all() or all((everybody == strangers[:1])[:, ~np.isnan(strangers[0])].all(axis=1))


def test_items_younger_than_the_model_in_a_history_change_nothing(subject):
    queries = subject.planted.queries
    assert_same(answers_of(subject, 10, shops.with_items(queries, [N, N + 7, MISSING])), answers_of(subject, 10))


def test_items_younger_than_the_model_are_never_recommended(subject):
    n = len(subject.planted.queries)
    wide = np.ones((1, N + 20), dtype=np.bool_)
    assert_same(answers_of(subject, N + 20, allowed=Allowed(wide)), answers_of(subject, N + 20))
    only_younger = np.arange(N + 20) >= N
    assert (answers_of(subject, 5, allowed=Allowed(only_younger[np.newaxis])).items == MISSING).all()
    assert (answers_of(subject, 5, allowed=Allowed(np.tile(only_younger, (n, 1)))).items == MISSING).all()


# ---- exactly k, nothing forbidden, padding at the end: for whatever histories, rules and k

histories = st.lists(st.lists(st.integers(0, N + 2), max_size=12), max_size=5)


@st.composite
def asked(draw):
    """A batch of questions, and what may be answered: a mask for all, for each, or none; exclusions; what is seen."""
    rows = draw(histories)
    weights = [draw(st.lists(st.sampled_from([1.0, 0.5, -1.0]), min_size=len(r), max_size=len(r))) for r in rows]
    times = [sorted(draw(st.lists(st.integers(0, 10**7), min_size=len(r), max_size=len(r)))) for r in rows]
    queries = Queries.of(Histories.of(rows, weights=weights, times=times))
    allowed = Allowed(draw(masks(len(rows))))
    if draw(st.booleans()):
        banned = [draw(st.lists(st.integers(0, N + 2), max_size=8)) for _ in rows]
        flat = ints([item for row in banned for item in row])
        allowed = allowed & Allowed(None, starts_of([len(row) for row in banned]), flat)
    if draw(st.booleans()):
        allowed = allowed & Unseen()(queries)
    return queries, allowed


@st.composite
def masks(draw, n):
    height = draw(st.sampled_from([0, 1, n]))
    if not height:
        return None
    width = draw(st.sampled_from([0, 1, N - 5, N, N + 3]))
    share = draw(st.sampled_from([0.0, 0.1, 0.7, 1.0]))
    return np.random.default_rng(draw(st.integers(0, 99))).random((height, width)) < share


@given(question=asked(), k=st.integers(0, N + 4))
@asked_often
def test_exactly_k_answers_none_of_them_forbidden(subject, question, k):
    queries, allowed = question
    answer = subject.fitted.recommend(queries, k, allowed)
    assert answer.items.shape == answer.scores.shape == answer.sources.shape == (len(queries), k)
    tellable = subject.fitted.recommend(queries, N).items
    permitted = allowed.dense(len(queries), N)
    for row, items in enumerate(answer.items):
        can = {item for item in tellable[row] if item != MISSING and permitted[row, item]}
        found = [item for item in items if item != MISSING]
        assert len(found) == min(k, len(can))
        assert len(set(found)) == len(found)
        assert set(found) <= can


@given(question=asked(), k=st.integers(0, N + 4))
@asked_often
def test_scores_descend_and_padding_stands_at_the_end(subject, question, k):
    queries, allowed = question
    answer = subject.fitted.recommend(queries, k, allowed)
    present = answer.items != MISSING
    assert (np.diff(present.astype(int), axis=1) <= 0).all()
    np.testing.assert_array_equal(np.isnan(answer.scores), ~present)
    for row, scores in enumerate(answer.scores):
        assert (np.diff(scores[present[row]]) <= 0).all()
    assert ((answer.sources >= 0) & (answer.sources < len(answer.names))).all()


@given(question=asked())
@asked_often
def test_what_a_model_can_tell_of_is_what_it_scores(method, question):
    queries, _ = question
    scores = method.fitted.score(queries)
    assert not np.isinf(scores).any()
    told = (~np.isnan(scores)).sum(axis=1)
    assert ((method.fitted.recommend(queries, N).items != MISSING).sum(axis=1) == told).all()


# ---- a customer is their history


def test_a_customer_who_was_not_in_training_is_answered_by_their_history(subject):
    queries = subject.planted.queries
    strangers = Queries.of(queries.history, times=queries.times)
    assert (strangers.users == MISSING).all()
    assert_same(answers_of(subject, 10, strangers), answers_of(subject, 10))


def test_an_erased_customer_leaves_no_trace(subject):
    """The last customers' events erased: the model is that of a shop that never heard of them, who become strangers."""
    data = subject.planted.data
    never = subject.fit(shops.without_customers(data, 5), QUIET)
    erased = subject.fit(data.where(data.user < data.n_users - 5), QUIET)
    queries = subject.planted.queries
    assert_same(erased.recommend(queries, 10), never.recommend(queries, 10))


# ---- models are values


def test_the_same_seed_gives_the_same_model_bit_by_bit(subject):
    again = subject.fit(subject.planted.data, Run(seed=0)).recommend(subject.planted.queries, 20)
    first = answers_of(subject, 20)
    np.testing.assert_array_equal(again.items, first.items)
    np.testing.assert_array_equal(again.scores, first.scores)


def test_survives_the_disk(subject, tmp_path):
    save(subject.fitted, tmp_path, subject.planted.data.items)
    saved = load(tmp_path)
    again = saved.recommender.recommend(subject.planted.queries, 20)
    np.testing.assert_array_equal(again.items, answers_of(subject, 20).items)
    np.testing.assert_array_equal(again.scores, answers_of(subject, 20).scores)
    assert saved.items.ids.equals(subject.planted.data.items.ids)


def test_asking_changes_neither_the_question_nor_the_model(subject):
    queries = subject.planted.queries
    before = [queries.history.items.copy(), queries.history.weights.copy(), answers_of(subject, 10).items]
    answers_of(subject, 20, allowed=Unseen()(queries))
    after = [queries.history.items, queries.history.weights, answers_of(subject, 10).items]
    for left, right in zip(before, after, strict=True):
        np.testing.assert_array_equal(left, right)
