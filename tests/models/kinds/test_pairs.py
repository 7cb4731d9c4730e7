"""Pairs: the whole catalog is asked about a few customers at a time, and what is no item scores NaN."""

from dataclasses import dataclass

import numpy as np
import pytest

from regulars.core import MISSING, Allowed, Queries, ints, starts_of
from regulars.models.kinds import pairs as module
from regulars.models.kinds.pairs import Pairs, PairScorer


@dataclass(frozen=True)
class Distance(PairScorer):
    """How near an item lies to the mean of the history; item 4 is beyond what it knows."""

    def score(self, queries, items):
        history = queries.history
        sums = np.bincount(history.rows, weights=history.items, minlength=len(queries))
        with np.errstate(invalid="ignore"):
            means = sums / history.lengths
        return np.where(items == 4, np.nan, -np.abs(items - means[:, np.newaxis])).astype(np.float32)

    def contributions(self, queries, answers):
        history = queries.history
        near = 1.0 / (1 + np.abs(answers[history.rows] - history.items[:, np.newaxis]))
        return history.starts, history.items, near.astype(np.float32)


MODEL = Pairs("distance", 6, Distance())
ASKED = Queries.of([[0, 2], [5], []])


@pytest.mark.parametrize("at_once", [1 << 20, 7, 1])
def test_the_catalog_is_scored_a_block_of_customers_at_a_time(monkeypatch, at_once):
    monkeypatch.setattr(module, "PAIRS", at_once)
    expected = [[-1, 0, -1, -2, np.nan, -4], [-5, -4, -3, -2, np.nan, 0], [np.nan] * 6]
    np.testing.assert_array_equal(MODEL.score(ASKED), np.float32(expected))


def test_what_is_no_item_of_the_catalog_is_not_asked_about():
    scores = MODEL.score(ASKED, ints([6, 1, MISSING, 100, 1]))
    np.testing.assert_array_equal(scores[0], np.float32([np.nan, 0, np.nan, np.nan, 0]))
    assert np.isnan(MODEL.score(ASKED, ints([9]))).all()
    assert MODEL.score(ASKED, ints([])).shape == (3, 0)


def test_similar_items_are_the_answer_to_a_history_of_the_item_alone():
    answer = MODEL.similar_items(ints([2, 4, 9]), 2, Allowed(np.array([[True, True, False, True, True, True]])))
    assert answer.items.tolist() == [[1, 3], [3, 5], [MISSING, MISSING]]


def test_reasons_are_the_parts_that_the_scorer_tells():
    answer = MODEL.recommend(ASKED, 1, Allowed(None, starts_of([1, 0, 0]), ints([1])))
    assert answer.items.tolist() == [[0], [5], [MISSING]]
    reasons = MODEL.because(ASKED, answer, 2)
    assert reasons.items.tolist() == [[[0, 2]], [[5, MISSING]], [[MISSING, MISSING]]]
    np.testing.assert_allclose(reasons.shares[0, 0], [0.75, 0.25])
