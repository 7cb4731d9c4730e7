"""History sum: worked out by hand."""

import numpy as np
import polars as pl
import pytest

from regulars.core import Histories, Queries, floats
from regulars.features import Columns
from regulars.models.kinds.factors import Factors
from regulars.models.kinds.history_sum import HistorySum
from regulars.models.kinds.profile import Profile

NAN = np.nan
CONTEXTS = floats([[1, 2, 0], [3, -1, 0], [NAN, NAN, NAN], [0, 4, 0]])
ANSWERS = floats([[1, 0, 0.5], [0, 1, 0], [NAN, NAN, NAN], [2, 1, -1]])
TABLE = pl.DataFrame({"card": ["gold", "gold", "blue", "blue"]})


def model(power=0.5, attributes=False):
    columns = Columns.learn(TABLE) if attributes else Columns()
    order = [name.endswith("gold") for name in columns.names]
    vectors = floats([[10, 0, 0] if gold else [0, 10, 0] for gold in order]).reshape(-1, 3)
    return Factors("bpr", 4, ANSWERS, HistorySum(CONTEXTS, power, Profile("count"), vectors, columns))


def test_a_vector_is_the_weighed_sum_over_the_root_of_the_weights():
    history = Histories.of([[0, 3, 3]], weights=[[2.0, 1.0, 1.0]])
    vector = model().encode(Queries.of(history))
    np.testing.assert_allclose(vector, [[(2 * 1 + 2 * 0) / 2, (2 * 2 + 2 * 4) / 2, 1]])
    np.testing.assert_allclose(model().score(Queries.of(history))[0], [1.5, 6, NAN, 7])
    np.testing.assert_allclose(model(power=1.0).encode(Queries.of(history)), [[0.5, 3, 1]])


def test_what_says_nothing_neither_adds_nor_weighs():
    known, more = Queries.of([[0, 1]]), Queries.of([[0, 2, 1, 9]])
    np.testing.assert_array_equal(model().encode(known), model().encode(more))
    assert np.isnan(model().encode(Queries.of([[2], [], [9]]))).all()


def test_attributes_answer_for_a_stranger_and_join_a_history():
    asked = Queries.of([[], [0], [], [0]], attributes=pl.DataFrame({"card": ["gold", "blue", None, None]}))
    vectors = model(attributes=True).encode(asked)
    np.testing.assert_allclose(vectors[[0, 1, 3]], [[10, 0, 1], [1, 12, 1], [1, 2, 1]])
    assert np.isnan(vectors[2]).all()
    without = model(attributes=True).encode(Queries.of([[], [0]]))
    assert np.isnan(without[0]).all()
    np.testing.assert_allclose(without[1], [1, 2, 1])


def test_reasons_and_the_bias_add_up_to_the_score():
    queries = Queries.of([[0, 1, 3], [], [3]])
    answers = np.array([[3, 0], [0, 1], [-1, 1]], dtype=np.int32)
    starts, items, added = model().encoder.contributions(queries, ANSWERS, answers)
    assert starts.tolist() == [0, 3, 3, 4]
    assert items.tolist() == [0, 1, 3, 3]
    scores = model().score(queries)
    for row in (0, 2):
        for place, item in enumerate(answers[row]):
            total = added[starts[row] : starts[row + 1], place].sum()
            assert total == pytest.approx(scores[row, item] - ANSWERS[item, -1] if item >= 0 else 0)
