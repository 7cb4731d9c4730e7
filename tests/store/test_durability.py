"""What was acknowledged is there, whoever is killed in the middle of it."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from regulars.store import Event, Exposure, open_store

CLIENT = """
import sys, threading, time, itertools
from regulars.core.errors import StoreUnavailable
from regulars.store import Event, Writer, open_store

url, name = sys.argv[1:]
store = open_store(url, timeout=2)
writer = Writer(store.events)
lock = threading.Lock()

def work(thread):
    for n in itertools.count():
        ids = [f"{name}-{thread}-{n}-{one}" for one in range(1 + thread * 7)]
        try:
            writer.append([Event(one, f"u{n % 50}", "tea", "view", n) for one in ids])
        except StoreUnavailable:
            time.sleep(0.05)
            continue
        with lock:
            sys.stdout.write(" ".join(ids) + "\\n")
            sys.stdout.flush()

print("ready", flush=True)
for thread in range(4):
    threading.Thread(target=work, args=(thread,), daemon=thread > 0).start()
"""


class Client:
    """A process that appends and says each acknowledged id."""

    def __init__(self, url, tmp_path, name):
        self.said = (tmp_path / f"{name}.txt").open("w+")
        source = Path(__file__).parents[2] / "src"
        environment = {**os.environ, "PYTHONPATH": str(source)}
        command = [sys.executable, "-c", CLIENT, url, name]
        self.process = subprocess.Popen(command, stdout=self.said, env=environment)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()
        self.said.close()

    def acknowledged(self):
        self.said.flush()
        whole = Path(self.said.name).read_text().rpartition("\n")[0]  # a line may be cut off by the kill
        return {one for line in whole.splitlines()[1:] for one in line.split()}

    def wait_for(self, n):
        end = time.monotonic() + 30
        while len(self.acknowledged()) < n:
            assert time.monotonic() < end
            assert self.process.poll() is None
            time.sleep(0.02)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return self.acknowledged()


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shop.db'}"
    return request.getfixturevalue("postgres_server").schema(uuid.uuid4().hex)


def stored(url):
    store = open_store(url, create=False)
    try:
        return [one.event.event_id for one in store.events.since(0, limit=10**7)]
    finally:
        store.close()


def test_what_was_acknowledged_is_there_after_kill_9(url, tmp_path):
    acknowledged = set()
    for round in range(2):
        with Client(url, tmp_path, f"round{round}") as client:
            client.wait_for(500)
            acknowledged |= client.kill()
        found = stored(url)
        assert len(found) == len(set(found))
        assert acknowledged <= set(found)
    assert len(acknowledged) >= 1_000


def test_a_batch_is_there_whole_or_not_at_all_after_kill_9(url, tmp_path):
    with Client(url, tmp_path, "whole") as client:
        client.wait_for(300)
        client.kill()
    batches = {}
    for event_id in stored(url):
        thread, number = event_id.split("-")[1:3]
        batches[thread, number] = batches.get((thread, number), 0) + 1
    assert all(count == 1 + int(thread) * 7 for (thread, _), count in batches.items())


def test_what_was_acknowledged_is_there_after_the_server_was_killed(postgres_server, tmp_path):
    url = postgres_server.schema(uuid.uuid4().hex)
    with Client(url, tmp_path, "server") as client:
        client.wait_for(300)
        postgres_server.kill()
        before = client.acknowledged()
        postgres_server.start()
        client.wait_for(len(before) + 300)  # it goes on by itself
        acknowledged = client.kill()
    found = stored(url)
    assert len(found) == len(set(found))
    assert acknowledged <= set(found)


def test_erased_events_are_not_in_the_bytes_of_the_files(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'shop.db'}")
    secret = "a-very-telling-item"
    store.events.append([Event(str(n), "anna", secret, "view", n) for n in range(500)])
    store.events.append([Event("b", "ben", "tea", "view", 1)])
    assert len(store.events.histories(["anna"])[0]) == 500  # a reader that stays open
    store.events.merge("phone-of-hers", "anna")
    store.customers.put({"anna": {"town": "Bonn"}, "ben": {}})
    store.exposures.append(
        [Exposure(str(n), "anna", "home", n, ("tea",), (1.0,), ("als",), (1.0,)) for n in range(300)]
    )
    store.erasures.erase("anna")
    told = (secret.encode(), b"anna", b"phone-of-hers", b"Bonn")
    assert not any(word in path.read_bytes() for path in tmp_path.iterdir() for word in told)
    store.close()
    assert not any(word in path.read_bytes() for path in tmp_path.iterdir() for word in told)
