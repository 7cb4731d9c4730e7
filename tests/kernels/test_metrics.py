"""Hits against Python's sets."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from regulars.kernels.metrics import hits


def ragged(rows):
    starts = np.cumsum([0, *map(len, rows)])
    return starts.astype(np.int64), np.array([item for row in rows for item in row], dtype=np.int32)


def test_padding_is_no_hit_even_if_missing_was_wanted():
    found = hits(np.array([[3, -1], [0, 9]], dtype=np.int32), *ragged([[-1, 3], []]))
    assert found.tolist() == [[True, False], [False, False]]


@given(
    st.lists(st.tuples(st.lists(st.integers(-1, 9), min_size=4, max_size=4), st.sets(st.integers(0, 9))), max_size=6)
)
def test_a_hit_is_an_answer_that_was_wanted(rows):
    items = np.array([answers for answers, _ in rows], dtype=np.int32).reshape(len(rows), 4)
    found = hits(items, *ragged([sorted(wanted) for _, wanted in rows]))
    assert found.tolist() == [[item in wanted for item in answers] for answers, wanted in rows]
