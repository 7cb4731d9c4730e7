"""Sessions by a gap."""

import pytest

from regulars.core import ints, longs
from regulars.core.errors import BadTable
from regulars.data import sessions


def test_a_pause_of_more_than_the_gap_begins_a_session_and_so_does_another_customer():
    user, time = ints([0, 0, 0, 0, 1, 1]), longs([0, 1800, 3601, 3602, 3603, 9000])
    assert sessions(user, time).tolist() == [0, 0, 1, 1, 2, 3]
    assert sessions(user, time, gap=10_000).tolist() == [0, 0, 0, 0, 1, 1]


def test_events_in_another_order_are_refused():
    with pytest.raises(BadTable, match="event 2"):
        sessions(ints([0, 0]), longs([5, 4]))
