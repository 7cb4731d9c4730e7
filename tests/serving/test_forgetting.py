"""Who was erased through one replica is forgotten by the other, and stands in no log."""

import io
import json
import logging
import time

import pytest

from regulars.core.errors import NotYet
from regulars.serving.logs import JsonLines
from regulars.serving.questions import Question, Reach
from regulars.serving.wiring import Setup, open_service
from regulars.store import Event, open_store
from serving.http.shopfront import Shopfront
from serving.shopping import Small

ID = "anna-whose-name-is-told"


def test_the_other_replica_forgets_too(tmp_path):
    setup = Setup(store=f"sqlite:///{tmp_path / 'shop.db'}", folder=tmp_path / "models", pause=0.05)
    store = open_store(setup.store)
    store.events.append([Event(str(n), f"c{n}", "tea", "view", n + 1) for n in range(5)])
    store.events.append([Event("x", ID, "tea", "view", 1), Event("y", "phone", "milk", "view", 1)])
    store.events.merge("phone", ID)
    store.items.put({"tea": {}, "milk": {}})
    one, other = open_service(setup), open_service(setup, store)
    try:
        other.engine.answer([Question(scenario="popular", customer=ID), Question(scenario="popular", customer="phone")])
        other.engine.answer([Question(scenario="popular", customer="c1")])
        _read(other)
        assert {ID, "phone", "c1"} <= other.engine.remembered()
        one.store.erasures.erase(ID)
        until = time.monotonic() + 20
        while {ID, "phone"} & other.engine.remembered() and time.monotonic() < until:
            time.sleep(0.02)
        assert not {ID, "phone"} & other.engine.remembered()
        assert "c1" in other.engine.remembered()
    finally:
        one.close()
        other.close()


def _read(service):
    while True:
        try:
            return service.engine.audience("tea", Reach(scenario="recently_viewed"))
        except NotYet:
            time.sleep(0.02)


def test_no_line_of_the_log_tells_of_whom_a_request_was(tmp_path):
    shop, said = Shopfront(tmp_path), io.StringIO()
    handler = logging.StreamHandler(said)
    handler.setFormatter(JsonLines())
    access = logging.getLogger("regulars.access")
    access.addHandler(handler)
    access.setLevel(logging.INFO)
    try:
        for method, path in (
            ("GET", f"/v1/recommend/{ID}"),
            ("GET", f"/v1/popular?customer={ID}"),
            ("GET", f"/v1/buy-again/{ID}"),
            ("PUT", f"/v1/customers/{ID}"),
            ("GET", f"/v1/customers/{ID}/export"),
            ("POST", f"/v1/visitors/{ID}/merge"),
            ("DELETE", f"/v1/customers/{ID}"),
        ):
            shop.ask(method, path, json={} if method == "PUT" else {"customer": "c1"} if method == "POST" else None)
    finally:
        access.removeHandler(handler)
        shop.close()
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    assert [line["path"] for line in lines][:3] == [
        "/v1/recommend/{customer}",
        "/v1/popular",
        "/v1/buy-again/{customer}",
    ]
    assert len(lines) == 7
    assert ID not in said.getvalue()
    assert all(line["status"] == 200 for line in lines)


def test_nothing_is_hashed_while_nobody_is_erased(shop: Small, monkeypatch):
    from regulars.serving.forgetting import Forgetting

    asked = []
    watching = Forgetting(shop.store.erasures, lambda: asked.append(1) or [], pytest.fail, pause=60)
    watching.look()
    assert not asked
    watching.close()
