"""What comes in: paths, bodies, methods, headers; what goes wrong is said as a problem, never as a stack trace."""

import asyncio
import json
import logging
import socket
import threading
import time
from urllib.parse import quote

import pytest

from regulars.core.errors import Overloaded, StoreUnavailable
from regulars.serving.limits import Limits
from serving.http.live import listening
from serving.http.shopfront import Away, Shopfront

ODD_IDS = [
    "a/b",
    "a b",
    "ä€😀",
    "%2F",
    "a?b#c",
    "..",
    "a%",
    "+",
    "'; DROP TABLE events; --",
    "\u202e",
    "\r\nX: y",
    "a\\b",
]


def problem(reply):
    assert reply.headers["content-type"] == "application/problem+json"
    told = reply.json()
    assert {"type", "title", "status", "detail", "instance", "request_id"} <= set(told)
    assert told["status"] == reply.status_code
    assert told["request_id"] == reply.headers["x-request-id"]
    assert "Traceback" not in reply.text
    return told


@pytest.mark.parametrize("name", ODD_IDS)
def test_every_id_may_stand_in_a_path(shop, name):
    path = quote(name, safe="").replace(".", "%2E")
    assert shop.ask("PUT", f"/v1/items/{path}", json={"price": 1}).status_code == 200
    assert shop.ask("GET", f"/v1/items/{path}").json()["id"] == name
    assert shop.ask("GET", f"/v1/similar/{path}").status_code == 200
    assert shop.engine.asked[-1].basket == (name,)
    shop.ask("POST", "/v1/events", json={"customer": name, "item": name})
    assert shop.ask("GET", f"/v1/recommend/{path}?k=1").json()["items"][0]["item"] == name


@pytest.mark.parametrize("path", ["%FF", "%00", "a%00b", "x" * 513, "%C3"])
def test_an_id_that_cannot_be_is_refused(shop, path):
    assert problem(shop.ask("GET", f"/v1/items/{path}"))["status"] == 400


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/items/", "/v1/recommend", "//v1/items/a", "/v1/items/a/b", "/etc/passwd"]
)
def test_a_path_that_is_not_there_is_said(shop, path):
    assert problem(shop.ask("GET", path))["status"] in (404, 405)


def test_methods_are_told(shop):
    reply = shop.ask("POST", "/v1/items/tea", json={})
    assert problem(reply)["status"] == 405
    assert reply.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
    reply = shop.ask("OPTIONS", "/v1/items/tea")
    assert (reply.status_code, reply.headers["allow"]) == (204, "DELETE, GET, HEAD, OPTIONS, PATCH, PUT")
    full, head = (shop.ask(method, "/v1/popular") for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == full.headers["content-length"]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "NaN",
        '{"k": NaN}',
        '{"k": 1e999}',
        '{"k": 1' + "0" * 400 + "}",
        '{"k": 1' + "0" * 5000 + "}",
        '{"k": -1}',
        '{"k": 1001}',
        '{"k": "5"}',
        '{"k": true}',
        '{"customer": 7}',
        '{"customer": "\\ud800"}',
        '{"customer": "\\u0000"}',
        '{"session": [{"item": ""}]}',
        '{"session": {}}',
        '{"wrong": 1}',
        '{"context": {"a": {"b": {"c": 1}}}}',
        '{"context": {"": 1}}',
        '{"rules": ' + '{"a":' * 20 + "1" + "}" * 20 + "}",
        "[" * 100_000,
        '{"rules": {"a": ' + "[" * 100_000,
        b"\xff\xfe",
        b'{"customer": "\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        b"\x00" * 10,
    ],
)
def test_a_body_that_cannot_be_is_refused_with_the_place(shop, body):
    reply = shop.ask("POST", "/v1/recommend", content=body)
    assert problem(reply)["status"] in (400, 422)
    assert not shop.engine.asked


def test_a_mistake_is_told_with_its_place_and_what_was_wanted(shop):
    told = problem(shop.ask("POST", "/v1/recommend", json={"session": [{"item": "a"}, {"item": 7}]}))
    assert told["errors"] == [{"where": "session[1].item", "wanted": "Expected a text, got a whole number"}]
    told = problem(shop.ask("GET", "/v1/recommend/c1?k=many"))
    assert told["errors"][0]["where"] == "k"
    told = problem(shop.ask("GET", "/v1/recommend/c1?size=5"))
    assert "there is no size; there is " in told["detail"]
    assert "scenario" in told["detail"]
    told = problem(shop.ask("POST", "/v1/recommend", json={"session": [{"name": "a"}]}))
    assert told["errors"][0]["wanted"] in ("required: item", "there is no name")
    told = problem(shop.ask("POST", "/v1/recommend", json={"customer": "a\0b"}))
    assert told["errors"] == [{"where": "customer", "wanted": "a text without the character zero"}]
    assert "given once" in problem(shop.ask("GET", "/v1/popular?k=1&k=2"))["detail"]
    assert "home" in problem(shop.ask("GET", "/v1/recommend/c1?scenario=hom"))["detail"]
    assert "wrong" in problem(shop.ask("POST", "/v1/recommend", json={"rules": {"where": "wrong"}}))["detail"]


