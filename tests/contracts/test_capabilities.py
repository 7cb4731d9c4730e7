"""What a recommender that explains its answers, or finds similar items, promises; test_models.py says how to use it."""

import numpy as np

from contracts.subjects import EXPLAINERS, FINDERS, RATERS, SUBJECTS
from regulars.core import MISSING, Allowed, Explains, FindsSimilar, Queries, Rates, ints

N = 41  # items of every planted shop
NEVER_MET = 40


def test_every_method_that_has_a_capability_is_under_its_contract(method):
    explains = [name for name in EXPLAINERS if SUBJECTS.get(name) is method]
    finds = [name for name in (*FINDERS, "personal") if SUBJECTS.get(name) is method]
    assert isinstance(method.fitted, Explains) == bool(explains)
    assert isinstance(method.fitted, FindsSimilar) == bool(finds)


def test_who_foretells_ratings_rates(method):
    rates = any(SUBJECTS[name] is method for name in RATERS)
    assert isinstance(method.fitted, Rates) == rates
    if rates:
        items = ints([3, NEVER_MET, 0])
        expected = method.fitted.score(method.planted.queries, items)
        np.testing.assert_array_equal(method.fitted.rate(method.planted.queries, items), expected)


def test_reasons_are_items_of_the_history_or_attributes_with_names_strongest_first(explainer):
    queries = explainer.planted.queries
    answer = explainer.fitted.recommend(queries, 6)
    reasons = explainer.fitted.because(queries, answer, 3)
    assert reasons.items.shape == reasons.shares.shape == (len(queries), 6, 3)
    given = (reasons.items != MISSING) | (reasons.features != MISSING)
    np.testing.assert_array_equal(given, ~np.isnan(reasons.shares))
    assert given.any()
    assert ((reasons.features >= MISSING) & (reasons.features < len(reasons.names))).all()
    for row in range(len(queries)):
        low, high = queries.history.starts[row : row + 2]
        seen = set(queries.history.items[low:high].tolist())
        assert set(reasons.items[row].ravel().tolist()) <= seen | {MISSING}
    assert not (np.diff(reasons.shares, axis=2) > 1e-6).any()


def test_padding_has_no_reasons(explainer):
    queries = Queries.of([[], [1, 2]])
    answer = explainer.fitted.recommend(queries, N + 3)
    reasons = explainer.fitted.because(queries, answer, 2)
    assert (reasons.items[answer.items == MISSING] == MISSING).all()
    assert (reasons.features[answer.items == MISSING] == MISSING).all()


def test_similar_items_leave_out_the_item_itself_and_the_forbidden(finder):
    items = ints([0, 5, NEVER_MET, N + 3, MISSING])
    mask = np.arange(N)[np.newaxis] % 3 != 0
    answer = finder.fitted.similar_items(items, 6, Allowed(mask))
    assert answer.items.shape == (5, 6)
    assert (answer.items[:2] != MISSING).any()
    assert (answer.items != items[:, np.newaxis])[answer.items != MISSING].all()
    assert mask[0, answer.items[answer.items != MISSING]].all()
    assert (answer.items[3:] == MISSING).all()


def test_similar_items_are_of_the_same_community(finder):
    items = np.arange(40, dtype=np.int32)
    answer = finder.fitted.similar_items(items, 3)
    assert (answer.items // 10 == items[:, np.newaxis] // 10).mean() >= 0.9


def test_similar_items_of_nothing_are_nothing(finder):
    assert finder.fitted.similar_items(ints([]), 4).items.shape == (0, 4)
