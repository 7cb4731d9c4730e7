"""Scores that do not depend on the history."""

import numpy as np
import polars as pl

from regulars.core import Queries, Vocabulary, floats, ints
from regulars.models.kinds import Groups, ItemScores


def test_everybody_gets_the_same_scores() -> None:
    model = ItemScores("popularity", 3, floats([[3, 1, np.nan]]))
    np.testing.assert_array_equal(model.score(Queries.of([[], [1]])), [[3, 1, np.nan]] * 2)
    assert model.recommend(Queries.of([[]]), 3).items.tolist() == [[0, 1, -1]]


def test_a_query_is_answered_by_the_row_of_its_group_and_by_the_first_row_otherwise() -> None:
    groups = Groups("store", Vocabulary.of(["north", "south"]))
    model = ItemScores("popularity", 2, floats([[1, 2], [3, 4], [5, 6]]), groups)
    context = pl.DataFrame({"store": ["south", "north", "moon", None]})
    np.testing.assert_array_equal(model.score(Queries.of([[]] * 4, context=context))[:, 0], [5, 3, 1, 1])
    np.testing.assert_array_equal(model.score(Queries.of([[]])), [[1, 2]])


def test_items_beyond_the_catalog_score_nan() -> None:
    model = ItemScores("popularity", 2, floats([[1, 2]]))
    np.testing.assert_array_equal(model.score(Queries.of([[]]), ints([1, 2, -1])), [[2, np.nan, np.nan]])
