"""Split: what was wanted, once each; discovery and buying again apart."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.core import Dataset, Histories, Queries, ints
from regulars.core.errors import BadTable, MissingColumn
from regulars.evaluation import Split, TimeSplit
from regulars.evaluation.split import holds

TRAIN = Dataset.of(pl.DataFrame({"user_id": [0, 1], "item_id": [0, 1]}))


def split_of(histories, wanted):
    return Split("by hand", TRAIN, Queries.of(histories), Histories.of(wanted))


def rows_of(histories):
    return [histories[i : i + 1].items.tolist() for i in range(len(histories))]


def test_wanted_items_are_kept_once_and_rising():
    split = split_of([[1], [], [2]], [[5, 3, 5], [], [4, 2]])
    assert rows_of(split.wanted) == [[3, 5], [], [2, 4]]


def test_explore_and_repeat_part_what_was_wanted():
    split = split_of([[1, 2], [3], [4]], [[2, 5], [3], [6]])
    assert rows_of(split.explore().wanted) == [[5], [6]]
    assert rows_of(split.explore().queries.history) == [[1, 2], [4]]
    assert rows_of(split.repeat().wanted) == [[2], [3]]


def test_a_sample_keeps_questions_and_answers_together():
    split = split_of([[i] for i in range(20)], [[i + 30] for i in range(20)])
    sample = split.sample(7, seed=1)
    assert len(sample) == 7
    assert (sample.wanted.items == sample.queries.history.items + 30).all()
    assert split.sample(50) is split


def test_a_wanted_item_without_an_index_is_refused():
    with pytest.raises(BadTable, match=r"Vocabulary\.extended"):
        split_of([[1]], [[-1]])


def test_questions_and_answers_need_one_length():
    with pytest.raises(BadTable, match="for 1 queries, not 2"):
        split_of([[1]], [[1], [2]])


@given(st.lists(st.lists(st.integers(0, 5), max_size=5), min_size=1, max_size=4), st.integers(0, 9))
def test_holds_agrees_with_looking(histories, item):
    rows = range(len(histories))
    found = holds(Histories.of(histories), ints(list(rows)), ints([item for _ in rows]))
    assert found.tolist() == [item in history for history in histories]


VISITS = Dataset.of(
    pl.DataFrame(
        {
            "user_id": ["ann", "ann", "ann", "bob", "bob", "cid"],
            "item_id": [1, 2, 3, 1, 3, 2],
            "time": [10, 1_000_030, 1_000_020, 20, 1_000_040, 30],
            "channel": ["web", "shop", "app", "web", "mail", "web"],
        }
    )
)


def test_questions_can_be_asked_with_what_is_known_of_the_moment_when_a_customer_comes_back():
    split = TimeSplit(days=1).cut(VISITS)
    assert not split.queries.context.width
    told = split.knowing(VISITS, ("channel",))
    assert VISITS.users.names(told.queries.users).to_list() == ["ann", "bob"]
    assert told.queries.context["channel"].to_list() == ["app", "mail"]
    assert told.queries.times.tolist() == split.queries.times.tolist()
    timed = split.knowing(VISITS, ("time",))
    assert timed.queries.times.tolist() == [1_000_020, 1_000_040]
    assert timed.queries.history is split.queries.history


def test_who_does_not_come_back_is_asked_without_context():
    split = Split("all", VISITS, VISITS.everyone(at=1_000_035), Histories.of([[1], [2], [3]]))
    told = split.knowing(VISITS, ("channel", "time"))
    assert told.queries.context["channel"].to_list() == [None, "mail", None]
    assert told.queries.times.tolist() == [1_000_035, 1_000_040, 1_000_035]


def test_what_is_known_must_be_a_column_of_the_events():
    with pytest.raises(MissingColumn, match=r"names \['chanel'\]; the events have \['channel'\]"):
        TimeSplit(days=1).cut(VISITS).knowing(VISITS, ("chanel",))
