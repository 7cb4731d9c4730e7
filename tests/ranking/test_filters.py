"""Filters: what may be shown, alone and together."""

import numpy as np
import pytest

from regulars.core import DAY, MISSING, Histories, Queries, excluding, floats, ints
from regulars.core.errors import BadTable, CannotDo
from regulars.models.kinds.item_scores import ItemScores
from regulars.ranking import Filtered, Only, Unseen, passing

VIEW, PURCHASE = 0, 1
SCORES = ItemScores("popularity", 5, floats([[5, 4, 3, 2, 1]]))
HISTORY = Histories.of([[0, 2], [2, 9], []], times=[[0, DAY], [0, DAY], []])
HISTORY = Histories(
    HISTORY.starts, HISTORY.items, HISTORY.times, HISTORY.weights, np.int8([VIEW, PURCHASE, VIEW, VIEW])
)
QUERIES = Queries.of(HISTORY)


def permitted(rule):
    return [np.flatnonzero(row).tolist() for row in rule(QUERIES).dense(3, 5)]


def test_what_is_in_the_history_is_seen():
    assert permitted(Unseen()) == [[1, 3, 4], [0, 1, 3, 4], [0, 1, 2, 3, 4]]


def test_kinds_say_which_events_count_as_seen():
    assert permitted(Unseen(kinds=(PURCHASE,))) == [[0, 1, 3, 4], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]]


def test_only_what_is_available():
    assert permitted(Only.of(ints([1, 4]), 5)) == [[1, 4]] * 3
    assert permitted(Only(np.array([True, False]))) == [[0]] * 3


def test_a_mask_that_is_not_bool_is_refused():
    with pytest.raises(BadTable, match="bool"):
        Only(ints([1, 0]))


def test_all_filters_hold_and_so_does_what_the_caller_allows():
    rules = (Unseen(), Only.of(ints([0, 1, 3]), 5), Unseen(kinds=(VIEW,)))
    assert permitted(lambda q: passing(rules, q)) == [[1, 3], [0, 1, 3], [0, 1, 3]]
    assert permitted(lambda q: passing(rules, q, excluding([[1], [0], [3]]))) == [[3], [1, 3], [0, 1]]


def test_a_filtered_recommender_answers_only_what_passes():
    shelf = Filtered(SCORES, (Unseen(), Only.of(ints([0, 1, 3]), 5)))
    assert shelf.recommend(QUERIES, 2).items.tolist() == [[1, 3], [0, 1], [0, 1]]
    answer = shelf.recommend(QUERIES, 2, excluding([[1], [], [0, 1]]))
    assert answer.items.tolist() == [[3, MISSING], [0, 1], [3, MISSING]]


def test_a_filtered_recommender_gives_no_reasons_where_there_are_none():
    shelf = Filtered(SCORES, (Unseen(),))
    reasons = shelf.because(QUERIES, shelf.recommend(QUERIES, 2), 3)
    assert (reasons.items == MISSING).all()
    with pytest.raises(CannotDo, match="ItemScores finds no similar items"):
        shelf.similar_items(ints([0]), 2)
