"""The writer: many callers, one commit. What it does over real stores is in tests/contracts/test_stores.py."""

import logging
import threading

import pytest

from regulars.core.errors import BadRecord, StoreUnavailable
from regulars.store import Appended, Event, Writer


def _event(n):
    return Event(str(n), "anna", "tea", "view", 1)


class Slow:
    """Events that are written when the test says so."""

    def __init__(self, gate):
        self.gate = gate
        self.batches = []

    def append_all(self, batches):
        self.gate.wait()
        self.batches.append([one.event_id for batch in batches for one in batch])
        return [Appended(len(batch), 0) for batch in batches]


def test_a_writer_takes_all_that_waits_in_one_commit_and_refuses_beyond_its_limit():
    gate = threading.Event()
    slow = Slow(gate)
    writer = Writer(slow, limit=10, most=4)
    first = writer.submit([_event(0)])
    while writer._queue:
        pass
    rest = [writer.submit([_event(n)]) for n in range(1, 10)]
    with pytest.raises(StoreUnavailable, match="10 events wait"):
        writer.submit([_event(10)])
    gate.set()
    assert [future.result() for future in (first, *rest)] == [Appended(1, 0)] * 10
    writer.close()
    assert slow.batches == [["0"], ["1", "2", "3", "4"], ["5", "6", "7", "8"], ["9"]]


def test_an_error_that_nobody_foresaw_is_logged_and_told_and_the_writer_goes_on(caplog):
    class Broken(Slow):
        def append_all(self, batches):
            if batches[0][0].event_id == "0":
                raise ZeroDivisionError("a mistake of ours")
            return super().append_all(batches)

    gate = threading.Event()
    gate.set()
    writer = Writer(Broken(gate))
    with caplog.at_level(logging.ERROR), pytest.raises(ZeroDivisionError):
        writer.append([_event(0)])
    assert "events could not be written" in caplog.text
    assert writer.append([_event(1)]) == Appended(1, 0)
    writer.close()


def test_what_a_database_cannot_hold_fails_alone():
    class Picky(Slow):
        def append_all(self, batches):
            if any(one.event_id == "2" for batch in batches for one in batch):
                raise BadRecord("cannot hold this")
            return super().append_all(batches)

    gate = threading.Event()
    writer = Writer(Picky(gate))
    futures = [writer.submit([_event(n)]) for n in range(4)]
    gate.set()
    assert [futures[n].result() for n in (0, 1, 3)] == [Appended(1, 0)] * 3
    with pytest.raises(BadRecord):
        futures[2].result()
    writer.close()


def test_a_future_that_was_given_up_is_not_written():
    gate = threading.Event()
    slow = Slow(gate)
    writer = Writer(slow)
    first = writer.submit([_event(0)])
    while writer._queue:
        pass
    given_up = writer.submit([_event(1)])
    assert given_up.cancel()
    gate.set()
    assert first.result() == Appended(1, 0)
    writer.close()
    assert slow.batches == [["0"], []]
