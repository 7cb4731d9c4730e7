"""Popularity against a hand-worked log."""

import numpy as np
import polars as pl
import pytest

from regulars.core import DAY, Dataset, Queries
from regulars.core.errors import SettingError
from regulars.models import Popularity

LOG = Dataset.of(
    pl.DataFrame(
        {
            "user_id": ["ann", "ann", "ann", "bob", "bob", "cem", "cem"],
            "item_id": ["milk", "milk", "tea", "milk", "tea", "tea", "hat"],
            "time": [0, 10 * DAY, 0, 0, 10 * DAY, 0, 0],
            "weight": [2.0, 1.0, 1.0, 5.0, 1.0, 1.0, 1.0],
        }
    )
)


def scores(**settings):
    model = Popularity(**settings).fit(LOG)
    row = model.score(Queries.of([[]]))[0]
    return dict(zip(LOG.items.ids, row.tolist(), strict=True))


def test_customers_are_counted_once():
    assert scores() == {"milk": 2, "tea": 3, "hat": 1}


def test_weights_are_added_up():
    assert scores(count="weight") == {"milk": 8, "tea": 3, "hat": 1}


def test_half_of_a_customer_is_left_after_one_half_life():
    """Of milk: ann's newest event is now, bob's one half-life old. Of tea: bob's is now, two are one half-life old."""
    assert scores(half_life_days=10.0) == {"milk": 1.5, "tea": 2.0, "hat": 0.5}


def test_half_of_a_weight_is_left_after_one_half_life():
    """Of milk: 2 / 2 + 1 + 5 / 2."""
    assert scores(count="weight", half_life_days=10.0) == {"milk": 4.5, "tea": 2.0, "hat": 0.5}


def test_what_was_returned_does_not_count():
    returned = pl.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [7, 7, 7, 8], "weight": [1.0, -1.0, 1.0, -1.0]})
    model = Popularity().fit(Dataset.of(returned))
    np.testing.assert_array_equal(model.scores, [[1, np.nan]])


def test_a_half_life_must_be_positive():
    with pytest.raises(SettingError, match="half_life_days must be at least"):
        Popularity(half_life_days=0.0)
