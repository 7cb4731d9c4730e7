"""Rules of the order of a list, worked by hand."""

import numpy as np
import pytest

from regulars.core import MISSING, Queries, Recommendations, floats, ints
from regulars.core.errors import BadTable, SettingError
from regulars.ranking import Boost, Cap

NAN = float("nan")
ANSWER = Recommendations(
    ints([[4, 0, 1, 2, 3], [2, 5, 0, MISSING, MISSING]]), floats([[9, 8, 7, 6, 5], [3, 2, 1, NAN, NAN]])
)
QUERIES = Queries.of([[], []])


def test_a_cap_lets_the_third_of_a_group_wait_until_all_others_had_their_turn():
    """Items 0 to 2 are of one group, 3 and 4 of another, 5 of none."""
    capped = Cap(ints([0, 0, 0, 1, 1]), 1)(QUERIES, ANSWER)
    assert capped.items.tolist() == [[4, 0, 1, 2, 3], [2, 5, 0, MISSING, MISSING]]
    capped = Cap(ints([0, 0, 0, 1, 1]), 2)(QUERIES, ANSWER)
    assert capped.items.tolist() == [[4, 0, 1, 3, 2], [2, 5, 0, MISSING, MISSING]]
    assert capped.scores.tolist()[0] == [9, 8, 7, 5, 6 - (9 - 5)]


def test_scores_fall_after_a_cap_and_padding_stays_at_the_end():
    capped = Cap(ints([0, 0, 0, 0, 0, 0]), 1)(QUERIES, ANSWER)
    assert capped.items.tolist() == ANSWER.items.tolist()
    steps = np.diff(capped.scores, axis=1)
    assert (steps[~np.isnan(steps)] <= 0).all()
    assert np.isnan(capped.scores[1, 3:]).all()


def test_a_boost_moves_an_item_up_by_its_amount():
    boosted = Boost(floats([0, 0, 0, 4.5, 0]))(QUERIES, ANSWER)
    assert boosted.items.tolist()[0] == [3, 4, 0, 1, 2]
    assert boosted.scores.tolist()[0] == [9.5, 9, 8, 7, 6]
    assert boosted.items.tolist()[1] == ANSWER.items.tolist()[1]


def test_the_source_of_an_item_moves_with_it():
    answer = Recommendations(ints([[0, 1]]), floats([[2, 1]]), ("a", "b"), np.array([[0, 1]], dtype=np.int16))
    boosted = Boost(floats([0, 5]))(Queries.of([[]]), answer)
    assert (boosted.items.tolist(), boosted.sources.tolist()) == ([[1, 0]], [[1, 0]])


def test_an_empty_list_stays_empty():
    nothing = Recommendations.none(2, 0)
    assert Cap(ints([0]), 1)(QUERIES, nothing).items.shape == (2, 0)
    assert Boost(floats([0]))(QUERIES, nothing).items.shape == (2, 0)


def test_rules_that_cannot_be_are_refused():
    with pytest.raises(SettingError, match="1 item of a group or more; it is 0"):
        Cap(ints([0]), 0)
    with pytest.raises(BadTable, match="one finite amount"):
        Boost(floats([NAN]))
