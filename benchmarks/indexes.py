"""Indexes: how soon they answer one question and many, what they miss, what they cost; with a filter, and alone."""

import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from benchmarks.figure import OURS, Figure
from benchmarks.measure import circumstances

SIZES = tuple(int(size) for size in os.environ.get("REGULARS_INDEX_ITEMS", "100000,1000000").split(","))
WHICH = os.environ.get("REGULARS_INDEX_DATA", "clusters,normal,gowalla,expanded").split(",")
QUESTIONS, K, WIDE = 400, 20, 100
ALLOWED = 0.1  # the share of the catalog that a filter lets through
NEW = 1_000  # items that join an index


def run() -> Iterator[Figure]:
    """Each index on each catalog; `expanded` and `gowalla` need REGULARS_DATA."""
    from regulars.retrieval import INDEXES

    for data, vectors, questions, unseen in catalogs():
        right: dict[str, Any] = {}
        for name, method in INDEXES.items():
            began = time.process_time()
            index = method().build(vectors)
            built = time.process_time() - began
            yield _figure(f"{name} index", data, (index, built), (questions, unseen), right)


def catalogs() -> Iterator[tuple[str, Any, Any, Any]]:
    """Vectors, questions, and all but what the askers met: clusters, chance, ALS on a real log and on one expanded."""
    import numpy as np

    from benchmarks import fractal
    from regulars.core import Allowed

    for n in SIZES:
        if "clusters" in WHICH:
            model, asked = _clusters(n)
            yield f"{n:,} items of 64, clusters", *_of(model, asked)
        if "normal" in WHICH:
            random = np.random.default_rng(0)
            drawn = [random.standard_normal((rows, 64), dtype=np.float32) for rows in (n, QUESTIONS)]
            yield f"{n:,} items of 64, normal numbers", drawn[0], drawn[1], Allowed()
    if "gowalla" in WHICH:
        model, asked = _gowalla()
        yield "40,981 items of 64, ALS on gowalla", *_of(model, asked)
    if "expanded" in WHICH:
        model, asked = fractal.model(64)
        yield "1,024,525 items of 64, ALS on gowalla expanded", *_of(model, asked)


def _of(model: Any, asked: Any) -> tuple[Any, Any, Any]:
    from regulars.core import Allowed

    return model.item_vectors, model.encode(asked), Allowed.all_but(asked.history)


def _gowalla() -> tuple[Any, Any]:
    from benchmarks.fractal import asked
    from benchmarks.shops import Shop
    from regulars.models.als import ALS

    data = Shop.of("gowalla").data
    return ALS(factors=64).fit(data), asked(data.everyone(), QUESTIONS)


def _clusters(n: int) -> tuple[Any, Any]:
    """The model of benchmarks.serving_shop, and customers as questions."""
    from benchmarks.serving_shop import Shop, events_of, model_of
    from regulars.core import Queries

    shop = Shop(n_items=n, n_customers=QUESTIONS)
    model = model_of(shop)
    events = events_of(shop, [str(item) for item in range(n)])
    listed = events.group_by("user_id", maintain_order=True).agg("item_id")["item_id"].to_list()
    return model, Queries.of([[int(item) for item in items] for items in listed])


def _figure(task: str, data: str, made: tuple[Any, float], asked: tuple[Any, Any], right: dict[str, Any]) -> Figure:
    import numpy as np

    from regulars.core import Allowed
    from regulars.models.kinds.tree import to_tree

    (index, built), (questions, unseen) = made, asked
    mask = np.random.default_rng(0).random((1, index.n_items)) < ALLOWED
    mask.flags.writeable = False  # as the rules of a service give it
    some = Allowed(mask) & unseen
    arrays: dict[str, Any] = {}
    to_tree(index, "index", arrays)
    quality = {}
    for label, k, allowed in (("", K, unseen), (f", {ALLOWED:.0%} allowed", K, some), (f" of {WIDE}", WIDE, unseen)):
        one = partial(_one, index, questions, k, allowed)
        seconds, answers = _each(one, len(questions))
        found = [set(answer.items[0].tolist()) for answer in answers]
        best = right.setdefault(label, found)
        quality[f"ms{label}"] = 1e3 * seconds
        quality[f"recall{label}"] = sum(len(a & b) for a, b in zip(found, best, strict=True)) / sum(map(len, best))
    began = time.process_time()
    index.search(questions, K, unseen)
    quality["together, a CPU second"] = len(questions) / (time.process_time() - began)
    began = time.process_time()
    index.extended(0.5 * questions[:NEW])
    quality["ms to join"] = 1e3 * (time.process_time() - began)
    megabytes = sum(array.nbytes for array in arrays.values()) / 2**20
    return Figure(task, data, OURS, quality["ms"] / 1e3, built, megabytes, quality, circumstances())


def _one(index: Any, questions: Any, k: int, allowed: Any, row: int) -> Any:
    return index.search(questions[row : row + 1], k, allowed[slice(row, row + 1)])


def _each(work: Callable[[int], Any], n: int) -> tuple[float, list[Any]]:
    """The median CPU seconds of one call, and what the calls came to."""
    work(0)
    times, answers = [], []
    for row in range(n):
        began = time.process_time()
        answers.append(work(row))
        times.append(time.process_time() - began)
    return sorted(times)[n // 2], answers
