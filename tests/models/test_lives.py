"""Lives and periods are what one counts by hand."""

import numpy as np
import polars as pl

from regulars.core import DAY, Dataset
from regulars.models.lives import Finds, Lives, Period


def log(*rows):
    return Dataset.of(pl.DataFrame(rows, schema=["user_id", "item_id", "time", "weight"], orient="row"))


def test_the_newest_period_of_a_log_of_days_holds_whole_days():
    days = log(*[(f"u{n}", "i", day * DAY, 1.0) for day in range(20) for n in range(3)])
    assert Period.newest(days) == Period(17 * DAY, 20 * DAY)
    assert Period.newest(days).before(2) == Period(11 * DAY, 14 * DAY)


def test_a_log_without_an_earlier_moment_has_no_period():
    assert Period.newest(log(("a", "i", 5, 1.0), ("b", "i", 5, 1.0))).seconds == 0
    assert Period.newest(log(*[(f"u{n}", "i", min(n, 1), 1.0) for n in range(2)])).seconds == 0


def test_a_life_is_counted_up_to_a_moment_and_without_what_was_taken_back():
    data = log(("a", "i", 0, 1.0), ("b", "i", 30, 1.0), ("c", "i", 40, -1.0), ("c", "j", 40, 1.0), ("c", "i", 90, 1.0))
    lives = Lives.until(data, Period(70, 80))
    assert lives.met.tolist() == [True, True]
    np.testing.assert_allclose(lives, [[2, 1], [5, 4], [8, 4]])
    assert Lives.until(data, Period(30, 40)).met.tolist() == [True, False]


def test_an_item_that_was_met_once_just_now_has_nothing_but_the_constant():
    lives = Lives(*np.array([[1.0, 0.0, 3.0], [0.0, 0.0, 1.0], [0.0, 0.0, 2.0]]))
    log9, log17, log3 = np.log([9, 17, 3])
    expected = [[1, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0], [1, log9, log9**2, log3, log3 * log9, log17]]
    np.testing.assert_allclose(lives.features, expected)


def test_found_are_first_meetings_of_those_who_were_there_before():
    rows = [("old", "i", 0, 1.0), ("old", "i", 10, 1.0), ("old", "j", 12, 1.0), ("new", "j", 12, 1.0)]
    rows += [("other", "j", 1, 1.0), ("other", "k", 19, 1.0), ("other", "l", 20, 1.0), ("old", "k", 11, -1.0)]
    data = log(*rows)
    counts = dict(zip(data.items.ids, Finds.of(data).within(Period(10, 20), data.n_items).tolist(), strict=True))
    assert counts == {"i": 0, "j": 1, "k": 1, "l": 0}
