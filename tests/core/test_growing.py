"""Columns that grow."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from regulars.core.growing import appended


def rows(n, value):
    return np.full((n, 3), value, dtype=np.float32)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 200)), max_size=12))
def test_any_version_can_grow_and_none_changes(steps):
    versions = [rows(5, 0)]
    expected = [rows(5, 0)]
    for at, (of, n) in enumerate(steps, start=1):
        old = min(of, len(versions) - 1)
        versions.append(appended(versions[old], rows(n, at)))
        expected.append(np.concatenate([expected[old], rows(n, at)]))
    for version, right in zip(versions, expected, strict=True):
        np.testing.assert_array_equal(version, right)
        assert version.dtype == right.dtype


def test_rows_are_added_in_place_while_there_is_room():
    first = appended(rows(1000, 0), rows(1, 1))
    second = appended(first, rows(2, 2))
    assert np.shares_memory(first, second)
    assert not np.shares_memory(second, appended(first, rows(2, 3)))
    assert not np.shares_memory(first, appended(first[1:], rows(1, 3)))


def test_two_threads_do_not_share_a_place():
    start = appended(np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int64))
    with ThreadPoolExecutor(4) as pool:
        grown = list(pool.map(lambda value: appended(start, np.full(10, value)), range(40)))
    for value, column in enumerate(grown):
        assert column.tolist() == [0] + [value] * 10
