"""Sums of a history, item by item."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array, csr_array

from regulars.core import Histories
from regulars.core.arrays import starts_of
from regulars.kernels.sums import positive_sums

events = st.lists(st.tuples(st.integers(-2, 12), st.integers(-3, 6)), max_size=30)


@given(st.lists(events, max_size=6))
def test_events_are_summed_as_scipy_sums_them(rows):
    starts = starts_of([len(row) for row in rows])
    items = np.array([item for row in rows for item, _ in row], dtype=np.int32)
    weights = np.array([weight / 2 for row in rows for _, weight in row], dtype=np.float32)
    ends = np.zeros(len(rows) + 1, dtype=np.int64)
    found, sums = positive_sums(starts, items, weights, 10, ends)
    known = (items >= 0) & (items < 10)
    of = np.repeat(np.arange(len(rows)), np.diff(starts))
    right = csr_array(coo_array((weights[known], (of[known], items[known])), shape=(len(rows), 10)))
    right.sum_duplicates()
    right.data[right.data < 0] = 0
    right.eliminate_zeros()
    np.testing.assert_array_equal(ends, right.indptr)
    np.testing.assert_array_equal(found, right.indices)
    np.testing.assert_array_equal(sums, right.data)


def test_a_returned_item_is_in_no_matrix():
    history = Histories.of([[3, 1, 3], [], [1]], weights=[[1, 2, -1], [], [0]])
    assert history.matrix(5).toarray().tolist() == [[0, 2, 0, 0, 0], [0] * 5, [0] * 5]
