"""Real servers that are killed, and databases that go away: nothing that was acknowledged is lost."""

import http.client
import json
import threading
import time
from urllib.error import HTTPError

import pytest

from benchmarks.soak import Served, name_of, written
from regulars.cli.project import Project
from regulars.cli.service import store_address
from regulars.store import open_store

pytestmark = pytest.mark.slow
MANY = 200  # events that must have been acknowledged before the kill, at least


class Teller(threading.Thread):
    """Posts events, single ones and batches, until the server is gone; remembers what was acknowledged."""

    def __init__(self, server, name):
        super().__init__(daemon=True)
        self.server, self.prefix, self.acknowledged = server, name, []

    def run(self):
        for turn in range(1_000_000):
            ids = [f"{self.prefix}-{turn}-{n}" for n in range(1 if turn % 2 else 7)]
            lines = [{"event_id": one, "customer": f"c{turn % 50}", "item": name_of(turn % 90)} for one in ids]
            try:
                taken = self.server.post("/v1/events", json.dumps(lines).encode())
            except (OSError, http.client.HTTPException):  # gone, if only in the middle of an answer
                return
            assert taken["event_ids"] == ids
            self.acknowledged += ids


def events_of(folder):
    store = open_store(store_address(Project.open(folder / "regulars.toml")))
    try:
        return store.events.frame()["event_id"].to_list()
    finally:
        store.close()


def killed_under_load(server):
    """kill -9 while four callers post; what they were told is stored."""
    tellers = [Teller(server, f"{server.port}-{number}") for number in range(4)]
    for teller in tellers:
        teller.start()
    end = time.monotonic() + 60
    while sum(len(teller.acknowledged) for teller in tellers) < MANY and time.monotonic() < end:
        time.sleep(0.01)
    server.kill()
    for teller in tellers:
        teller.join(20)
    acknowledged = [one for teller in tellers for one in teller.acknowledged]
    assert len(acknowledged) >= MANY
    return acknowledged


@pytest.fixture(params=["sqlite", "postgres"])
def shop(request, tmp_path):
    """A shop on each of the stores."""
    address = "" if request.param == "sqlite" else request.getfixturevalue("postgres_server").schema(f"k{id(request)}")
    return written(tmp_path / "shop", address)


def test_what_was_acknowledged_is_there_after_kill_9_and_restart(shop):
    server = Served(shop, core=None)
    server.start()
    acknowledged = killed_under_load(server)
    server.start()
    try:
        acknowledged += killed_under_load(server)
    finally:
        server.stop()
    there = events_of(shop)
    assert set(acknowledged) <= set(there)
    assert len(there) == len(set(there))


def test_without_its_database_a_server_answers_from_memory_and_refuses_events(postgres_server, tmp_path):
    shop = written(tmp_path / "shop", postgres_server.schema("away"))
    with Served(shop, core=None) as server:
        told = server.post(
            "/v1/events", json.dumps({"event_id": "before", "customer": "c1", "item": name_of(3)}).encode()
        )
        assert told["stored"] == 1
        before = server.get("/v1/recently-viewed/c1")
        assert not before["degraded"]
        postgres_server.stop()
        try:
            away = server.get("/v1/recently-viewed/c1")
            assert away["degraded"]
            assert [line["item"] for line in away["items"]] == [line["item"] for line in before["items"]]
            assert server.get("/v1/trending")["scenario"] == "trending"
            with pytest.raises(HTTPError) as refused:
                server.post(
                    "/v1/events", json.dumps({"event_id": "lost", "customer": "c1", "item": name_of(3)}).encode()
                )
            assert refused.value.code == 503
            assert int(refused.value.headers["Retry-After"]) >= 1
            assert server.get("/health/ready")["status"] == "degraded"
        finally:
            postgres_server.start()
        end = time.monotonic() + 30
        while server.get("/v1/recommend/c1")["degraded"] and time.monotonic() < end:
            time.sleep(0.1)
        after = server.post(
            "/v1/events", json.dumps({"event_id": "after", "customer": "c1", "item": name_of(3)}).encode()
        )
        assert after["stored"] == 1
    there = events_of(shop)
    assert {"before", "after"} <= set(there)
    assert "lost" not in there


def test_two_replicas_of_one_database_answer_alike(postgres_server, tmp_path):
    shop = written(tmp_path / "shop", postgres_server.schema("both"))
    with Served(shop, core=None) as one, Served(shop, core=None) as other:
        lines = [{"customer": f"c{n % 20}", "item": name_of(n % 60), "age": 60} for n in range(200)]
        assert one.post("/v1/events", json.dumps(lines).encode())["stored"] == 200
        end = time.monotonic() + 30
        while time.monotonic() < end and any(shown(one, n) != shown(other, n) for n in range(20)):
            time.sleep(0.5)
        assert [shown(one, n) for n in range(20)] == [shown(other, n) for n in range(20)]


def shown(server, customer):
    paths = (f"/v1/recommend/c{customer}", f"/v1/recently-viewed/c{customer}", f"/v1/similar/{name_of(customer)}")
    answers = [server.get(path) for path in paths]
    return [[(line["item"], line["source"]) for line in answer["items"]] for answer in answers]