def test_query_strings_carry_lists_and_the_context(shop):
    shop.ask("GET", "/v1/recommend/c1?basket=a%2Fb&basket=c&context[store]=12&context%5Bpage%5D=%C3%A4&explain=false")
    asked = shop.engine.asked[-1]
    assert (asked.basket, asked.context, asked.explain) == (("a/b", "c"), {"store": "12", "page": "ä"}, False)
    assert problem(shop.ask("GET", "/v1/recommend/c1?context[store]=%FF"))["status"] == 400
    for wrong in ("context[a][b]=1", "context[a=1", "context[a]=1&context[a]=2", "context=1", "store[a]=1"):
        assert problem(shop.ask("GET", f"/v1/recommend/c1?{wrong}"))["status"] == 422


def test_a_body_must_say_that_it_is_json(shop):
    for media in ("", "text/plain", "application/x-www-form-urlencoded", "application/x-ndjson"):
        reply = shop.ask("POST", "/v1/recommend", content="{}", headers={"content-type": media})
        assert problem(reply)["status"] == 415
    fine = {"content-type": "Application/JSON; charset=utf-8"}
    assert shop.ask("POST", "/v1/recommend", content="{}", headers=fine).status_code == 200


def test_a_body_that_is_compressed_is_refused_by_that_name(shop):
    for coding, status in (("gzip", 415), ("br, gzip", 415), ("identity", 200), ("", 200)):
        headers = {"content-type": "application/json", "content-encoding": coding}
        reply = shop.ask("POST", "/v1/events", content='{"customer": "c1", "item": "a"}', headers=headers)
        assert reply.status_code == status
        assert status == 200 or coding in problem(reply)["detail"]


def test_request_ids_come_back_if_a_log_can_take_them(shop):
    assert shop.ask("GET", "/health/live", headers={"x-request-id": "abc-1"}).headers["x-request-id"] == "abc-1"
    for bad in ("a b", 'x"y', "x" * 129, "<script>"):
        given = shop.ask("GET", "/health/live", headers={"x-request-id": bad}).headers["x-request-id"]
        assert given != bad
        assert given.isalnum()


def test_each_request_is_one_line_of_the_log(shop, caplog):
    caplog.set_level(logging.INFO, "regulars.access")
    shop.ask("GET", "/v1/recommend/c1?k=3", headers={"x-request-id": "r1"})
    facts = caplog.records[-1].facts
    assert (facts["method"], facts["path"], facts["status"]) == ("GET", "/v1/recommend/{customer}", 200)
    assert (facts["request_id"], facts["key"]) == ("r1", "open")


def test_an_error_that_nobody_foresaw_is_in_the_log_and_not_in_the_answer(shop, caplog):
    shop.engine.fails = ZeroDivisionError("secret of the house")
    reply = shop.ask("GET", "/v1/recommend/c1", headers={"x-request-id": "r1"})
    assert problem(reply)["status"] == 500
    assert "secret" not in reply.text
    assert "secret of the house" in caplog.text
    shop.engine.fails = None
    assert shop.ask("GET", "/v1/recommend/c1").status_code == 200


def test_a_store_that_is_away_or_an_engine_that_has_too_much_to_do_says_when_to_come_back(shop):
    for error in (StoreUnavailable("the database does not answer"), Overloaded("1,000 questions wait")):
        shop.engine.fails = error
        reply = shop.ask("GET", "/v1/recommend/c1")
        assert problem(reply)["status"] == 503
        assert int(reply.headers["retry-after"]) >= 1


def test_ready_says_degraded_when_the_store_is_away_and_starting_before_there_is_anything(shop):
    store = shop.store
    well = {"status": "ok", "store": "up", "version": "v1", "problems": [], "reason": ""}
    assert shop.ask("GET", "/health/ready").json() == well
    shop.store = Away()
    reply = shop.ask("GET", "/health/ready")
    assert (reply.status_code, reply.json()["status"], reply.json()["store"]) == (200, "degraded", "away")
    shop.ready = lambda: False
    assert shop.ask("GET", "/health/ready").status_code == 503
    assert shop.ask("GET", "/health/live").status_code == 200
    shop.store = store


def limited(folder, **limits):
    return Shopfront(folder, limits=Limits(**limits))


def test_a_body_may_not_be_larger_than_said_with_or_without_its_length(tmp_path):
    shop = limited(tmp_path, max_bytes=1_000)
    assert problem(shop.ask("POST", "/v1/recommend", content=b" " * 1_001))["status"] == 413

    async def parts():
        for _ in range(20):
            yield b" " * 100

    chunked = shop.ask("POST", "/v1/recommend", content=parts(), headers={"content-type": "application/json"})
    assert problem(chunked)["status"] == 413
    assert shop.ask("POST", "/v1/recommend", content=b"{}" + b" " * 998).status_code == 200
    shop.close()


