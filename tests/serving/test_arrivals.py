"""Arrivals: every event once, in order; a store that went back to an earlier state is noticed."""

import uuid

import pytest

from regulars.serving.arrivals import Arrivals
from regulars.store import open_store
from serving.fitting import event


@pytest.fixture(params=["sqlite", "postgres"])
def new_url(request, tmp_path):
    """Makes addresses where no store is yet."""
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path / uuid.uuid4().hex}.db"
    server = request.getfixturevalue("postgres_server")
    return lambda: server.schema(f"s{uuid.uuid4().hex[:12]}")


@pytest.fixture
def stores(new_url, tmp_path):
    """The store as it was at five events, and the one that went on to eight."""
    older = open_store(new_url())
    older.events.append([event(n, "a") for n in range(5)])
    older.dump(tmp_path / "dump")
    newer = open_store(new_url())
    newer.restore(tmp_path / "dump")
    newer.events.append([event(n, "a") for n in range(5, 8)])
    yield older, newer
    older.close()
    newer.close()


def taken(arrivals, limit=3):
    """The ids of all that there is, some at a time."""
    found = []
    while part := arrivals.more(limit):
        assert len(part) <= limit
        arrivals.read(part)
        found += [one.event.event_id for one in part]
    return found


def test_every_event_is_told_once(stores):
    arrivals = Arrivals(stores[1])
    assert taken(arrivals) == [f"e{n}" for n in range(8)]
    stores[1].events.append([event(3, "a"), event(9, "a")])
    assert taken(arrivals) == ["e9"]
    assert arrivals.more(3) == []


def test_a_store_at_an_earlier_place_went_back(stores):
    older, newer = stores
    arrivals = Arrivals(newer)
    taken(arrivals)
    arrivals.store = older
    assert arrivals.more(3) is None


def test_a_store_that_went_back_and_on_since_has_another_event_at_the_place(stores):
    older, newer = stores
    arrivals = Arrivals(newer)
    taken(arrivals)
    older.events.append([event(n, "a") for n in range(20, 30)])
    arrivals.store = older
    assert arrivals.more(3) is None


def test_an_event_that_was_erased_or_merged_tells_of_no_backup(stores):
    _, newer = stores
    newer.events.append([event(50, "a", "gone"), event(51, "a", "visitor")])
    arrivals = Arrivals(newer)
    taken(arrivals)
    newer.events.merge("visitor", "c1")
    newer.events.erase("gone")
    assert taken(arrivals) == []
    newer.events.erase("c1")
    assert taken(arrivals) == []
    newer.events.append([event(52, "b")])
    assert taken(arrivals) == ["e52"]
