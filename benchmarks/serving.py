"""The service under load: a generator on one core, the server on another; start, memory and where the time goes."""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.figure import OURS, Figure
from benchmarks.measure import circumstances
from benchmarks.replicas import Asking, Replica, asked, postgres
from benchmarks.serving_shop import Shop, make, opened

SECONDS = float(os.environ.get("REGULARS_SERVING_SECONDS", "20"))
SMALL, LARGE = Shop(), Shop(n_items=1_000_000, indexed=True)
RECOMMEND = {"path": "/v1/recommend/{customer}"}
RATES = (100, 200, 300, 400, 500, 600, 800)
STAGED = 800  # questions
COLD = 3  # starts, of which the fastest counts: the disk may have forgotten the files


def run() -> Iterator[Figure]:
    """Answers, the ramp, a large catalog, events on both stores, the start, two replicas."""
    small, large = kept(SMALL), kept(LARGE)
    with Replica(small) as replica:
        yield figure("recommend, 300 a second", "100,000 items", asked(replica, answers(SMALL, 300)), replica)
        telling = Asking(replica, {**posts(SMALL, 200, 1), "seconds": SECONDS + 8})
        told = asked(replica, answers(SMALL, 300))
        yield figure("recommend, 300 a second, while 200 events a second come", "100,000 items", told, replica)
        telling.result()
        for rate in RATES:
            told = asked(replica, answers(SMALL, rate, seconds=SECONDS / 2))
            yield figure(f"recommend, {rate} a second", "100,000 items", told, replica)
            if told["milliseconds"]["p50"] > 200:
                break
        for connections in (1, 8, 64):
            told = asked(replica, {**answers(SMALL, 0, seconds=SECONDS / 2), "connections": connections})
            yield figure(f"recommend, {connections} ask without pause", "100,000 items", told, replica)
    yield from where(small)
    yield started("start", "100,000 items", small)
    with Replica(large) as replica:
        for rate in (100, 300):
            told = asked(replica, answers(LARGE, rate))
            yield figure(f"recommend, {rate} a second", "1,000,000 items, indexed", told, replica)
    yield started("start", "1,000,000 items, indexed", large)
    with Replica(small) as replica:
        yield from events(replica, "SQLite")
    with postgres() as database, tempfile.TemporaryDirectory() as folder:
        make(Shop(n_customers=2_000), Path(folder), database.url)
        with Replica(Path(folder), database.url) as replica:
            yield from events(replica, "PostgreSQL")
            yield figure(
                "recommend, 300 a second", "100,000 items, PostgreSQL", asked(replica, answers(SMALL, 300)), replica
            )
            with Replica(Path(folder), database.url, core=None) as other:
                yield alike(replica, other)


def events(replica: Replica, store: str) -> Iterator[Figure]:
    """5,000 a second in batches of 100, 1,000 a second one by one, and as fast as they are taken."""
    for task, lines, rate, connections in (
        ("events, 5,000 a second, 100 in a request", 100, 50, 32),
        ("events, 1,000 a second, one in a request", 1, 1_000, 64),
        ("events, without pause, 100 in a request", 100, 0, 8),
        ("events, without pause, one in a request", 1, 0, 64),
    ):
        told = asked(replica, posts(SMALL, rate, lines, connections=connections))
        yield figure(
            task,
            store,
            told,
            replica,
            {"events per second": lines * told["good"] / told["requests"] * told["per_second"]},
        )


def answers(shop: Shop, rate: float, *, seconds: float = SECONDS, warm: float = 3.0) -> dict[str, Any]:
    """A plan of questions."""
    return {"seconds": seconds, "warm": warm, "rate": rate, "customers": shop.n_customers, "calls": [RECOMMEND]}


def posts(shop: Shop, rate: float, lines: int, *, connections: int = 32) -> dict[str, Any]:
    """A plan of events."""
    call = {"method": "POST", "path": "/v1/events", "event": "view", "lines": lines}
    wanted = {"customers": shop.n_customers, "items": shop.n_items, "connections": connections}
    return {"seconds": SECONDS / 2, "warm": 2.0, "rate": rate, "calls": [call], "seed": lines + int(rate), **wanted}


def figure(task: str, data: str, told: Mapping[str, Any], replica: Replica, more: Mapping[str, float] = {}) -> Figure:
    """What a plan came to; seconds: within which half of the requests were answered."""
    times = {name: value for name, value in told["milliseconds"].items() if value is not None}
    quality = {
        **{f"{name} ms": value for name, value in times.items()},
        "per second": told["per_second"],
        "failed": float(told["requests"] - told["good"] + told["lost"]),
        "CPU ms each": told["cpu_ms"],
        "core busy": told["busy"],
        **more,
    }
    half = times.get("p50", float("nan")) / 1e3
    return Figure(task, data, OURS, half, told["cpu_ms"] / 1e3, replica.resident_mb(), quality, circumstances())


def where(folder: Path) -> Iterator[Figure]:
    """CPU milliseconds of a question in the engine by stage, alone and eight together; of HTTP it knows nothing."""
    from benchmarks.stages import Stages
    from regulars.serving.questions import Question

    service = opened(folder)
    asked_for = [Question(scenario="home", customer=f"c{customer}") for customer in range(4 * STAGED)]
    for one in asked_for[: STAGED // 4]:
        service.engine.answer([one])  # vectors are coded when enough was asked
    stages = Stages()
    try:
        for together, begin in ((1, STAGED), (8, 2 * STAGED)):
            service.engine.answer(asked_for[:64])
            stages.seconds.clear()
            for at in range(begin, begin + STAGED, together):
                service.engine.answer(asked_for[at : at + together])
            parts = sorted(stages.seconds.items(), key=lambda one: -one[1])
            quality = {f"{stage}, ms": 1e3 * seconds / STAGED for stage, seconds in parts}
            each = sum(stages.seconds.values()) / STAGED
            task = f"where the time of a question goes, {together} together"
            yield Figure(task, "100,000 items", OURS, None, each, None, quality, circumstances())
    finally:
        service.close()


def started(task: str, data: str, folder: Path) -> Figure:
    """From the first line of Python until the service says that it is ready."""
    seconds, cpu, memory = [], [], 0.0
    for _ in range(COLD):
        with Replica(folder) as replica:
            seconds.append(replica.start_seconds)
            cpu.append(replica.cpu_seconds())
            memory = replica.resident_mb()
    best = seconds.index(min(seconds))
    return Figure(task, data, OURS, seconds[best], cpu[best], memory, {}, {**circumstances(), "turns": seconds})


def alike(one: Replica, other: Replica) -> Figure:
    """Whether two replicas of one store answer alike, after both have heard the same news."""
    asked(one, posts(SMALL, 50, 1))
    time.sleep(5)
    paths = [f"/v1/recommend/c{customer}" for customer in range(0, 2_000, 10)]
    same = [_lines(one.get(path)) == _lines(other.get(path)) for path in paths]
    return Figure(
        "two replicas answer alike",
        "PostgreSQL",
        OURS,
        quality={"the same": sum(same) / len(same)},
        further=circumstances(),
    )


def _lines(answer: Mapping[str, Any]) -> list[tuple[str, float, str]]:
    return [(line["item"], line["score"], line["source"]) for line in answer["items"]]


def kept(shop: Shop) -> Path:
    """The folder of a shop; made where it is not there yet."""
    folder = Path(tempfile.gettempdir()) / "regulars-benchmarks" / f"shop-{shop.n_items}-{shop.n_customers}"
    if not (folder / "shop.json").exists():
        make(shop, folder)
    return folder
