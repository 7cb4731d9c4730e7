"""Ragged arithmetic against loops in plain Python."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from regulars.core import floats, ints, longs, spans, starts_of

rows = st.lists(st.tuples(st.integers(0, 1_000), st.integers(0, 6)), max_size=20)


def test_starts_are_running_totals_and_end_at_the_total():
    assert starts_of([2, 0, 3]).tolist() == [0, 2, 2, 5]
    assert starts_of([]).tolist() == [0]
    assert starts_of([1]).dtype == np.int64


def test_starts_of_small_integers_do_not_overflow():
    assert starts_of(np.array([100, 100], dtype=np.int8)).tolist() == [0, 100, 200]


@given(rows)
def test_spans_are_the_positions_of_each_row_one_row_after_another(given_rows):
    starts, lengths = [start for start, _ in given_rows], [length for _, length in given_rows]
    expected = [start + i for start, length in given_rows for i in range(length)]
    assert spans(longs(starts), longs(lengths)).tolist() == expected


def test_each_array_kind_has_its_one_type():
    assert (ints([1]).dtype, longs([1]).dtype, floats([1]).dtype) == (np.int32, np.int64, np.float32)
