"""Who may do what, with which key, how often."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from regulars.core.errors import StoreUnavailable
from regulars.serving import keys
from regulars.serving.gate import Access
from regulars.serving.keys import made
from regulars.serving.limits import Buckets, Limits
from regulars.serving.routes import ENDPOINTS
from serving.http.shopfront import Shopfront

EVENT = {"customer": "c1", "item": "tea"}


@pytest.fixture
def guarded(tmp_path):
    """A shop with a key of each role; its secrets by role."""
    shop = Shopfront(tmp_path, access=Access(open=False))
    secrets = {}
    for role in keys.ROLES:
        secrets[role], key = made(f"key of {role}", (role,))
        shop.store.keys.put(key)
    yield shop, secrets
    shop.close()


def test_without_a_key_nothing_but_health_and_documents_is_told(guarded):
    shop, _ = guarded
    for endpoint in ENDPOINTS:
        path = endpoint.path.replace("{", "").replace("}", "")
        reply = shop.ask(endpoint.method, path)
        assert (reply.status_code == 401) == bool(endpoint.role), endpoint.name
        if endpoint.role:
            assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("secret", ["wrong", "reg_" + "a" * 43, "", "ä", "' OR 1=1 --", "a" * 10_000])
def test_a_wrong_key_is_refused(guarded, secret):
    shop, _ = guarded
    reply = shop.ask("GET", "/v1/popular", headers={"X-Api-Key": secret.encode()})
    assert reply.status_code == 401


def test_a_key_does_what_its_role_says_and_no_more(guarded):
    shop, secrets = guarded
    allowed = {"events": {"events"}, "page": {"events", "page"}, "read": {"page", "read"}, "admin": set(keys.ROLES)}
    for role, may in allowed.items():
        for wanted, (method, path, body) in {
            "events": ("POST", "/v1/events", EVENT),
            "page": ("POST", "/v1/recommend", {"customer": "v-" + "a" * 32}),
            "read": ("GET", "/v1/popular", None),
            "admin": ("PUT", "/v1/items/tea", {"price": 1}),
        }.items():
            reply = shop.ask(method, path, json=body, key=secrets[role])
            assert reply.status_code == (200 if wanted in may else 403), (role, wanted)


def test_a_key_of_the_role_events_can_post_events_and_nothing_else(guarded):
    shop, secrets = guarded
    for endpoint in ENDPOINTS:
        if endpoint.role:
            reply = shop.ask(endpoint.method, endpoint.path.replace("{", "").replace("}", ""), key=secrets["events"])
            assert (reply.status_code != 403) == (endpoint.path == "/v1/events"), endpoint.name


@pytest.mark.parametrize("customer", ["c1", "v-1", "v-" + "A" * 32, "v-" + "a" * 33, "v-" + "a" * 32 + "\n"])
def test_the_key_of_a_page_asks_for_no_id_that_can_be_guessed(guarded, customer):
    shop, secrets = guarded
    reply = shop.ask("POST", "/v1/recommend", json={"customer": customer}, key=secrets["page"])
    assert reply.status_code == 403
    assert "the shop's server" in reply.json()["detail"]


@pytest.mark.parametrize("weight", [-1, 10.5, 1e15])
def test_one_event_of_a_page_cannot_outweigh_those_of_everybody_else(guarded, weight):
    shop, secrets = guarded
    heavy = [{**EVENT, "weight": weight}, {**EVENT, "kind": "rating", "weight": 5}]
    reply = shop.ask("POST", "/v1/events", json=heavy, key=secrets["page"])
    assert (reply.status_code, reply.json()["stored"]) == (207, 1)
    assert reply.json()["refused"][0]["where"] == "weight"
    assert shop.ask("POST", "/v1/events", json=heavy, key=secrets["events"]).json()["stored"] == 2


def test_either_header_carries_the_key(guarded):
    shop, secrets = guarded
    for headers in ({"X-Api-Key": secrets["read"]}, {"Authorization": f"bearer  {secrets['read']}"}):
        assert shop.ask("GET", "/v1/popular", headers=headers).status_code == 200
    assert shop.ask("GET", "/v1/popular", headers={"Authorization": f"Basic {secrets['read']}"}).status_code == 401
    assert shop.ask("GET", f"/v1/popular?key={secrets['read']}").status_code == 401


def test_a_secret_is_nowhere_in_the_store(guarded, tmp_path):
    shop, secrets = guarded
    shop.ask("GET", "/v1/popular", key=secrets["read"])
    shop.store.dump(tmp_path / "dump")
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not any(secret.encode() in kept for secret in secrets.values())
    assert keys.digest_of(secrets["read"]).encode() in kept


def test_a_revoked_key_stops_within_seconds(guarded, monkeypatch):
    shop, secrets = guarded
    assert shop.ask("GET", "/v1/popular", key=secrets["read"]).status_code == 200
    shop.store.keys.revoke("key of read")
    monkeypatch.setattr(keys, "FRESH_SECONDS", 0.0)
    shop.app._gate._keys._clock = lambda: 1e12  # seconds later
    assert shop.ask("GET", "/v1/popular", key=secrets["read"]).status_code == 401


def test_known_keys_go_on_while_the_store_is_away_and_unknown_ones_are_told_so(guarded):
    shop, secrets = guarded
    assert shop.ask("GET", "/v1/popular", key=secrets["read"]).status_code == 200
    ring = shop.app._gate._keys

    ring._keys, ring._clock = SimpleNamespace(find=lambda digest: _away()), lambda: 1e12
    assert shop.ask("GET", "/v1/popular", key=secrets["read"]).status_code == 200
    assert shop.ask("GET", "/v1/popular", key=secrets["admin"]).status_code == 503


def test_a_key_that_nobody_has_shown_yet_is_known_while_the_store_is_away_if_it_was_there_at_the_start(guarded):
    shop, secrets = guarded
    shop.store.keys.revoke("key of events")
    gone = SimpleNamespace(all=shop.store.keys.all, find=shop.store.keys.find)
    ring = keys.Keyring(gone, ThreadPoolExecutor(1))
    gone.find = lambda digest: _away()
    assert asyncio.run(ring.find(secrets["read"])).name == "key of read"
    for unknown in (secrets["events"], "wrong"):
        with pytest.raises(StoreUnavailable):
            asyncio.run(ring.find(unknown))


def _away():
    raise StoreUnavailable("the database does not answer")


def test_guessing_keys_does_not_fill_the_memory_nor_push_out_good_ones(guarded, monkeypatch):
    shop, secrets = guarded
    monkeypatch.setattr(keys, "MOST", 20)
    shop.ask("GET", "/v1/popular", key=secrets["read"])
    for number in range(50):
        assert shop.ask("GET", "/v1/popular", key=f"guess {number}").status_code == 401
    known = shop.app._gate._keys._known
    assert len(known) <= 21
    assert keys.digest_of(secrets["read"]) in known


def test_who_asks_too_often_is_told_when_to_come_back(tmp_path):
    shop = Shopfront(tmp_path, limits=Limits(requests_per_minute=3))
    replies = [shop.ask("GET", "/v1/popular") for _ in range(5)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429, 429]
    assert 1 <= int(replies[-1].headers["retry-after"]) <= 21
    assert shop.ask("GET", "/health/live").status_code == 200
    shop.close()


def test_a_bucket_fills_again_and_each_key_has_its_own():
    buckets = Buckets(60)
    assert [buckets.take("a", 0.0) for _ in range(60)] == [0.0] * 60
    assert buckets.take("a", 0.0) == pytest.approx(1.0)
    assert buckets.take("b", 0.0) == 0.0
    assert buckets.take("a", 0.5) == pytest.approx(0.5)
    assert buckets.take("a", 1.0) == 0.0
    assert [buckets.take("a", 10_000.0) for _ in range(61)][-1] > 0
    assert Buckets(0).take("a", 0.0) == 0.0
