"""What holds for every way to cut a log: nothing from the moment of asking on is known, nothing counts twice."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from regulars.core import DAY, Dataset
from regulars.core.errors import BadTable, EmptyData, SettingError
from regulars.evaluation import (
    SPLITS,
    ColdItems,
    Fold,
    GivenSplit,
    LeaveLastOut,
    RatioPerUser,
    StrongGeneralization,
    TimeSplit,
)
from regulars.models.popularity import Popularity

CLOCKED = [
    TimeSplit(days=5 / DAY),
    TimeSplit(days=3 / DAY, strangers=True),
    LeaveLastOut(),
    LeaveLastOut(events=2),
    RatioPerUser(share=0.4),
    StrongGeneralization(customers=0.5, fold_in=0.5),
]
CLOCKLESS = [
    RatioPerUser(share=0.4, random=True),
    StrongGeneralization(customers=0.5, fold_in=0.5, random=True),
    ColdItems(share=0.3),
    GivenSplit(column="part"),
]
OF_RATINGS = [Fold(folds=3, fold=1)]  # asks for low ratings too: see tests/evaluation/test_ratings.py
events = st.tuples(
    st.integers(0, 5), st.integers(0, 7), st.integers(0, 12), st.sampled_from([1.0, 2.0, -1.0]), st.booleans()
)
logs = st.lists(events, min_size=4, max_size=60)


def shop(rows):
    log = pl.DataFrame(rows, schema=["user_id", "item_id", "time", "weight", "test"], orient="row")
    part = pl.when("test").then(pl.lit("test")).otherwise(pl.lit("train")).alias("part")
    return Dataset.of(log.with_row_index("row").with_columns(part).drop("test"))


def cut(splitter, data):
    try:
        return splitter.cut(data)
    except (EmptyData, BadTable):
        assume(False)


def wanted_pairs(split):
    return set(zip(split.queries.users[split.wanted.rows].tolist(), split.wanted.items.tolist(), strict=True))


@pytest.mark.parametrize("splitter", CLOCKED, ids=str)
@settings(max_examples=40)
@given(logs)
def test_a_customer_s_history_and_training_events_end_before_the_moment_of_asking(splitter, rows):
    split = cut(splitter, shop(rows))
    asked = split.queries.times
    assert (split.queries.history.times < asked[split.queries.history.rows]).all()
    moment = np.full(split.train.n_users, np.iinfo(np.int64).max)
    moment[split.queries.users] = asked
    assert (split.train.time < moment[split.train.user]).all()
    assert (split.wanted.times >= asked[split.wanted.rows]).all()


@pytest.mark.parametrize("splitter", CLOCKED[:2], ids=str)
@settings(max_examples=40)
@given(logs)
def test_a_time_split_trains_on_nothing_from_the_cut_on(splitter, rows):
    data = shop(rows)
    split = cut(splitter, data)
    begin = int(split.queries.times[0])
    assert set(split.queries.times.tolist()) == {begin}
    assert sorted(split.train.context["row"].to_list()) == sorted(
        data.context["row"].filter(pl.Series(data.time < begin)).to_list()
    )
    before = [row for row in rows if row[2] < begin]
    kept = {}
    for user, item, _, weight, _ in before:
        kept[user, item] = kept.get((user, item), 0) + weight
    holders = [item for (_, item), weight in kept.items() if weight > 0]
    scores = Popularity().fit(split.train).score(split.queries)[0]
    counts = {item: holders.count(item) for item in set(holders)}
    assert dict(zip(split.train.items.ids.to_list(), np.nan_to_num(scores).tolist(), strict=True)) == {
        item: counts.get(item, 0) for item in split.train.items.ids.to_list()
    }


@pytest.mark.parametrize("splitter", CLOCKED[:2], ids=str)
@settings(max_examples=40)
@given(logs, st.integers(1, 7))
def test_what_happens_after_the_cut_changes_neither_training_nor_any_history(splitter, rows, shift):
    data = shop(rows)
    split = cut(splitter, data)
    future = data.time >= split.queries.times[0]
    others = np.where(future, (data.item + shift) % data.n_items, data.item).astype(np.int32)
    changed = cut(splitter, replace(data, item=others, weight=np.abs(data.weight)))
    for column in ("user", "item", "time"):
        assert (getattr(split.train, column) == getattr(changed.train, column)).all()
    asked = {user: i for i, user in enumerate(changed.queries.users.tolist())}
    for i, user in enumerate(split.queries.users.tolist()):
        if user in asked:
            mine, other = split.queries[i : i + 1].history, changed.queries[asked[user] : asked[user] + 1].history
            assert (mine.items.tolist(), mine.times.tolist()) == (other.items.tolist(), other.times.tolist())


@pytest.mark.parametrize("splitter", CLOCKED + CLOCKLESS, ids=str)
@settings(max_examples=40)
@given(logs)
def test_every_event_is_at_most_once_in_training_or_test_and_everyone_asked_wanted_something(splitter, rows):
    data = shop(rows)
    split = cut(splitter, data)
    trained = split.train.context["row"].to_list()
    assert len(trained) == len(set(trained))
    assert (split.wanted.lengths > 0).all()
    assert (split.wanted.weights > 0).all()
    withheld = {(u, i) for u, i, row in zip(data.user.tolist(), data.item.tolist(), data.context["row"], strict=True)
                if row not in set(trained)}  # fmt: skip
    assert wanted_pairs(split) <= withheld
    assert len(wanted_pairs(split)) == len(split.wanted.items)
    assert len(set(split.queries.users.tolist())) == len(split)
    if not getattr(splitter, "strangers", False):
        assert (split.queries.history.lengths > 0).all()


@pytest.mark.parametrize("splitter", CLOCKLESS, ids=str)
@settings(max_examples=40)
@given(logs)
def test_a_split_without_a_clock_shows_only_training_events_or_fold_in_and_no_wanted_pair(splitter, rows):
    split = cut(splitter, shop(rows))
    if isinstance(splitter, GivenSplit):  # the log itself may hold a pair in both parts: a repeat purchase
        return
    history = split.queries.history
    shown = set(zip(split.queries.users[history.rows].tolist(), history.items.tolist(), strict=True))
    assert not shown & wanted_pairs(split)


@pytest.mark.parametrize("splitter", CLOCKED, ids=str)
def test_without_times_a_split_by_time_refuses_and_says_what_to_do(splitter):
    data = Dataset.of(pl.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [1, 2, 1, 2]}))
    with pytest.raises(BadTable, match=r"happened at 0.*GivenSplit, RatioPerUser\(random=True\)"):
        splitter.cut(data)


@pytest.mark.parametrize("splitter", CLOCKED[2:] + CLOCKLESS, ids=str)
def test_a_split_whose_training_reaches_past_the_question_says_so(splitter):
    rng = np.random.default_rng(0)
    rows = [(int(u), int(i), int(t), 1.0, bool(t % 3 == 0)) for u, i, t in rng.integers(0, 8, (80, 3))]
    assert "after" in splitter.cut(shop(rows)).leaks


def test_a_time_split_does_not_leak():
    rows = [(u, u + t, t, 1.0, False) for u in range(3) for t in range(10)]
    assert TimeSplit(days=3 / DAY).cut(shop(rows)).leaks == ""


@pytest.mark.parametrize("splitter", CLOCKED + CLOCKLESS, ids=str)
def test_kinds_that_the_log_does_not_hold_are_refused_by_name(splitter):
    data = shop([(u, t % 5, t, 1.0, t > 6) for u in range(4) for t in range(10)])
    with pytest.raises(SettingError, match=r"\['event'\].*\['purchase'\] are not"):
        type(splitter)(**{**vars(splitter), "kinds": ("purchase",)}).cut(data)


def test_the_table_of_splits_names_every_splitter():
    assert set(SPLITS.values()) == {type(splitter) for splitter in CLOCKED + CLOCKLESS + OF_RATINGS}
