"""Indexes: how soon they answer one question and many, what they miss, what they cost; with a filter, and alone."""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.figure import OURS, Figure
from benchmarks.measure import circumstances

SIZES = tuple(int(size) for size in os.environ.get("REGULARS_INDEX_ITEMS", "100000,1000000").split(","))
QUESTIONS, K, WIDE = 400, 20, 100
ALLOWED = 0.1  # the share of the catalog that a filter lets through
NEW = 1_000  # items that join an index


def run() -> Iterator[Figure]:
    """Each index on each size; the questions are customers folded in by the model of benchmarks.serving_shop."""
    from regulars.retrieval import INDEXES

    for n in SIZES:
        vectors, questions = _catalog(n)
        right: dict[str, Any] = {}
        for name, method in INDEXES.items():
            began = time.process_time()
            index = method().build(vectors)
            built = time.process_time() - began
            yield _figure(f"{name} index", f"{n:,} items of {vectors.shape[1]}", (index, built), questions, right)


def _catalog(n: int) -> tuple[Any, Any]:
    from benchmarks.serving_shop import Shop, events_of, model_of
    from regulars.core import Queries

    shop = Shop(n_items=n, n_customers=QUESTIONS)
    model = model_of(shop)
    events = events_of(shop, [str(item) for item in range(n)])
    listed = events.group_by("user_id", maintain_order=True).agg("item_id")["item_id"].to_list()
    return model.item_vectors, model.encode(Queries.of([[int(item) for item in items] for items in listed]))


def _figure(task: str, data: str, made: tuple[Any, float], questions: Any, right: dict[str, Any]) -> Figure:
    import numpy as np

    from regulars.core import Allowed
    from regulars.models.kinds.tree import to_tree

    index, built = made
    some = Allowed(np.random.default_rng(0).random((1, index.n_items)) < ALLOWED)
    arrays: dict[str, Any] = {}
    to_tree(index, "index", arrays)
    quality = {}
    for label, k, allowed in (("", K, None), (f", {ALLOWED:.0%} allowed", K, some), (f" of {WIDE}", WIDE, None)):
        one = lambda row, k=k, allowed=allowed: index.search(questions[row : row + 1], k, allowed)  # noqa: E731
        seconds, answers = _each(one, len(questions))
        found = [set(answer.items[0].tolist()) for answer in answers]
        best = right.setdefault(label, found)
        quality[f"ms{label}"] = 1e3 * seconds
        quality[f"recall{label}"] = sum(len(a & b) for a, b in zip(found, best, strict=True)) / sum(map(len, best))
    began = time.process_time()
    index.search(questions, K)
    quality["together, a CPU second"] = len(questions) / (time.process_time() - began)
    began = time.process_time()
    index.extended(0.5 * questions[:NEW])
    quality["ms to join"] = 1e3 * (time.process_time() - began)
    megabytes = sum(array.nbytes for array in arrays.values()) / 2**20
    return Figure(task, data, OURS, quality["ms"] / 1e3, built, megabytes, quality, circumstances())


def _each(work: Callable[[int], Any], n: int) -> tuple[float, list[Any]]:
    """The median CPU seconds of one call, and what the calls came to."""
    work(0)
    times, answers = [], []
    for row in range(n):
        began = time.process_time()
        answers.append(work(row))
        times.append(time.process_time() - began)
    return sorted(times)[n // 2], answers
