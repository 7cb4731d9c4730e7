"""Who is reached: five items, one of each way to be placed."""

import numpy as np
import pytest

from regulars.core import QUIET
from regulars.core.errors import BadTable
from regulars.evaluation import interaction_parts
from regulars.report.longtail import Pair
from regulars.report.longtail.quality import demand, quality
from regulars.report.longtail.reach import FEW, HELPED, MAPPED, NOTHING, OWN, parts, reach, reached
from report.longtail.toys import asked, log, model

EVENTS = np.array([20, 5, 5, 0, 0])
BEFORE = [[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], None, None]
AFTER = [[1.0, 0.0], [-1.0, 1.0], [0.0, 1.0], [2.0, 1.0], None]


def shares(table, name):
    return {how: share for how, share in table.filter(name=name).select("how", "share").iter_rows() if share}


def test_each_item_is_placed_in_one_way():
    table = reach(Pair(model(BEFORE), model(AFTER)), EVENTS)
    assert shares(table, "before") == {OWN: 0.2, FEW: 0.4, NOTHING: 0.4}
    assert shares(table, "after") == {OWN: 0.2, HELPED: 0.2, FEW: 0.2, MAPPED: 0.2, NOTHING: 0.2}
    assert reached(table, "before") == pytest.approx(0.2)
    assert reached(table, "after") == pytest.approx(0.6)


def test_a_model_that_changes_nothing_reaches_nobody_more():
    same = model(BEFORE)
    table = reach(Pair(same, same), EVENTS)
    assert shares(table, "before") == shares(table, "after")


def test_more_coordinates_that_are_empty_move_no_item():
    wider = [None if one is None else [*one, 0.0, 1e-4] for one in BEFORE]
    assert not Pair(model(BEFORE), model(wider)).moved.any()


def test_a_longer_vector_of_the_same_direction_has_not_moved():
    longer = [None if one is None else [3 * x for x in one] for one in BEFORE]
    assert not Pair(model(BEFORE), model(longer)).moved.any()


def test_a_zero_vector_is_none():
    placed = Pair(model([[0.0], [1.0]]), model([[1.0], None])).placed
    assert [one.tolist() for one in placed] == [[False, True], [True, False]]


def test_models_of_different_catalogs_are_no_pair():
    with pytest.raises(BadTable, match="2 items, after 1"):
        Pair(model([[1.0], [2.0]]), model([[1.0]]))


def test_places_on_lists_stand_beside_the_demand():
    """Items met 12, 5, 2 and 0 times; lists of two: before 0 and 1 for both customers, after 3 and 0."""
    split = asked(log([12, 5, 2, 0]), [[2], [3]])
    pair = Pair(model([[5.0], [4.0], [3.0], None]), model([[5.0], [4.0], [3.0], [6.0]]))
    events = np.array([12, 5, 2, 0])
    found = quality(pair, split, 2, (), QUIET)
    table = parts(pair, interaction_parts(events), events, demand(split, 4), found)
    assert table["part"].to_list() == ["0", "1-3", "4-10", "11-30"]
    assert table["traffic"].to_list() == pytest.approx([0, 2 / 19, 5 / 19, 12 / 19])
    assert table["wanted"].to_list() == [0.5, 0.5, 0, 0]
    assert table["places_before"].to_list() == [0, 0, 0.5, 0.5]
    assert table["places_after"].to_list() == [0.5, 0, 0, 0.5]
    assert table["listed_after"].to_list() == [1, 0, 0, 1]
    assert table["placed_before"].to_list() == [0, 1, 1, 1]
