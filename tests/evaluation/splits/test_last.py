"""LeaveLastOut and RatioPerUser by time: each customer's own end is withheld."""

import polars as pl

from regulars.core import Dataset
from regulars.evaluation import LeaveLastOut, RatioPerUser


def shop(*rows, kinds=None):
    log = pl.DataFrame(rows, schema=["user_id", "item_id", "time"], orient="row")
    return Dataset.of(log if kinds is None else log.with_columns(kind=pl.Series(kinds)))


def answers(split):
    def rows_of(histories):
        return [split.train.items.names(histories[i : i + 1].items).to_list() for i in range(len(histories))]

    users = split.train.users.names(split.queries.users).to_list()
    return list(zip(users, rows_of(split.queries.history), rows_of(split.wanted), strict=True))


SHOP = shop(("ann", "a", 1), ("ann", "b", 2), ("ann", "c", 3), ("bob", "c", 5), ("cyd", "b", 1), ("cyd", "a", 9))


def test_each_is_asked_for_the_last_and_who_did_one_thing_only_stays_in_training():
    split = LeaveLastOut().cut(SHOP)
    assert answers(split) == [("ann", ["a", "b"], ["c"]), ("cyd", ["b"], ["a"])]
    assert split.queries.times.tolist() == [3, 9]
    assert len(split.train) == 4


def test_the_last_two():
    assert answers(LeaveLastOut(events=2).cut(SHOP)) == [("ann", ["a"], ["b", "c"])]


def test_events_of_one_second_cannot_be_told_apart_and_are_withheld_together():
    data = shop(("ann", "a", 1), ("ann", "b", 2), ("ann", "c", 2), ("ann", "d", 2))
    assert answers(LeaveLastOut().cut(data)) == [("ann", ["a"], ["b", "c", "d"])]


def test_what_followed_the_wanted_event_is_withheld_too_though_not_wanted():
    data = shop(("ann", "a", 1), ("ann", "b", 2), ("ann", "c", 3), kinds=["view", "purchase", "view"])
    split = LeaveLastOut(kinds=("purchase",)).cut(data)
    assert answers(split) == [("ann", ["a"], ["b"])]
    assert len(split.train) == 1


def test_the_newest_fifth_of_ten_events_is_two():
    data = shop(*[("ann", day, day) for day in range(10)], ("bob", 1, 1), ("bob", 2, 2))
    split = RatioPerUser(share=0.2).cut(data)
    assert answers(split) == [("ann", [*range(8)], [8, 9]), ("bob", [1], [2])]
