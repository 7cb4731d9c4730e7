"""TimeSplit: one cut for all."""

import polars as pl
import pytest

from regulars.core import DAY, Dataset
from regulars.core.errors import EmptyData, SettingError
from regulars.evaluation import TimeSplit

DAY0 = 1_767_225_600  # 2026-01-01 UTC


def log(*rows):
    frame = pl.DataFrame(rows, schema=["user_id", "item_id", "day", "kind", "weight"], orient="row")
    return Dataset.of(frame.with_columns(time=(DAY0 + pl.col("day") * DAY).cast(pl.Int64)).drop("day"))


SHOP = log(
    ("ann", "tea", 0, "purchase", 1.0),
    ("ann", "jam", 9, "purchase", 1.0),
    ("ann", "tea", 9, "view", 1.0),
    ("bob", "tea", 3, "purchase", 1.0),
    ("bob", "oil", 9.5, "view", 1.0),
    ("cyd", "oil", 9, "purchase", 1.0),
    ("dan", "jam", 1, "purchase", 1.0),
    ("dan", "oil", 9, "purchase", 1.0),
    ("dan", "oil", 9.2, "return", -1.0),
)


def answers(split):
    users = split.train.users.names(split.queries.users).to_list()
    return {
        user: split.train.items.names(split.wanted[i : i + 1].items).to_list() for i, user in enumerate(users)
    }  # fmt: skip


def test_the_last_days_are_asked_for_and_what_was_taken_back_is_not_wanted():
    split = TimeSplit(days=1.0).cut(SHOP)
    assert answers(split) == {"ann": ["tea", "jam"], "bob": ["oil"]}
    assert len(split.train) == 3


def test_only_the_chosen_kinds_are_wanted_and_a_return_takes_them_back():
    assert answers(TimeSplit(days=1.0, kinds=("purchase",)).cut(SHOP)) == {"ann": ["jam"]}


def test_a_view_does_not_make_up_for_a_return():
    data = log(("ann", "tea", 0, "view", 1.0), ("ann", "tea", 9, "view", 1.0), ("ann", "tea", 9, "purchase", 1.0),
               ("ann", "jam", 9, "purchase", 1.0), ("ann", "tea", 9.5, "return", -1.0))  # fmt: skip
    assert answers(TimeSplit(days=1.0, kinds=("purchase",)).cut(data)) == {"ann": ["jam"]}


def test_strangers_are_asked_on_request():
    split = TimeSplit(days=1.0, strangers=True).cut(SHOP)
    assert answers(split)["cyd"] == ["oil"]
    assert split.queries.history.lengths.tolist()[list(answers(split)).index("cyd")] == 0


def test_a_date_begins_the_window_and_its_days_end_it():
    data = log(*[("ann", f"item {day}", day, "purchase", 1.0) for day in range(9)])
    split = TimeSplit(days=2.0, date="2026-01-04").cut(data)
    assert split.queries.times.tolist() == [DAY0 + 3 * DAY]
    assert answers(split) == {"ann": ["item 3", "item 4"]}
    assert split.train.time.max() == DAY0 + 2 * DAY


def test_an_event_at_the_very_second_of_the_cut_is_not_known():
    data = log(("ann", "tea", 0, "purchase", 1.0), ("ann", "jam", 1, "purchase", 1.0), ("bob", "tea", 2, "view", 1.0))
    split = TimeSplit(days=5.0, date="2026-01-02").cut(data)
    assert answers(split) == {"ann": ["jam"]}
    assert len(split.train) == 1


def test_an_item_that_training_never_met_stays_wanted():
    data = log(("ann", "tea", 0, "purchase", 1.0), ("ann", "new", 9, "purchase", 1.0))
    assert answers(TimeSplit(days=1.0).cut(data)) == {"ann": ["new"]}


def test_validation_is_the_same_split_of_the_training_events():
    data = log(*[(user, f"item {day}", day, "purchase", 1.0) for day in range(9) for user in ("ann", "bob")])
    test = TimeSplit(days=2.0).cut(data)
    valid = TimeSplit(days=2.0).cut(test.train)
    assert answers(test) == {user: ["item 7", "item 8"] for user in ("ann", "bob")}
    assert answers(valid) == {user: ["item 5", "item 6"] for user in ("ann", "bob")}


def test_a_window_as_long_as_the_log_is_refused_with_the_dates_of_the_log():
    with pytest.raises(EmptyData, match=r"0 came before .* from 2026-01-01 00:00 to 2026-01-10 12:00"):
        TimeSplit(days=30.0).cut(SHOP)


def test_a_date_that_is_none_is_refused():
    with pytest.raises(SettingError, match="'yesterday'"):
        TimeSplit(date="yesterday").cut(SHOP)


def test_when_nobody_with_a_history_acts_it_says_so():
    data = log(("ann", "tea", 0, "purchase", 1.0), ("bob", "jam", 9, "purchase", 1.0))
    with pytest.raises(EmptyData, match="ask strangers too"):
        TimeSplit(days=1.0).cut(data)
