"""Irrelevance, by hand: what shares a group with what."""

import numpy as np
import polars as pl
import pytest

from regulars.core import ints
from regulars.core.errors import BadTable
from regulars.report.longtail import Goods, Pair
from regulars.report.longtail.irrelevance import irrelevance, shares
from report.longtail.toys import model

NAMES = pl.Series([f"item {i}" for i in range(5)])
ONE = Goods(NAMES, pl.Series(["tea", "tea", "soap", "soap", None]))
SEVERAL = Goods(NAMES, pl.Series([["tea", "hot"], ["hot"], ["soap"], [], None], dtype=pl.List(pl.String)))
EVERYTHING = np.ones(5, dtype=bool)


def test_an_answer_is_relevant_when_it_shares_the_category():
    judged = ONE.alike(ints([0, 2]), ints([[1, 2, -1], [3, 4, 0]]))
    np.testing.assert_array_equal(judged, [[1, 0, np.nan], [1, np.nan, 0]])


def test_one_of_several_groups_in_common_is_enough():
    judged = SEVERAL.alike(ints([0, 3]), ints([[1, 2, 3], [0, 1, 2]]))
    np.testing.assert_array_equal(judged, [[1, 0, np.nan], [np.nan] * 3])


def test_the_share_is_of_the_answers_that_can_be_judged():
    found = shares(ONE, np.array([0, 2, 4]), ints([[1, 2, -1], [0, 1, 4], [0, 1, 2]]))
    np.testing.assert_array_equal(found, [0.5, 1.0, np.nan])


def test_chance_is_the_share_of_strangers_in_the_rest_of_the_catalog():
    """Of item 0's others whose group is known (1, 2, 3) two are strangers; item 4's group is not known."""
    np.testing.assert_allclose(ONE.strangers(np.array([0, 4]), EVERYTHING), [2 / 3, np.nan])
    without = np.array([True, False, True, True, True])
    np.testing.assert_allclose(ONE.strangers(np.array([0, 1]), without), [1.0, 2 / 3])
    np.testing.assert_allclose(SEVERAL.strangers(np.array([0, 2]), EVERYTHING), [0.5, 1.0])


def test_before_and_after_stand_beside_chance():
    pair = Pair(model([[1.0]] * 5), model([[1.0]] * 5))
    answers = {"before": ints([[2, 3], [2, 0]]), "after": ints([[1, 3], [0, -1]])}
    table = irrelevance(pair, ONE, np.array([0, 1]), answers, {"1-3": np.array([0, 1])})
    assert table["mean"].to_list() == pytest.approx([(1 + 0.5) / 2, (0.5 + 0) / 2])
    assert table["chance"].to_list() == pytest.approx([2 / 3] * 2)
    assert table["name"].to_list() == ["before", "after"]


def test_an_item_without_answers_before_is_counted_after_only():
    pair = Pair(model([[1.0]] * 5), model([[1.0]] * 5))
    answers = {"before": ints([[-1, -1]]), "after": ints([[1, 2]])}
    table = irrelevance(pair, ONE, np.array([0]), answers, {"0": np.array([0])})
    assert table["items"].to_list() == [0, 1]
    assert table["verdict"].to_list() == ["", ""]


def test_groups_of_another_length_are_refused():
    with pytest.raises(BadTable, match="5 items need as many groups; there are 2"):
        Goods(NAMES, pl.Series(["a", "b"]))
