"""Events over HTTP: taken whole, line by line, once."""

import json
from datetime import UTC, datetime

import pytest

from regulars.core.errors import StoreFull
from serving.http.shopfront import Away, now

LINES = {"content-type": "application/x-ndjson"}


def stored(shop, customer):
    return shop.store.events.histories([customer])[0]


def test_one_event_is_in_the_store_when_it_is_answered(shop):
    reply = shop.ask("POST", "/v1/events", json={"customer": "c1", "item": "milk", "kind": "purchase", "value": 1.5})
    assert reply.status_code == 200
    (event,) = stored(shop, "c1")
    assert (event.item_id, event.kind, event.value) == ("milk", "purchase", 1.5)
    assert abs(event.time - now()) <= 2
    assert reply.json()["event_ids"] == [event.event_id]


def test_the_same_event_id_twice_is_stored_once(shop):
    event = {"customer": "c1", "item": "milk", "event_id": "e1"}
    assert shop.ask("POST", "/v1/events", json=[event, event]).json()["repeated"] == 1
    assert shop.ask("POST", "/v1/events", json=event).json()["stored"] == 0
    assert len(stored(shop, "c1")) == 1


def test_bad_lines_are_told_one_by_one_and_good_ones_are_stored(shop):
    good = {"customer": "c1", "item": "milk"}
    bad = [{"item": "milk"}, 7, {"customer": "", "item": "a"}, {"customer": "c1", "item": "a", "kinds": "view"}]
    text = "\n".join([json.dumps(good), *map(json.dumps, bad), "{oh", "", json.dumps(good)])
    reply = shop.ask("POST", "/v1/events", content=text, headers=LINES)
    assert reply.status_code == 207
    told = reply.json()
    assert told["stored"] == 2
    assert [one["line"] for one in told["refused"]] == [2, 3, 4, 5, 6]
    assert [one is None for one in told["event_ids"]] == [False, True, True, True, True, True, False]
    assert "customer" in told["refused"][0]["reason"]
    assert told["refused"][2]["where"] == "customer"


def test_when_no_line_is_good_nothing_is_stored_and_each_is_named(shop):
    reply = shop.ask("POST", "/v1/events", json=[{"item": "milk"}, {"customer": "c1"}])
    assert reply.status_code == 422
    assert [one["line"] for one in reply.json()["refused"]] == [1, 2]
    assert shop.store.events.count() == 0


@pytest.mark.parametrize(
    ("told", "seconds"),
    [(1_700_000_000, 1_700_000_000), (1_700_000_000.9, 1_700_000_000), ("2023-11-14T23:13:20+01:00", 1_700_000_000)],
)
def test_times_are_seconds_or_iso_text_with_a_zone(shop, told, seconds):
    shop.ask("POST", "/v1/events", json={"customer": "c1", "item": "milk", "time": told})
    assert stored(shop, "c1")[0].time == seconds


@pytest.mark.parametrize(
    ("told", "word"),
    [
        (1_700_000_000_000, "milliseconds"),
        (-1, "1970"),
        ("yesterday", "ISO 8601"),
        ("2023-11-14T23:13:20", "zone"),
        (2**62, "1970"),
    ],
)
def test_a_time_that_cannot_be_is_refused_and_the_reason_helps(shop, told, word):
    reply = shop.ask("POST", "/v1/events", json={"customer": "c1", "item": "milk", "time": told})
    assert reply.status_code == 422
    assert word in reply.json()["refused"][0]["reason"]


def test_a_clock_that_is_a_little_ahead_is_now_and_one_that_is_far_ahead_is_refused(shop):
    ahead = [{"customer": "c1", "item": "milk", "time": now() + seconds} for seconds in (200, 4_000)]
    reply = shop.ask("POST", "/v1/events", json=ahead)
    assert reply.json()["stored"] == 1
    assert stored(shop, "c1")[0].time <= now()
    assert "ahead" in reply.json()["refused"][0]["reason"]


def test_who_does_not_trust_its_clock_says_how_long_ago_it_was(shop):
    shop.ask("POST", "/v1/events", json={"customer": "c1", "item": "milk", "age": 3_600})
    assert abs(stored(shop, "c1")[0].time - (now() - 3_600)) <= 2
    both = {"customer": "c1", "item": "milk", "age": 1, "time": datetime.now(UTC).isoformat()}
    assert shop.ask("POST", "/v1/events", json=both).status_code == 422


def test_a_dry_run_says_what_would_be_and_stores_nothing(shop):
    reply = shop.ask("POST", "/v1/events?dry_run=true", json=[{"customer": "c1", "item": "milk"}, {"item": "milk"}])
    assert (reply.status_code, reply.json()["dry_run"], len(reply.json()["refused"])) == (207, True, 1)
    assert shop.store.events.count() == 0


def test_an_event_just_posted_is_in_the_next_answer(shop):
    shop.ask("POST", "/v1/events", json={"customer": "c1", "item": "tea"})
    assert shop.ask("GET", "/v1/recommend/c1").json()["items"][0]["item"] == "tea"


def test_a_visitor_who_logs_in_brings_the_events_along(shop):
    shop.ask("POST", "/v1/events", json={"customer": "v-1", "item": "tea"})
    reply = shop.ask("POST", "/v1/visitors/v-1/merge", json={"customer": "c1"})
    assert reply.json() == {"visitor": "v-1", "customer": "c1", "events": 1, "dry_run": False}
    assert [event.item_id for event in stored(shop, "c1")] == ["tea"]
    assert {"v-1", "c1"} <= set(shop.engine.forgotten)
    assert shop.ask("POST", "/v1/visitors/c1/merge", json={"customer": "c1"}).status_code == 422


def test_a_store_that_is_away_or_full_is_said_and_nothing_is_acknowledged(shop):
    event = {"customer": "c1", "item": "milk"}
    writer, shop.writer = shop.writer, Away()
    reply = shop.ask("POST", "/v1/events", json=event)
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")

    class Full:
        waiting = 0

        def submit(self, events):
            raise StoreFull("no room is left on the disk")

    shop.writer = Full()
    assert shop.ask("POST", "/v1/events", json=event).status_code == 507
    shop.writer = writer
    assert shop.ask("POST", "/v1/events", json=event).status_code == 200
    assert len(stored(shop, "c1")) == 1
