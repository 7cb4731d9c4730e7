"""Histories and queries against lists of lists."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.core import DAY, MISSING, Histories, Queries, floats, ints, longs
from regulars.core.errors import BadTable

events = st.tuples(st.integers(0, 5), st.integers(0, 9), st.sampled_from([-2.0, -1.0, 0.5, 1.0, 2.0]))
rows = st.lists(st.lists(events, max_size=5), max_size=6)


def made(listed):
    return Histories.of(
        [[item for item, _, _ in row] for row in listed],
        times=[[time for _, time, _ in row] for row in listed],
        weights=[[weight for _, _, weight in row] for row in listed],
    )


def listed(histories):
    bounds = zip(histories.starts[:-1], histories.starts[1:], strict=True)
    columns = (histories.items.tolist(), histories.times.tolist(), histories.weights.tolist())
    return [list(zip(*(column[low:high] for column in columns), strict=True)) for low, high in bounds]


@given(rows)
def test_histories_hold_what_they_were_made_of(given_rows):
    histories = made(given_rows)
    assert listed(histories) == given_rows
    assert len(histories) == len(given_rows)
    assert histories.lengths.tolist() == [len(row) for row in given_rows]
    assert histories.rows.tolist() == [i for i, row in enumerate(given_rows) for _ in row]


@given(rows, st.integers(-8, 8) | st.none(), st.integers(-8, 8) | st.none(), st.sampled_from([None, 1, 2, -1]))
def test_a_slice_is_the_slice_of_the_list(given_rows, low, high, step):
    assert listed(made(given_rows)[low:high:step]) == given_rows[low:high:step]


@given(rows.filter(bool), st.data())
def test_rows_can_be_picked_repeated_and_masked(given_rows, data):
    picked = data.draw(st.lists(st.integers(0, len(given_rows) - 1)))
    assert listed(made(given_rows)[longs(picked)]) == [given_rows[i] for i in picked]
    mask = data.draw(st.lists(st.booleans(), min_size=len(given_rows), max_size=len(given_rows)))
    assert listed(made(given_rows)[np.array(mask)]) == [row for row, keep in zip(given_rows, mask, strict=True) if keep]


@given(rows, st.integers(0, 6))
def test_last_keeps_the_newest_events(given_rows, n):
    assert listed(made(given_rows).last(n)) == [row[max(0, len(row) - n) :] for row in given_rows]


@given(rows)
def test_where_keeps_the_marked_events_in_their_rows(given_rows):
    histories = made(given_rows)
    assert listed(histories.where(histories.items > 2)) == [[e for e in row if e[0] > 2] for row in given_rows]


@given(st.lists(st.tuples(st.lists(events, max_size=4), st.lists(events, max_size=4)), max_size=5))
def test_joined_puts_the_newer_events_behind_the_older(pairs):
    older, newer = made([pair[0] for pair in pairs]), made([pair[1] for pair in pairs])
    assert listed(older.joined(newer)) == [pair[0] + pair[1] for pair in pairs]


@given(rows, st.integers(1, 8))
def test_the_matrix_sums_weights_and_drops_what_was_returned(given_rows, n_items):
    expected = np.zeros((len(given_rows), n_items), dtype=np.float32)
    for i, row in enumerate(given_rows):
        for item, _, weight in row:
            if item < n_items:
                expected[i, item] += weight
    matrix = made(given_rows).matrix(n_items)
    assert matrix.toarray().tolist() == np.maximum(expected, 0).tolist()
    assert (matrix.data > 0).all()
    assert matrix.dtype == np.float32


def test_a_return_takes_back_its_purchase_and_no_more():
    bought_and_returned = Histories.of([[3, 3, 1], [3, 3]], weights=[[2.0, -2.0, 1.0], [1.0, -5.0]])
    assert bought_and_returned.matrix(4).toarray().tolist() == [[0, 1, 0, 0], [0, 0, 0, 0]]
    assert bought_and_returned.matrix(4).nnz == 1


def test_an_unknown_item_in_a_history_is_not_in_the_matrix():
    assert Histories.of([[MISSING, 0]]).matrix(2).toarray().tolist() == [[1, 0]]


def test_half_of_the_weight_is_left_after_one_half_life():
    histories = Histories.of([[0, 1, 2], [0]], times=[[0, 7 * DAY, 14 * DAY], [0]], weights=[[4.0, 4.0, 4.0], [-2.0]])
    fading = histories.decayed(longs([14 * DAY, 7 * DAY]), half_life_days=7.0)
    assert fading.weights.tolist() == [1.0, 2.0, 4.0, -1.0]


def test_without_a_half_life_nothing_fades_and_the_future_counts_in_full():
    histories = Histories.of([[0]], times=[[5 * DAY]])
    assert histories.decayed(longs([0]), np.inf) is histories
    assert histories.decayed(longs([0]), 1.0).weights.tolist() == [1.0]


def test_nobody_and_nothing_are_histories_too():
    assert len(Histories.none(0)) == 0
    assert Histories.none(3).lengths.tolist() == [0, 0, 0]
    assert Histories.none(2).matrix(3).nnz == 0
    assert Histories.none(2).last(5).lengths.tolist() == [0, 0]
    assert listed(Histories.none(2).joined(Histories.of([[1], []]))) == [[(1, 0, 1.0)], []]


def test_columns_of_another_length_are_refused():
    with pytest.raises(BadTable):
        Histories(longs([0, 2]), ints([1]), longs([0]), floats([1]), np.zeros(1, np.int8))
    with pytest.raises(BadTable):
        Histories.of([[1, 2]], times=[[0]])


def test_a_question_is_asked_right_after_the_last_event_by_default():
    queries = Queries.of(Histories.of([[0, 1], [], [2]], times=[[5, 9], [], [3]]))
    assert queries.times.tolist() == [10, 0, 4]
    assert queries.users.tolist() == [MISSING] * 3


def test_a_batch_is_its_rows():
    context = pl.DataFrame({"store": ["a", "b", "c"]})
    attributes = pl.DataFrame({"town": ["x", "y", "z"]})
    who = {"users": ints([4, 5, 6]), "context": context, "attributes": attributes}
    queries = Queries.of([[0], [1, 2], []], times=longs([7, 8, 9]), **who)
    for rows in (slice(1, 3), longs([2, 0]), np.array([True, False, True])):
        picked = np.arange(3)[rows]
        part = queries[rows]
        assert part.users.tolist() == [[4, 5, 6][i] for i in picked]
        assert part.times.tolist() == [[7, 8, 9][i] for i in picked]
        assert part.context["store"].to_list() == ["abc"[i] for i in picked]
        assert part.attributes["town"].to_list() == ["xyz"[i] for i in picked]
        assert [len(row) for row in listed(part.history)] == [[1, 2, 0][i] for i in picked]


@given(st.integers(0, 7), st.integers(1, 4))
def test_batches_are_the_whole_in_its_order(n, size):
    queries = Queries.of([[i] for i in range(n)])
    parts = list(queries.batches(size))
    assert [item for part in parts for item in part.history.items] == list(range(n))
    assert all(len(part) <= size for part in parts)


def test_parts_of_another_length_are_refused():
    with pytest.raises(BadTable):
        Queries.of([[0]], users=ints([1, 2]))
    with pytest.raises(BadTable):
        Queries.of([[0]], context=pl.DataFrame({"store": ["a", "b"]}))
