"""Rules: masks of conditions over 100,000 and a million items, lists that they arrange, and changed prices."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

import numpy as np
import polars as pl

from benchmarks.figure import Figure
from benchmarks.measure import circumstances
from regulars.core import Allowed, Queries, Recommendations, Vocabulary, top_k
from regulars.ranking import Catalog, Ruled, Rules

SIZES = (100_000, 1_000_000)
WHERE = 'price < {limit} and brand in ["b1", "b2", "b3"] and stock[store] > 0'
WHOLE = {
    "where": "price < 50",
    "caps": {"brand": 2, "category": 4},
    "boosts": [{"where": "margin > 0.5", "factor": 1.5}],
    "shares": [{"where": 'category = "c1"', "at_least": 0.2}],
    "diversity": {"by": "category", "strength": 0.3},
    "weights": {"margin": 0.3},
    "pins": [{"item": "i5", "slot": 2}],
    "bury": "old",
}
QUERIES = Queries.of([[]], times=1_800_000_000, context=pl.DataFrame({"store": ["berlin"]}))


class Answers:
    """A recommender that costs next to nothing: a hundred items of each call, as they are allowed."""

    def __init__(self, n_items: int) -> None:
        self.some = np.arange(0, n_items, n_items // 2_000, dtype=np.int32)
        self.scores = np.arange(len(self.some), 0, -1, dtype=np.float32)[np.newaxis]

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        mask = None if allowed is None or allowed.mask is None else Allowed(allowed.mask[:, self.some])
        found = top_k(np.repeat(self.scores, len(queries), axis=0), k, mask)
        return Recommendations(self.some[found.items], found.scores)


def run() -> Iterator[Figure]:
    """Median wall and CPU seconds of one call."""
    for n_items in SIZES:
        data, catalog = f"{n_items:,} items", shop(n_items)
        yield _figure("three conditions, new", data, partial(_another, catalog, count()), 15)
        yield _figure("three conditions, kept", data, partial(_allowed, catalog, "50"), 1_000)
        ruled = Ruled(Answers(n_items), Rules.of(WHOLE).bound(catalog))
        bare = Ruled(Answers(n_items), Rules.of({"where": "price < 50"}).bound(catalog))
        yield _figure("best 20 of 100, all rules", data, partial(ruled.recommend, QUERIES, 20), 300)
        yield _figure("best 20, one condition", data, partial(bare.recommend, QUERIES, 20), 300)
        patch = [{"price": 1.0, "stock": {"berlin": 1, "rome": 1}}] * 10
        rows = np.arange(10, dtype=np.int32)
        yield _figure("10 prices and stocks changed", data, partial(catalog.patched, rows, patch), 30)


def shop(n_items: int, seed: int = 0) -> Catalog:
    """Items with prices, margins, brands, categories, flags and the stock of two stores."""
    random = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "price": random.uniform(0, 100, n_items),
            "margin": random.uniform(0, 1, n_items),
            "brand": [f"b{brand}" for brand in random.integers(0, 50, n_items)],
            "category": [f"c{category}" for category in random.integers(0, 20, n_items)],
            "old": random.random(n_items) < 0.1,
            "stock": pl.DataFrame({name: random.integers(0, 5, n_items) for name in ("berlin", "rome")}).to_struct(),
        }
    )
    return Catalog.of(frame, Vocabulary(pl.Series([f"i{item}" for item in range(n_items)])))


def _allowed(catalog: Catalog, limit: str) -> Allowed:
    return Rules.of({"where": WHERE.format(limit=limit)}).bound(catalog).allowed(QUERIES)


def _another(catalog: Catalog, numbers: Iterator[int]) -> Allowed:
    """A condition that was not asked before."""
    return _allowed(catalog, f"{50 + next(numbers) / 1_000}")


def _figure(task: str, data: str, work: Callable[[], object], times: int) -> Figure:
    for _ in range(3):
        work()
    walls, cpus = np.empty(times), np.empty(times)
    for turn in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls[turn], cpus[turn] = time.perf_counter() - wall, time.process_time() - cpu
    quality = {"microseconds": round(1e6 * float(np.median(walls)), 1), "cpu": round(1e6 * float(cpus.mean()), 1)}
    return Figure(task, data, "regulars", float(np.median(walls)), float(cpus.mean()), None, quality, circumstances())
