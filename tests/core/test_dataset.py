"""Dataset: built from tables, sorted, cut in time without a leak."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.core import EVENT, MISSING, Dataset, Vocabulary, aligned, ints, longs
from regulars.core.errors import BadTable, EmptyData, MissingColumn, VocabularyMismatch

LOG = pl.DataFrame(
    {
        "user_id": ["ann", "bob", "ann", "ann", "bob"],
        "item_id": [30, 10, 10, 20, 30],
        "time": [50, 40, 10, 30, 60],
        "weight": [1.0, 2.0, 3.0, -3.0, 1.0],
        "kind": ["cart", "purchase", "purchase", "return", "cart"],
        "store": ["s1", "s2", "s3", "s4", "s5"],
    }
)
logs = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 8)), min_size=1, max_size=25)


def shop(events):
    return Dataset.of(pl.DataFrame(events, schema=["user_id", "item_id", "time"], orient="row"))


def test_events_are_in_the_order_of_customer_and_time_with_their_columns():
    data = Dataset.of(LOG)
    assert data.users.names(data.user).to_list() == ["ann", "ann", "ann", "bob", "bob"]
    assert data.items.names(data.item).to_list() == [10, 20, 30, 10, 30]
    assert data.time.tolist() == [10, 30, 50, 40, 60]
    assert data.weight.tolist() == [3, -3, 1, 2, 1]
    assert [data.kinds[code] for code in data.kind] == ["purchase", "return", "cart", "purchase", "cart"]
    assert data.context["store"].to_list() == ["s3", "s4", "s1", "s2", "s5"]
    assert (len(data), data.n_users, data.n_items) == (5, 2, 3)
    assert data.starts.tolist() == [0, 3, 5]


def test_a_log_of_pairs_needs_nothing_else():
    data = Dataset.of(LOG.select("user_id", "item_id"))
    assert (data.time.tolist(), data.weight.tolist(), data.kinds) == ([0] * 5, [1.0] * 5, (EVENT,))
    assert data.items.names(data.item).to_list() == [30, 10, 20, 10, 30]


@given(logs)
def test_equal_times_keep_their_order(events):
    data = shop(events)
    for user in range(data.n_users):
        mine = [event for event in events if event[0] == data.users.ids[user]]
        expected = [item for _, item, _ in sorted(mine, key=lambda event: event[2])]
        low, high = data.starts[user : user + 2]
        assert data.items.names(data.item[low:high]).to_list() == expected


@given(logs, st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 10)), max_size=8), st.none() | st.integers(0, 3))
def test_a_question_at_t_sees_everything_before_t_and_nothing_from_t_on(events, asked, last):
    data = shop(events)
    asked = [(user, at) for user, at in asked if user < data.n_users]
    queries = data.queries(ints([user for user, _ in asked]), longs([at for _, at in asked]), last=last)
    assert (queries.history.times < queries.times[queries.history.rows]).all()
    for i, (user, at) in enumerate(asked):
        seen = [(t, j) for u, j, t in zip(data.user, data.item, data.time, strict=True) if u == user and t < at]
        seen = seen if last is None else seen[max(0, len(seen) - last) :]
        row = queries.history[i : i + 1]
        assert list(zip(row.times.tolist(), row.items.tolist(), strict=True)) == seen


def test_a_stranger_has_no_history():
    queries = Dataset.of(LOG).queries(ints([MISSING, 1, -7]), 1_000)
    assert queries.users.tolist() == [MISSING, 1, MISSING]
    assert queries.history.lengths.tolist() == [0, 2, 0]


def test_a_question_knows_the_attributes_of_its_customer_and_none_of_a_stranger():
    data = Dataset.of(LOG, customers=pl.DataFrame({"user_id": ["bob", "eve"], "town": ["Ulm", "Bonn"]}))
    asked = data.queries(data.users.index(pl.Series(["eve", "nobody", "ann", "bob"])), at=100)
    assert asked.attributes["town"].to_list() == ["Bonn", None, None, "Ulm"]
    assert asked[2:].attributes["town"].to_list() == [None, "Ulm"]
    assert Dataset.of(LOG).everyone().attributes.width == 0


def test_everyone_is_asked_right_after_the_last_event():
    data = Dataset.of(LOG)
    queries = data.everyone()
    assert queries.times.tolist() == [61, 61]
    assert queries.history.lengths.tolist() == [3, 2]
    assert data.everyone(at=40).history.lengths.tolist() == [2, 0]


@given(logs, st.integers(-1, 10))
def test_before_and_queries_agree_about_the_past(events, at):
    data = shop(events)
    assert data.before(at).histories().items.tolist() == data.everyone(at).history.items.tolist()
    assert data.before(at).n_items == data.n_items


def test_histories_and_matrix_hold_what_happened_less_what_was_returned():
    data = Dataset.of(LOG.with_columns(item_id=pl.Series([30, 10, 10, 10, 30])))
    assert data.histories().lengths.tolist() == [3, 2]
    assert data.matrix().toarray().tolist() == [[1, 0], [1, 2]]


def test_kinds_keep_their_codes_when_some_are_left_out():
    data = Dataset.of(LOG)
    bought = data.of_kinds(("purchase", "unheard of"))
    assert [bought.kinds[code] for code in bought.kind] == ["purchase", "purchase"]
    assert bought.kinds == data.kinds
    assert bought.context["store"].to_list() == ["s3", "s2"]


def test_items_without_events_join_the_catalog_and_features_follow_it():
    items = pl.DataFrame({"item_id": [99, 10, 30], "name": ["pear", "tea", "rye"]})
    customers = pl.DataFrame({"user_id": ["eve", "bob"], "age": [30, 40]})
    data = Dataset.of(LOG, items=items, customers=customers)
    assert data.items.ids.to_list() == [30, 10, 20, 99]
    assert data.item_features["name"].to_list() == ["rye", "tea", None, "pear"]
    assert data.users.ids.to_list() == ["ann", "bob", "eve"]
    assert data.user_features["age"].to_list() == [None, 40, 30]
    assert data.everyone().history.lengths.tolist() == [3, 2, 0]
    assert data.matrix().shape == (3, 4)


def test_the_first_row_of_a_repeated_id_counts_and_strange_ids_are_left_out():
    frame = pl.DataFrame({"id": ["b", "x", "b", "a"], "color": ["red", "blue", "green", "white"]})
    assert aligned(frame, Vocabulary.of(["a", "b", "c"]), "id")["color"].to_list() == ["white", "red", None]


def test_a_table_of_ids_alone_has_no_features():
    assert aligned(pl.DataFrame({"id": ["a"]}), Vocabulary.of(["a"]), "id").shape == (0, 0)
    assert aligned(None, Vocabulary.of(["a"]), "id").shape == (0, 0)


def test_a_missing_column_is_named_with_those_that_are_there():
    with pytest.raises(MissingColumn, match=r"user_id.*item_id.*'customer'"):
        Dataset.of(pl.DataFrame({"customer": [1], "item_id": [1]}))


def test_no_events_are_no_dataset():
    with pytest.raises(EmptyData):
        Dataset.of(LOG.clear())


def test_columns_that_do_not_fit_together_are_refused():
    data = Dataset.of(LOG)
    with pytest.raises(BadTable):
        Dataset(data.users, data.items, data.user, data.item[:-1], data.time, data.weight, data.kind)
    with pytest.raises(BadTable, match="item_features needs 3 rows"):
        Dataset(
            data.users,
            data.items,
            data.user,
            data.item,
            data.time,
            data.weight,
            data.kind,
            item_features=pl.DataFrame({"name": ["a"]}),
        )


def test_a_dataset_cannot_be_changed():
    with pytest.raises(AttributeError):
        Dataset.of(LOG).user = np.zeros(5, dtype=np.int32)


def test_the_next_event_of_each_customer_from_a_moment_on():
    data = Dataset.of(LOG)  # ann: 10, 30, 50; bob: 40, 60
    assert data.next_events(ints([0, 0, 0, 1, MISSING]), longs([10, 11, 51, 41, 0])).tolist() == [
        0,
        1,
        MISSING,
        4,
        MISSING,
    ]
    assert data.next_events(ints([1, 0]), 0).tolist() == [3, 0]


def test_as_indexed_events_and_features_follow_their_items_and_new_ones_stand_behind():
    table = pl.DataFrame({"item_id": [10, 20, 30, 40], "name": ["ten", "twenty", "thirty", "forty"]})
    data = Dataset.of(LOG, items=table)
    other = data.as_indexed(Vocabulary.of(["20", "10"]))
    assert other.items.ids.to_list()[:2] == ["20", "10"]
    assert set(other.items.ids[2:]) == {"30", "40"}
    assert other.items.names(other.item).to_list() == ["10", "20", "30", "10", "30"]
    named = dict(zip(other.items.ids, other.item_features["name"], strict=True))
    assert named == {"10": "ten", "20": "twenty", "30": "thirty", "40": "forty"}
    assert data.as_indexed(Vocabulary.of(data.items.ids.head(2))) is data


def test_as_indexed_an_item_that_is_gone_is_named():
    with pytest.raises(VocabularyMismatch, match=r"fitted on 2 items, 1 of which are not among the 3 at hand.* 50"):
        Dataset.of(LOG).as_indexed(Vocabulary.of([10, 50]))
