"""A shop's page in a real browser, on another site than the service; what comes of it is looked up in the store."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from regulars.serving.app import app
from regulars.serving.client import Client
from regulars.serving.gate import Access
from regulars.serving.keys import made
from serving.http.browser import browser
from serving.http.live import listening

PAGES = Path(__file__).parent / "page"
LATER = 600_000  # milliseconds that events wait when nothing but the end of the page sends them


class Site(BaseHTTPRequestHandler):
    """The server of the shop: its pages, and the login, which merges the visitor with a key that no page sees."""

    def do_GET(self):
        path, _, query = self.path.partition("?")
        page = PAGES / (path.strip("/") or "index.html")
        if not page.is_file():
            self._answer(404, b"")
            return
        known = {"SERVICE": self.server.service, "KEY": self.server.key, "DELAY": query or "20"}
        text = page.read_text()
        for name, value in known.items():
            text = text.replace(name, value)
        self._answer(200, text.encode())

    def do_POST(self):
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with Client(self.server.service, key=self.server.secret) as backend:
            backend.merge(told["visitor"], told["customer"])
        self._answer(200, b"{}")

    def _answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@contextmanager
def site():
    """An address under which `service`, `key` and `secret` of the server are to be set."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server, f"http://localhost:{server.server_port}"  # not 127.0.0.1: another site for the browser
        server.shutdown()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture(scope="module")
def shop(service):
    """The site in front of the service, whose only origin it is."""
    secrets = {}
    for role in ("page", "admin"):
        secrets[role], key = made(f"browser {role}", (role,))
        service.store.keys.put(key)
    with site() as (server, origin), listening(app(service, access=Access(origins=[origin]))) as url:
        server.service, server.key, server.secret = url, secrets["page"], secrets["admin"]
        yield SimpleNamespace(origin=origin, url=url, store=service.store, secrets=secrets)


@pytest.fixture
def tab(chromium, shop):
    """The page, as somebody sees it who was never here."""
    made = chromium.tab(f"{shop.origin}/elsewhere.html")
    made.run("localStorage.clear()")
    made.go(shop.origin)
    made.run("begun")
    yield made
    made.close()


def events(shop, user):
    return [(one.item_id, one.kind) for one in shop.store.events.histories([user])[0]]


def await_events(shop, user, n):
    until = time.monotonic() + 20
    while len(found := events(shop, user)) < n and time.monotonic() < until:
        time.sleep(0.02)
    return found


def test_a_visitor_looks_puts_into_the_cart_and_buys_and_the_next_list_knows(shop, tab):
    shown = tab.run("begun.then(answer => answer.items.map(line => line.item))")
    assert tab.run("document.querySelectorAll('#list li').length") == len(shown) == 5
    tab.run("(shop.track('i05'), shop.track('i07'))")
    tab.click("#list li:nth-child(1) button:nth-of-type(1)")
    tab.click("#list li:nth-child(2) button:nth-of-type(2)")
    assert tab.run("shop.flush()") is True
    visitor = tab.run("shop.visitor()")
    found = {one.item_id: one for one in shop.store.events.histories([visitor])[0]}
    assert {item: one.kind for item, one in found.items()} == {
        "i05": "view",
        "i07": "view",
        shown[0]: "cart",
        shown[1]: "purchase",
    }
    assert (found[shown[1]].value, found[shown[1]].quantity) == (2.49, 1.0)
    exposure = tab.run("begun.then(answer => answer.exposure_id)")
    assert {found[shown[0]].exposure_id, found[shown[1]].exposure_id} == {exposure}
    assert (found["i05"].exposure_id, found["i05"].time) == ("", pytest.approx(time.time(), abs=30))
    answer = tab.run("show()")
    assert answer["known"] is True
    assert answer["asked"][0] == "item_knn"
    assert tab.complaints() == []


def test_after_the_login_what_the_visitor_did_is_the_customers_and_the_list_too(shop, tab):
    tab.run("(shop.track('i31'), shop.flush())")
    visitor, before = tab.run("shop.visitor()"), events(shop, "c7")
    assert tab.run("login()") == 200
    assert shop.store.events.owner(visitor) == "c7"
    assert sorted(events(shop, "c7")) == sorted([*before, ("i31", "view")])
    with Client(shop.url, key=shop.secrets["admin"]) as backend:
        theirs = [line.item for line in backend.recommend("c7", k=5, dry_run=True).items]
    assert tab.run("[...document.querySelectorAll('#list b')].map(name => name.textContent)") == theirs
    tab.run("(shop.track('i33'), shop.flush())")
    assert ("i33", "view") in events(shop, "c7")
    tab.click("#logout")
    assert tab.run("shop.visitor()") != visitor


