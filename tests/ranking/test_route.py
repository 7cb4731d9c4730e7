"""Routes of models with few items, worked by hand."""

import numpy as np
import polars as pl
import pytest

from regulars.core import MISSING, Histories, Queries, excluding, floats, ints
from regulars.core.errors import CannotDo, SettingError
from regulars.models.kinds.item_item import SparseItemItem
from regulars.models.kinds.item_scores import ItemScores
from regulars.ranking import Fallback, Route, Step

NAN = float("nan")
POPULAR = ItemScores("popularity", 4, floats([[9, 8, 7, 6]]))
LOCAL = ItemScores("local", 4, floats([[1, 2, 3, 4]]))
TASTE = ItemScores("taste", 4, floats([[NAN, 5, NAN, 6]]))


def links(method, *triples):
    """An item-item model of 4 items from (item, similar item, weight)."""
    found = sorted(triples)
    starts = np.searchsorted([item for item, _, _ in found], np.arange(5))
    return SparseItemItem(method, 4, starts, ints([other for _, other, _ in found]), floats([w for _, _, w in found]))


ROUTE = Route((Step(POPULAR), Step(LOCAL, attributes=("town",)), Step(TASTE, events=2)), 4)


def test_each_query_goes_to_the_last_step_that_takes_it():
    queries = Queries.of([[], [1], [1, 1], [0, 1, 2]], attributes=pl.DataFrame({"town": [None, "Rome", "Rome", None]}))
    assert ROUTE.taken(queries).tolist() == [0, 1, 2, 2]
    answer = ROUTE.recommend(queries, 3)
    assert answer.items.tolist() == [[0, 1, 2], [3, 2, 1], [3, 1, MISSING], [3, 1, MISSING]]
    assert answer.names == ("popularity", "local", "taste")
    assert answer.sources[:, 0].tolist() == [0, 1, 2, 2]


def test_without_a_table_of_customers_nobody_has_attributes():
    assert ROUTE.taken(Queries.of([[], [1, 2]])).tolist() == [0, 2]


def test_returns_and_items_younger_than_the_route_are_no_events():
    history = Histories.of([[1, 1], [1, 4, MISSING]], weights=[[1.0, -1.0], [1.0, 1.0, 1.0]])
    assert ROUTE.taken(Queries.of(history)).tolist() == [0, 0]


def test_whom_no_step_takes_gets_no_answer_and_a_fallback_fills_it():
    route = Route((Step(TASTE, events=1),), 4)
    queries = Queries.of([[], [0]])
    assert route.recommend(queries, 2).items.tolist() == [[MISSING, MISSING], [3, 1]]
    assert Fallback((route, POPULAR)).recommend(queries, 3).items.tolist() == [[0, 1, 2], [3, 1, 0]]


def test_what_is_forbidden_stays_out_in_every_step():
    answer = ROUTE.recommend(Queries.of([[], [1, 2]]), 2, excluding([[0], [3]]))
    assert answer.items.tolist() == [[1, 2], [1, MISSING]]


def test_routes_lead_to_blends_and_keep_their_sources():
    nested = Route((Step(POPULAR), Step(Fallback((TASTE, LOCAL)), events=1)), 4)
    answer = nested.recommend(Queries.of([[], [0]]), 3)
    assert answer.names == ("popularity", "taste", "local")
    assert answer.sources.tolist() == [[0, 0, 0], [1, 1, 2]]


def test_similar_items_come_from_the_last_step_that_knows_some():
    first, last = links("first", (0, 1, 1.0), (2, 3, 1.0)), links("last", (0, 3, 1.0))
    route = Route((Step(POPULAR), Step(first), Step(last, events=5)), 4)
    assert route.similar_items(ints([0, 2]), 2).items.tolist() == [[3, 1], [3, MISSING]]
    with pytest.raises(CannotDo, match="no step of this route"):
        ROUTE.similar_items(ints([0]), 2)


def test_a_route_that_makes_no_sense_is_refused():
    with pytest.raises(SettingError, match="at least one step"):
        Route((), 4)
    with pytest.raises(SettingError, match="0 events or more"):
        Step(POPULAR, events=-1)
