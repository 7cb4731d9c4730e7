"""serve and keys, as a platform engineer meets them on the first day."""

import json
import re
import signal
import time

import pytest
import urllib3

from regulars.cli.serving import check_open
from regulars.core.errors import ConfigError
from regulars.serving.client import Client
from regulars.serving.keys import digest_of
from regulars.store import open_store

SECONDS = 60


class Running:
    """`regulars serve` in a process of its own, on a free port."""

    def __init__(self, shop, *words):
        self.process = shop.start("serve", "--port", "0", "--quiet", *words)
        self.said = []
        self.url = ""
        until = time.monotonic() + SECONDS
        while not self.url and time.monotonic() < until:
            line = self.process.stderr.readline()
            assert line or self.process.poll() is None, "".join(self.said)
            self.said.append(line)
            self.url = "".join(re.findall(r"(http://\S+);", line))
        wait(lambda: urllib3.request("GET", f"{self.url}/health/ready", retries=20).status == 200)

    def stop(self, sign=signal.SIGTERM):
        self.process.send_signal(sign)
        out, err = self.process.communicate(timeout=SECONDS)
        return out, "".join(self.said) + err


@pytest.fixture
def running():
    """Starts `regulars serve`; what still runs at the end is killed."""
    begun = []

    def start(shop, *words):
        begun.append(Running(shop, *words))
        return begun[-1]

    yield start
    for one in begun:
        one.process.kill()
        one.process.communicate()


def wait(true):
    until = time.monotonic() + SECONDS
    while not true() and time.monotonic() < until:
        time.sleep(0.05)
    assert true()


def kept(shop):
    return open_store(f"sqlite:///{shop.output / 'service.db'}")


@pytest.mark.parametrize("fitted", [True, False])
def test_one_command_serves_a_shop_on_the_first_day_and_goes_on_the_next(shop, running, fitted):
    if fitted:
        shop.ok("fit", "--method", "item_knn", "--quiet")
    first = running(shop)
    wait(lambda: urllib3.request("GET", f"{first.url}/health/live").status == 200)
    assert urllib3.request("GET", f"{first.url}/v1/popular").status == 401
    out, _ = stopped = first.stop()
    secret = out.strip()
    assert re.fullmatch(r"reg_[\w-]{43}", secret)
    assert first.process.returncode == 0, stopped

    second = running(shop)
    with Client(second.url, secret) as client:
        answer = client.recommend("c-001", k=5)
        assert len(answer.items) == 5
        assert answer.known
        client.track("stranger", "0007")
        assert client.flush()
        assert client.recently_viewed("stranger").items[0].item == "0007"
        assert bool(client.models.all().models) == fitted
        assert (answer.items[0].source == "item_knn") == fitted
    out, err = second.stop(signal.SIGINT)
    assert (out, second.process.returncode) == ("", 0), err
    assert "Traceback" not in err
    store = kept(shop)
    assert [event.item_id for event in store.events.histories(["stranger"])[0]] == ["0007"]
    store.close()


def test_an_open_service_asks_for_no_key_and_logs_lines_of_json(shop, running):
    served = running(shop, "--open")
    assert urllib3.request("GET", f"{served.url}/v1/popular?k=3", headers={"X-Request-Id": "r-7"}).status == 200
    out, err = served.stop()
    assert out == ""
    lines = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    (line,) = [one for one in lines if one.get("request_id") == "r-7"]
    assert (line["path"], line["status"], line["level"]) == ("/v1/popular", 200, "info")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "shop.example", ""])
def test_everybody_is_let_in_on_one_machine_only(host):
    check_open("127.0.0.1", open_to_all=True)
    check_open("localhost", open_to_all=True)
    check_open("::1", open_to_all=True)
    check_open(host, open_to_all=False)
    with pytest.raises(ConfigError, match="one machine only"):
        check_open(host, open_to_all=True)


def test_a_place_that_is_taken_is_said_at_once(shop):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = shop.run("serve", "--port", taken.getsockname()[1], "--quiet")
    assert answer.code == 4
    assert "cannot be listened at" in answer.said
    answer = shop.run("serve", "--open", "--host", "0.0.0.0")
    assert (answer.code, "one machine only" in answer.said) == (4, True)
    assert not (shop.output / "service.db").exists()


def test_keys_are_shown_once_listed_and_revoked(shop):
    made = shop.ok("keys", "make", "site", "--role", "events")
    secret = re.search(r"reg_[\w-]{43}", made.out)[0]
    store = kept(shop)
    assert store.keys.find(digest_of(secret)).roles == ("events",)
    store.close()
    listed = shop.ok("keys", "list", "--json").json
    assert [(key["name"], key["roles"], key["revoked"]) for key in listed] == [("site", "events", "")]
    assert secret not in shop.ok("keys").said
    shop.ok("keys", "revoke", "site")
    assert shop.ok("keys", "list", "--json").json[0]["revoked"]
    again = shop.ok("keys", "make", "site", "--role", "read", "--role", "events", "--json").json
    assert again["roles"] == ["read", "events"]
    assert again["key"] != secret


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["make"], "wants a name and a role"),
        (["make", "site"], "wants a name and a role"),
        (["make", "site", "--role", "root"], "a role is one of"),
        (["revoke", "nobody"], "no key 'nobody' in use"),
        (["burn", "site"], "keys can list, make, revoke"),
    ],
)
def test_mistakes_with_keys_are_explained(shop, words, said):
    answer = shop.run("keys", *words)
    assert (answer.code, said in answer.said) == (4, True), answer.said


def test_a_name_is_used_by_one_key_at_a_time(shop):
    shop.ok("keys", "make", "site", "--role", "events")
    assert "already" in shop.run("keys", "make", "site", "--role", "admin").said