def test_nothing_is_kept_of_who_did_not_agree_and_all_of_it_goes_when_that_is_taken_back(chromium, shop, tab):
    tab.run("(shop.track('i01'), shop.flush())")
    stranger = tab.run("shop.visitor()")
    assert tab.run("JSON.stringify(localStorage)") == "{}"
    tab.go(shop.origin)
    assert tab.run("shop.visitor()") != stranger
    tab.click("#consent")
    visitor = tab.run("shop.visitor()")
    tab.go(shop.origin)
    assert tab.run("shop.visitor()") == visitor
    other = chromium.tab(shop.origin)
    assert other.run("shop.visitor()") == visitor
    other.close()
    tab.click("#consent")
    assert tab.run("Object.keys(localStorage)") == ["agreed"]
    assert tab.run("shop.visitor()") != visitor


@pytest.mark.parametrize("end", ["another page", "the tab is closed"])
def test_what_waits_when_the_page_goes_arrives_by_itself(chromium, shop, end):
    tab = chromium.tab(f"{shop.origin}/?{LATER}")
    visitor = tab.run("begun.then(() => shop.visitor())")
    tab.run("Array.from({ length: 120 }, (_, n) => shop.track('i' + String(n % 40).padStart(2, '0')))")
    assert (tab.run("shop.waiting()"), events(shop, visitor)) == (120, [])
    if end == "another page":
        tab.run("document.getElementById('away').click()")
    else:
        tab.call("Page.close")
    assert len(await_events(shop, visitor, 120)) == 120


def test_what_is_under_way_when_the_page_goes_is_stored_once_and_the_rest_beside_it(chromium, shop):
    tab = chromium.tab(f"{shop.origin}/?{LATER}")
    visitor = tab.run("begun.then(() => shop.visitor())")
    tab.run("(shop.track('i01'), void shop.flush(), shop.track('i02'), document.getElementById('away').click())")
    assert sorted(await_events(shop, visitor, 2)) == [("i01", "view"), ("i02", "view")]
    tab.close()


def test_events_wait_in_the_browser_while_the_service_does_not_take_them(chromium, shop, tab):
    tab.click("#consent")
    visitor = tab.run("shop.visitor()")
    tab.call("Network.enable")
    away = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    tab.call("Network.emulateNetworkConditions", **away)
    tab.run("shop.track('i11')")
    assert tab.run("shop.flush()") is False
    other = chromium.tab(f"{shop.origin}/elsewhere.html")
    assert len(other.run("JSON.parse(localStorage['regulars.queue'])")) == 1
    other.close()
    tab.call("Network.emulateNetworkConditions", **{**away, "offline": False})
    assert await_events(shop, visitor, 1) == [("i11", "view")]
    assert tab.run("shop.flush()") is True
    assert tab.run("localStorage['regulars.queue'] === undefined")


def test_the_key_of_a_page_asks_for_nobody_else_and_changes_nothing(shop, tab):
    refused = """fetch('URL/v1/PATH', { method: 'METHOD', headers: { 'X-Api-Key': 'KEY',
        'Content-Type': 'application/json' }, body: BODY }).then(reply => reply.status)"""
    for method, path, body in (
        ("POST", "recommend", {"customer": "c7"}),
        ("POST", "recommend", {"rules": {"where": "price > 3"}}),
        ("POST", "rerank", {"items": ["i01"]}),
        ("GET", "recommend/c7", None),
        ("GET", "audience/i01", None),
        ("DELETE", "customers/c7", None),
        ("POST", "visitors/v-1/merge", {"customer": "c7"}),
    ):
        known = {"URL": shop.url, "PATH": path, "METHOD": method, "KEY": shop.secrets["page"]}
        script = refused
        for name, value in known.items():
            script = script.replace(name, value)
        said = "undefined" if body is None else f"JSON.stringify({json.dumps(body)})"
        assert tab.run(script.replace("BODY", said)) == 403, (method, path)


def test_a_page_of_another_site_gets_nothing_and_stores_nothing(chromium, service, shop):
    with site() as (server, origin):
        server.service, server.key, server.secret = shop.url, shop.secrets["page"], ""
        tab = chromium.tab(origin)
        tab.run("begun")
        assert "Failed to fetch" in tab.run("document.getElementById('said').textContent")
        tab.run("shop.track('i01')")
        assert tab.run("shop.flush()") is False
        assert events(shop, tab.run("shop.visitor()")) == []
        assert any("CORS" in one for one in tab.complaints())
        tab.close()
