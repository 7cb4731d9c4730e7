"""Whom to tell of an item, among 100,000 customers: reading them all, and being asked then, by CPU time."""

import os
import resource
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from benchmarks.figure import OURS, Figure
from benchmarks.measure import circumstances
from benchmarks.serving import kept
from benchmarks.serving_shop import CLUSTERS, WHERE, Shop, opened

SHOP = Shop(n_customers=int(os.environ.get("REGULARS_AUDIENCE_CUSTOMERS", "100000")), past=20)
ASKED = 20  # items
K = 100
NEIGHBORS = 50
RULES = {"where": WHERE, "unseen": True}


def run() -> Iterator[Figure]:
    """Reading everybody, a page, the tenth one, and after 1,000 customers did something; by ALS, item-item, both."""
    from regulars.serving.engine import Engine
    from regulars.serving.scenarios import scenarios_of
    from regulars.serving.shop import Shop as Snapshot
    from regulars.store import Event

    service = opened(kept(SHOP))
    try:
        deployment = service.shop().deployment
        knn = neighbors()
        recommenders = {"als": deployment.recommenders["als"], "item_knn": knn}
        recommenders["blend"] = fused(recommenders)
        shop: Snapshot = replace(service.shop(), deployment=replace(deployment, recommenders=recommenders))
        tables = {name: {"sources": (name,), "rules": RULES} for name in recommenders}
        for name in tables:
            engine = Engine(service.store, lambda: shop, scenarios_of(tables, known=tuple(tables), home=("als",)))
            before = resident()
            yield told("everybody is read", name, [timed(engine, name, 0)], further={"MB held": resident() - before})
            pages = [timed(engine, name, item) for item in range(ASKED)]
            yield told(f"the {K} best customers", name, pages)
            cursor, later = "", []
            for _ in range(10):
                later.append(timed(engine, name, 1, cursor))
                cursor = later[-1][2].cursor
            yield told("the tenth page", name, later[-1:])
            now = int(time.time())
            moved = [Event(f"{name} {now} {n}", f"c{n}", "i0000005", "view", now) for n in range(1_000)]
            service.store.events.append(moved)
            yield told("after 1,000 customers did something", name, [timed(engine, name, 3)])
            engine.audiences.crowd.close()
    finally:
        service.close()


def timed(engine: Any, scenario: str, item: int, cursor: str = "") -> tuple[float, float, Any]:
    """Seconds, CPU seconds, and the answer; waits until everybody is read."""
    from regulars.core.errors import NotYet
    from regulars.serving.questions import Reach

    began, cpu = time.perf_counter(), time.process_time()
    while True:
        try:
            found = engine.audience(f"i{7 * item:07d}", Reach(K, scenario, {}, cursor))
        except NotYet:
            time.sleep(0.05)
            continue
        return time.perf_counter() - began, time.process_time() - cpu, found


def told(
    task: str, scenario: str, turns: list[tuple[float, float, Any]], further: dict[str, float] | None = None
) -> Figure:
    """The median of some turns."""
    seconds, cpu = (statistics.median(one[at] for one in turns) for at in (0, 1))
    quality = {"CPU ms": 1e3 * cpu, "slowest ms": 1e3 * max(one[0] for one in turns), **(further or {})}
    return Figure(
        f"audience: {task}",
        f"{SHOP.n_customers:,} customers, {scenario}",
        OURS,
        seconds,
        cpu,
        resident(),
        quality,
        circumstances(),
    )


def neighbors() -> Any:
    """An item-item model of the shop: each item speaks for others of its cluster."""
    import numpy as np

    from regulars.models.kinds.item_item import SparseItemItem

    random, n = np.random.default_rng(0), SHOP.n_items
    inside = n // CLUSTERS
    offsets = np.sort(random.permuted(np.tile(np.arange(inside), (n, 1)), axis=1)[:, : min(NEIGHBORS, inside)], axis=1)
    items = (np.arange(n)[:, np.newaxis] % CLUSTERS + CLUSTERS * offsets).astype(np.int32)
    starts = np.arange(n + 1, dtype=np.int64) * items.shape[1]
    return SparseItemItem("item_knn", n, starts, items.ravel(), random.random(items.size, dtype=np.float32))


def fused(recommenders: dict[str, Any]) -> Any:
    """Both by their ranks."""
    from regulars.ranking import RankFusion

    return RankFusion(tuple(recommenders.values()))


def resident() -> float:
    """MB of this process at its peak."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
