"""Loops over logs against slow twins in numpy and plain Python."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.kernels.logs import (
    bursts,
    grouped,
    order_of,
    repeats,
    sessions_by_gap,
    sessions_by_key,
    taken_back,
    touched,
)

events = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 30), st.integers(0, 3)), max_size=40)


def columns(rows, ordered=True):
    """user, time, and a third column, in the order of (user, time) if asked for."""
    rows = sorted(rows, key=lambda row: row[:2]) if ordered else rows
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return table[:, 0].astype(np.int32), table[:, 1].copy(), table[:, 2].copy()


@given(events)
def test_the_order_is_that_of_a_stable_sort(rows):
    user, time, _ = columns(rows, ordered=False)
    assert order_of(user, time, 5).tolist() == np.lexsort((time, user)).tolist()
    order, starts = grouped(user, 5)
    assert order.tolist() == np.argsort(user, kind="stable").tolist()
    assert np.diff(starts).tolist() == np.bincount(user, minlength=5).tolist()


@given(events, st.booleans())
def test_a_repeat_points_at_the_first_event_with_its_key(rows, same_time):
    user, time, key = columns(rows)
    first = {}
    expected = []
    for row in range(len(user)):
        known = (user[row], time[row] if same_time else 0, key[row])
        expected.append(first.get(known, -1))
        first.setdefault(known, row)
    assert repeats(user, time, key.astype(np.uint64), same_time).tolist() == expected


@given(events)
def test_sessions_by_key_are_numbered_as_they_appear(rows):
    user, _, key = columns(rows)
    numbers: dict[tuple[int, int], int] = {}
    expected = [numbers.setdefault((int(u), int(k)), 7 + len(numbers)) for u, k in zip(user, key, strict=True)]
    assert sessions_by_key(user, key.astype(np.uint64), 7).tolist() == expected


@given(events, st.integers(0, 10))
def test_sessions_by_gap_begin_after_a_pause(rows, gap):
    user, time, _ = columns(rows)
    begins = np.ones(len(user), dtype=bool)
    begins[1:] = (np.diff(user) != 0) | (np.diff(time) > gap)
    assert sessions_by_gap(user, time, gap, 3).tolist() == (np.cumsum(begins) + 2).tolist()


@given(events, st.integers(1, 10))
def test_bursts_are_the_fullest_windows(rows, span):
    user, time, _ = columns(rows)
    most = np.zeros(6, dtype=np.int32)
    bursts(user, time, span, 0, most)
    for who in range(6):
        own = time[user == who]
        assert most[who] == max((int(((own >= start) & (own < start + span)).sum()) for start in own), default=0)


@given(events, st.data())
def test_touched_are_the_pairs_with_something_taken_back(rows, data):
    user, _, item = columns(rows)
    back = np.array(data.draw(st.lists(st.booleans(), min_size=len(user), max_size=len(user))), dtype=np.bool_)
    pairs = set(zip(user[back].tolist(), item[back].tolist(), strict=True))
    expected = [pair in pairs for pair in zip(user.tolist(), item.tolist(), strict=True)]
    assert touched(user, item.astype(np.int32), back).tolist() == expected


amounts = st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.integers(1, 5)), max_size=30)


@given(amounts)
def test_nothing_below_nothing_is_ever_held(rows):
    rows = sorted(rows, key=lambda row: row[0])
    group = np.array([row[0] for row in rows], dtype=np.int64)
    back = np.array([row[1] for row in rows], dtype=np.bool_)
    pieces = np.array([row[2] for row in rows], dtype=np.float64)
    net, orphans = taken_back(group, pieces.copy(), pieces, back)  # a piece weighs 1: what is left is counted in pieces
    held: dict[int, float] = {}
    lost = 0
    for number, takes, count in rows:
        before = held.get(number, 0.0)
        lost += takes and before == 0
        held[number] = max(0.0, before - count) if takes else before + count
    for number, left in held.items():
        assert net[group == number].sum() == pytest.approx(left, abs=1e-9)
    assert orphans == lost
