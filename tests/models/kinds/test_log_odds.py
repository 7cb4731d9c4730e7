"""Log-odds that contradict themselves are refused; tests/models/test_naive_bayes.py counts them."""

import numpy as np
import pytest

from regulars.core import Queries, floats, ints
from regulars.core.errors import BadTable
from regulars.models.kinds.log_odds import LogOdds


def model(prior=(0.0, -1.0, -2.0), indptr=(0, 1, 1, 1), rest=0, damping=1.0):
    return LogOdds(
        "naive_bayes",
        3,
        floats(list(prior)),
        floats([0.5, 0.5, 0.5]),
        np.zeros((rest, 3), dtype=np.float32),
        np.array(indptr, dtype=np.int64),
        ints([1]),
        floats([4.0]),
        damping=damping,
    )


@pytest.mark.parametrize("wrong", [{"prior": (0.0, 1.0)}, {"indptr": (0, 1, 1)}, {"indptr": (0, 1, 1, 2)}, {"rest": 1}])
def test_arrays_that_contradict_each_other_are_refused(wrong):
    with pytest.raises(BadTable):
        model(**wrong)


def test_damping_divides_what_the_others_say_but_not_what_an_item_says_of_itself():
    question = Queries.of([[0, 2]])
    np.testing.assert_allclose(model(damping=0.0).score(question), [[0.5, 3.0, -1.5]])
    np.testing.assert_allclose(model(damping=1.0).score(question), [[0.5, 1.0, -1.5]])


def test_similar_items_are_those_of_which_it_speaks():
    assert model().similar_items(ints([0, 1]), 2).items.tolist() == [[1, -1], [-1, -1]]
