"""Minimum counts."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from regulars.core import Dataset, ints
from regulars.data import k_core
from regulars.data.kcore import core_of

pairs = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=60)


def test_taking_out_a_poor_item_may_make_a_customer_poor():
    user, item = ints([0, 0, 1, 1, 2]), ints([0, 1, 0, 1, 2])
    assert core_of(user, item, 2, 2).tolist() == [True, True, True, True, False]
    user, item = ints([0, 0, 1, 1]), ints([0, 1, 0, 2])
    assert not core_of(user, item, 2, 2).any()


@given(pairs, st.integers(1, 4), st.integers(1, 4))
def test_what_is_left_has_enough_and_nothing_more_could_stay(events, least_user, least_item):
    user, item = (ints([event[side] for event in events]) for side in (0, 1))
    keep = core_of(user, item, least_user, least_item)
    kept = {
        (side, index): np.sum(keep & (column == index))
        for side, column in enumerate((user, item))
        for index in column[keep]
    }
    assert all(count >= (least_user, least_item)[side] for (side, _), count in kept.items())
    largest = np.ones(len(user), dtype=bool)  # one at a time, in any order, gives the same core
    while poor := [
        row
        for row in np.flatnonzero(largest)
        if np.sum(largest & (user == user[row])) < least_user or np.sum(largest & (item == item[row])) < least_item
    ]:
        largest[poor[0]] = False
    assert keep.tolist() == largest.tolist()


def test_the_dataset_of_the_core_knows_only_who_is_in_it():
    events = pl.DataFrame(
        {"user_id": ["a", "a", "b", "b", "c"], "item_id": ["x", "y", "x", "y", "z"], "time": [1, 2, 3, 4, 5]}
    )
    items = pl.DataFrame({"item_id": ["z", "y", "x"], "color": ["red", "blue", "green"]})
    core = k_core(Dataset.of(events, items=items), 2, 2)
    assert core.users.ids.to_list() == ["a", "b"]
    assert dict(zip(core.items.ids, core.item_features["color"], strict=True)) == {"x": "green", "y": "blue"}
    assert core.items.names(core.item).to_list() == ["x", "y", "x", "y"]
