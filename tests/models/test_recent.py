"""Recent against a hand-worked log."""

import numpy as np
import polars as pl

from regulars.core import DAY, Dataset
from regulars.models import Recent

LOG = Dataset.of(
    pl.DataFrame(
        {
            "user_id": ["ann", "bob", "ann", "bob", "cem", "cem"],
            "item_id": ["milk", "milk", "tea", "tea", "hat", "tea"],
            "time": [0, 30 * DAY, 10 * DAY, 11 * DAY, 20 * DAY, 12 * DAY],
        }
    )
)


def test_an_item_is_as_new_as_its_first_sale():
    np.testing.assert_array_equal(Recent().fit(LOG).scores, [[-30, -20, -10]])


def test_by_sale_it_is_as_new_as_its_last_one():
    np.testing.assert_array_equal(Recent(by="sale").fit(LOG).scores, [[0, -18, -10]])


def test_one_odd_sale_opens_no_shelf():
    np.testing.assert_array_equal(Recent(min_customers=2).fit(LOG).scores, [[-30, -20, np.nan]])


def test_a_return_is_no_arrival():
    log = pl.DataFrame(
        {"user_id": [1, 1, 2], "item_id": [7, 7, 8], "time": [0, 2 * DAY, 4 * DAY], "weight": [-1.0, 2, 1]}
    )
    np.testing.assert_array_equal(Recent().fit(Dataset.of(log)).scores, [[-2, 0]])


def test_moments_of_one_day_do_not_blur():
    """Seconds since 1970 would be equal in float32 within two minutes; ages in days are not, near the log's end."""
    log = pl.DataFrame(
        {"user_id": [1, 1, 1], "item_id": [7, 8, 9], "time": [1_700_000_000, 1_700_000_001, 1_700_000_002]}
    )
    old, middle, new = Recent().fit(Dataset.of(log)).scores[0]
    assert old < middle < new