def test_one_request_has_at_most_so_many_events(tmp_path):
    shop = limited(tmp_path, max_lines=3)
    event = {"customer": "c1", "item": "a"}
    assert problem(shop.ask("POST", "/v1/events", json=[event] * 4))["status"] == 413
    assert shop.ask("POST", "/v1/events", json=[event] * 3).json()["stored"] == 3
    assert problem(shop.ask("POST", "/v1/events", json=[]))["status"] == 422
    shop.close()


def test_more_requests_than_may_wait_are_sent_away_at_once(tmp_path):
    shop = limited(tmp_path, waiting=2, answer_seconds=5.0)
    shop.engine.blocked.clear()

    async def several():
        first = [asyncio.ensure_future(shop._asked("GET", "/v1/popular")) for _ in range(2)]
        await asyncio.sleep(0.1)
        refused = await shop._asked("GET", "/v1/popular")
        alive = await shop._asked("GET", "/health/live")
        shop.engine.blocked.set()
        return refused, alive, await asyncio.gather(*first)

    refused, alive, answered = shop.runner.run(several())
    assert problem(refused)["status"] == 503
    assert alive.status_code == 200
    assert [one.status_code for one in answered] == [200, 200]
    shop.close()


def test_an_answer_that_takes_too_long_is_given_up(tmp_path):
    shop = limited(tmp_path, answer_seconds=0.05)
    shop.engine.blocked.clear()
    assert problem(shop.ask("GET", "/v1/popular"))["status"] == 504
    shop.engine.blocked.set()
    shop.close()


def sent(port, *parts, pause=0.0):
    """What a server answers to raw bytes until it closes the connection, and how long that took."""
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        for part in parts:
            line.sendall(part)
            time.sleep(pause)
        found = b""
        while part := line.recv(65_536):
            found += part
    return found, time.monotonic() - started


def test_clients_that_take_their_time_are_dropped(tmp_path, monkeypatch):
    monkeypatch.setattr("regulars.serving.server.HEAD_SECONDS", 0.3)
    shop = limited(tmp_path, body_seconds=0.3)
    with listening(shop.app) as url:
        port = int(url.rpartition(":")[2])
        assert sent(port)[1] < 5  # says nothing
        assert sent(port, b"GET /health/live HTTP/1.1\r\nHost: a\r\nX-Slow:")[1] < 5  # half a head
        head = b"POST /v1/recommend HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n"
        reply, seconds = sent(port, head + b"Content-Length: 10\r\n\r\n{")  # half a body
        assert b" 408 " in reply.split(b"\r\n")[0]
        assert seconds < 5
        reply, _ = sent(port, head + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
        assert b" 200 " in reply.split(b"\r\n")[0]
    shop.close()


def test_what_is_not_http_is_refused_and_the_server_goes_on(shop):
    with listening(shop.app) as url:
        port = int(url.rpartition(":")[2])
        for rubbish in (
            b"\x16\x03\x01\x02\x00\x01\x00",
            b"GET\r\n\r\n",
            b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        ):
            reply, _ = sent(port, rubbish + b"\r\n\r\n")
            assert not reply or reply.split(b" ")[1][:1] == b"4"
        reply, _ = sent(port, b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert b" 200 " in reply


def test_metrics_count_what_was_asked(shop):
    for _ in range(3):
        shop.ask("GET", "/v1/recommend/c1?k=2")
    shop.ask("POST", "/v1/events", json=[{"customer": "c1", "item": "a"}, {"item": "a"}])
    page = shop.ask("GET", "/metrics").text
    assert 'regulars_requests_total{route="GET /v1/recommend/{customer}",status="200"} 3.0' in page
    assert 'regulars_events_total{outcome="stored"} 1.0' in page
    assert 'regulars_events_total{outcome="refused"} 1.0' in page
    assert 'regulars_items_shown_total{source="fake"} 6.0' in page
    assert 'regulars_model_info{version="v1"} 1.0' in page
    assert "regulars_store_up 1.0" in page
    assert "regulars_catalog_items 3.0" in page
    assert all(len(line.split(maxsplit=3)[3]) > 15 for line in page.splitlines() if line.startswith("# HELP"))
    shop.store, store = Away(), shop.store
    assert "regulars_store_up 0.0" in shop.ask("GET", "/metrics").text
    shop.store = store


def test_strings_from_outside_reach_the_store_as_strings(shop):
    for text in ODD_IDS:
        assert shop.ask("PUT", "/v1/items/x", json={text: text, "list": [text], "map": {text: text}}).status_code == 200
        assert shop.ask("GET", "/v1/items/x").json()["fields"] == {text: text, "list": [text], "map": {text: text}}
        event = {
            "customer": "c1",
            "item": "i",
            "kind": text,
            "session": text,
            "context": {text: text},
            "event_id": text,
        }
        assert shop.ask("POST", "/v1/events", json=event).json()["stored"] == 1
    kept = shop.ask("GET", "/v1/customers/c1/export").json()["events"]
    assert {event["kind"] for event in kept} == set(ODD_IDS)
    assert {json.dumps(json.loads(event["context"])) for event in kept} == {json.dumps({one: one}) for one in ODD_IDS}
    assert threading.active_count() < 50
