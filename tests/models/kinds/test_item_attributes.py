"""Attributes of items that contradict themselves are refused; what they promise is in the contract suite."""

import numpy as np
import polars as pl
import pytest

from regulars.core import MISSING, Queries, Recommendations, floats, ints
from regulars.core.errors import BadTable
from regulars.features import Columns
from regulars.models.kinds.item_attributes import ItemAttributes

COLUMNS = Columns.learn(pl.DataFrame({"brand": ["Nike", "Nike", "Puma", "Puma"]}))


def model(indptr=(0, 1, 2, 2), indices=(0, 1), data=(1.0, 1.0), likeness="cosine"):
    parts = np.array(indptr, dtype=np.int64), ints(list(indices)), floats(list(data))
    return ItemAttributes("content", 3, COLUMNS, *parts, likeness=likeness)


@pytest.mark.parametrize(
    "wrong",
    [
        {"indptr": (0, 1, 2)},
        {"indptr": (0, 2, 1, 2)},
        {"indices": (0, 2)},
        {"indices": (-1, 0)},
        {"data": (1.0,)},
        {"likeness": "near"},
    ],
)
def test_arrays_that_contradict_each_other_are_refused(wrong):
    model()
    with pytest.raises(BadTable):
        model(**wrong)


def test_weights_of_a_history_say_how_much_of_each_item_a_customer_is():
    profile = model(likeness="linear").score(Queries.of([[0, 0, 0, 1]]))
    np.testing.assert_allclose(profile, [[0.75, 0.25, np.nan]])


def test_no_questions_have_no_answers_and_no_reasons():
    assert model().score(Queries.of([])).shape == (0, 3)
    assert model().because(Queries.of([]), Recommendations.none(0, 2), 3).items.shape == (0, 2, 3)
    assert model().because(Queries.of([[]]), Recommendations.none(1, 2), 3).features.max() == MISSING
