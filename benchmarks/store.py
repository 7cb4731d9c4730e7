"""Events in and histories out of both stores, each acknowledged durably.

SQLite in a temporary folder; PostgreSQL at the address REGULARS_POSTGRES (a schema of its own is made there and
dropped). CPU seconds are those of the client; what a PostgreSQL server needs comes on top.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import polars as pl

from benchmarks.figure import Figure
from benchmarks.measure import Contender, circumstances, race
from regulars.store import Event, Writer, open_store

ADDRESS = "REGULARS_POSTGRES"
EVENTS = 1_000_000
CUSTOMERS = 20_000
Judged = dict[str, float]


def run() -> Iterator[Figure]:
    """Appending, reading, and moving a million events."""
    peers = {"sqlite": "", "postgresql": os.environ.get(ADDRESS, "")}
    for task, target in (("append", "appending"), ("read", "reading"), ("move", "moving")):
        contenders = [
            Contender(name, f"benchmarks.store:{target}", {"url": url}, warm=False, packages=("psycopg",))
            for name, url in peers.items()
            if name == "sqlite" or url
        ]
        yield from race(f"store: {task}", f"{EVENTS:,} events" if task != "append" else "new events", contenders)
        if not peers["postgresql"]:
            why = f"say where a server is: {ADDRESS}=postgresql://..."
            yield Figure(f"store: {task}", "", "postgresql", further={**circumstances(), "absent": why})


def appending(url: str) -> tuple[Callable[[], Judged], Callable[[Judged], Judged]]:
    """New events: batches by one caller, single ones and batches by many at once, each waiting for its own."""
    store = _fresh(url)

    def work() -> Judged:
        writer = Writer(store.events)
        batches = [_events(100) for _ in range(200)]
        found = _paced("one caller, batches of 100", batches, lambda batch: store.events.append(batch), callers=1)
        found |= _paced("one caller, one by one", [_events(1) for _ in range(1_000)], store.events.append, callers=1)
        found |= _paced("8 callers, batches of 100", [_events(100) for _ in range(400)], writer.append, callers=8)
        found |= _paced("64 callers, one by one", [_events(1) for _ in range(20_000)], writer.append, callers=64)
        writer.close()
        return found

    return work, _same


def reading(url: str) -> tuple[Callable[[], Judged], Callable[[Judged], Judged]]:
    """The newest 50 events of customers who have 50 each."""
    store = _fresh(url)
    store.events.load(_table())

    def work() -> Judged:
        drawn = np.random.default_rng(0).integers(0, CUSTOMERS, 2_000)
        names = [f"u{customer}" for customer in drawn]
        found = _each("events of one customer, us", [[name] for name in names], lambda ids: _histories(store, ids))
        found |= _each("pasts of one customer, us", [[name] for name in names], lambda ids: _pasts(store, ids))
        halves = [names[:1_000], names[1_000:]]
        found |= _each("pasts of 1,000 customers, us", halves, lambda ids: _pasts(store, ids))
        since = _each(
            "followers, 10,000 events, us", [[str(place)] for place in range(0, 50_000, 10_000)], _since(store)
        )
        return found | since

    return work, _same


def moving(url: str) -> tuple[Callable[[], Judged], Callable[[Judged], Judged]]:
    """Bulk load, the whole as a table, dump and restore."""
    folder = Path(tempfile.mkdtemp())

    def work() -> Judged:
        table = _table()
        store, other = _fresh(url), _fresh(url)
        shutil.rmtree(folder / "dump", ignore_errors=True)
        found = _took("load, s", lambda: store.events.load(table))
        found |= _took("frame, s", store.events.frame)
        found |= _took("dump, s", lambda: store.dump(folder / "dump"))
        found |= _took("restore, s", lambda: other.restore(folder / "dump"))
        found["dump, MB"] = sum(file.stat().st_size for file in (folder / "dump").iterdir()) / 2**20
        return found

    return work, _same


def _fresh(url: str) -> Any:
    if not url:
        return open_store(f"sqlite:///{tempfile.mkdtemp()}/shop.db")
    import psycopg

    name = f"bench{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    return open_store(f"{url}?options=-csearch_path%3D{name}")


def _events(n: int) -> list[Event]:
    rng = np.random.default_rng()
    users, items = rng.integers(0, CUSTOMERS, n), rng.integers(0, 100_000, n)
    return [
        Event(uuid.uuid4().hex, f"u{user}", f"item{item}", "view", 1_700_000_000, session=f"s{user}")
        for user, item in zip(users, items, strict=True)
    ]


def _table() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "event_id": [f"e{n:012}" for n in range(EVENTS)],
            "user_id": [f"u{user}" for user in rng.permutation(np.arange(EVENTS) % CUSTOMERS)],
            "item_id": [f"item{item}" for item in rng.integers(0, 100_000, EVENTS)],
            "time": 1_700_000_000 + rng.integers(0, 10**7, EVENTS),
        }
    )


def _paced(name: str, batches: Sequence[list[Event]], append: Callable[[list[Event]], Any], *, callers: int) -> Judged:
    """Events a second by the clock, and by the CPU of this process."""
    began, cpu = perf_counter(), process_time()
    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(append, batches))
    n = sum(map(len, batches))
    return {
        f"{name}, events/s": n / (perf_counter() - began),
        f"{name}, events/CPU s": n / (process_time() - cpu),
    }


def _each(name: str, asked: Sequence[list[str]], ask: Callable[[list[str]], Any]) -> Judged:
    """Microseconds of a call: the median by the clock, the mean by the CPU of this process."""
    ask(asked[0])
    cpu, took = process_time(), []
    for one in asked:
        began = perf_counter()
        ask(one)
        took.append(perf_counter() - began)
    return {name: float(np.median(took)) * 1e6, f"{name} CPU": (process_time() - cpu) / len(asked) * 1e6}


def _histories(store: Any, ids: list[str]) -> Any:
    return store.events.histories(ids, last=50)


def _pasts(store: Any, ids: list[str]) -> Any:
    return store.events.pasts(ids, last=50)


def _since(store: Any) -> Callable[[list[str]], Any]:
    return lambda ids: store.events.since(int(ids[0]), limit=10_000)


def _took(name: str, work: Callable[[], Any]) -> Judged:
    began = perf_counter()
    work()
    return {name: perf_counter() - began}


def _same(found: Judged) -> Judged:
    return {name: round(value, 2) for name, value in found.items()}
