"""Judged lists: ties never flatter, an empty place is a miss, an item counts once."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.core import MISSING, Histories, Recommendations, floats, ints, longs
from regulars.evaluation.judged import Judged, Lists, hits_of

NONE = float("nan")


def judged(hits, scores, items=None):
    items = ints([range(len(scores))] if items is None else [items])
    answer = Recommendations(items, floats([scores]))
    return Lists(answer).judged(np.array([hits], dtype=bool), longs([sum(hits)])).hits[0].tolist()


def test_without_ties_the_hits_stay_where_they_are():
    assert judged([1, 0, 1, 0], [4, 3, 2, 1]) == [True, False, True]


def test_within_a_tie_what_was_not_wanted_comes_first():
    assert judged([1, 1, 0, 0, 0], [4, 3, 3, 3, 1]) == [True, False, False, True]
    assert judged([0, 1, 0, 0], [3, 3, 3, 1]) == [False, False, True]


def test_a_tie_that_goes_on_behind_the_list_is_all_misses():
    assert judged([1, 1, 0, 0], [9, 3, 3, 3]) == [True, False, False]
    assert judged([1, 1, 1, 1], [3, 3, 3, 3]) == [False, False, False]


def test_a_list_that_ends_by_itself_keeps_the_hits_of_its_last_tie():
    assert judged([1, 0, 0, 0], [3, 3, NONE, NONE], [5, 6, MISSING, MISSING]) == [False, True, False]


def test_scores_that_are_not_given_are_not_ties():
    assert judged([1, 0, 0, 0], [NONE, NONE, NONE, NONE]) == [True, False, False]


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=2, max_size=6))
def test_no_order_that_the_scores_allow_has_fewer_hits_in_front(places):
    places.sort(key=lambda place: -place[0])
    scores, hits = [p[0] for p in places] + [-1], [p[1] for p in places] + [False]
    found = np.cumsum(judged(hits, scores))
    orders = [o for o in permutations(range(len(places))) if [scores[i] for i in o] == scores[:-1]]
    worst = np.min([np.cumsum([hits[i] for i in order]) for order in orders], axis=0)
    assert found.tolist() == worst.tolist()


@given(
    st.lists(
        st.tuples(st.lists(st.integers(-1, 6), min_size=3, max_size=3), st.sets(st.integers(0, 9))),
        min_size=1,
        max_size=5,
    )
)
def test_hits_agree_with_sets(rows):
    items = ints([row[0] for row in rows])
    pairs = [(i, item) for i, (_, wanted) in enumerate(rows) for item in sorted(wanted)]
    hits, which = hits_of(items, Histories.of([sorted(wanted) for _, wanted in rows]))
    expected = [
        [item in wanted and item not in shown[:at] for at, item in enumerate(shown)] for shown, wanted in rows
    ]  # fmt: skip
    assert hits.tolist() == expected
    found = [(i, item) for i, row in enumerate(items.tolist()) for at, item in enumerate(row) if expected[i][at]]
    assert [pairs[at] for at in which] == found


def test_nothing_wanted_at_all_is_no_hit():
    hits, which = hits_of(ints([[0, 1]]), Histories.none(1))
    assert (hits.any(), len(which)) == (False, 0)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_a_shorter_list_is_the_front_of_the_longer(k):
    whole = Judged(np.array([[True, False, True]]), longs([2]))
    assert whole.head(k).hits.tolist() == whole.hits[:, :k].tolist()
