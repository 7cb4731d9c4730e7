import polars as pl

from regulars.core import DAY, Dataset
from regulars.models.baskets import baskets


def shop(**columns):
    times = [0, 60, DAY, 0, 2 * DAY, 2 * DAY + 5]
    return Dataset.of(pl.DataFrame({"user_id": [1, 1, 1, 2, 2, 2], "item_id": [*"abcabc"], "time": times, **columns}))


def together(data):
    """Which events share a basket, as sets of their places."""
    found = baskets(data)
    return [[place for place, basket in enumerate(found) if basket == one] for one in sorted(set(found.tolist()))]


def test_a_day_of_a_customer_is_a_basket():
    assert together(shop()) == [[0, 1], [2], [3], [4, 5]]


def test_a_column_says_which_events_are_a_basket():
    assert together(shop(session=[7, 8, 8, 7, 7, 9])) == [[0], [1, 2], [3, 4], [5]]
    assert together(shop(session=[7, 7, 7, 7, 7, 7], basket=["x", "y", "y", "x", "x", "z"])) == [
        [0],
        [1, 2],
        [3, 4],
        [5],
    ]


def test_events_without_a_basket_of_their_own_share_that_of_their_day():
    assert together(shop(session=[None, None, None, 1, None, 1])) == [[2], [0, 1], [4], [3, 5]]


def test_a_log_without_times_has_one_basket_for_each_customer():
    data = Dataset.of(pl.DataFrame({"user_id": [1, 2, 1], "item_id": [*"aab"]}))
    assert together(data) == [[0, 1], [2]]
