"""The shop that the service is measured with: a catalog, customers with a past, and a version of the models.

    python -m benchmarks.serving_shop FOLDER --port 8080 --core 0        serves it, on one core

The vectors are those of clusters, so that there is something to find; nothing is measured of their quality.
"""

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

STORE, MODELS, PAGE = "shop.db", "models", "shop.json"
FACTORS = 64
CLUSTERS = 2_000
WHERE = "price < 80 and in_stock"
SHOWN = 20  # items of an answer


@dataclass(frozen=True)
class Shop:
    """How large it is. indexed: the model answers through the index for its size; past: events of a customer."""

    n_items: int = 100_000
    n_customers: int = 20_000
    past: int = 40
    indexed: bool = False
    seed: int = 0


def make(shop: Shop, folder: Path, address: str = "") -> None:
    """Fills a store and the folder of its versions. address: of the store, unless it is an SQLite file beside them."""
    import polars as pl

    from regulars.core import Vocabulary
    from regulars.retrieval import indexed
    from regulars.serving.counting import Live
    from regulars.serving.versions import Fitted, Places, Versions
    from regulars.store import open_store

    folder.mkdir(parents=True, exist_ok=True)
    store = open_store(address or f"sqlite:///{folder / STORE}")
    ids = [f"i{item:07d}" for item in range(shop.n_items)]
    catalog = _catalog(shop)
    store.items.load(pl.DataFrame({store.items.id_column: ids}).hstack(catalog))
    store.events.load(events_of(shop, ids))
    model = model_of(shop)
    recommenders = {"als": indexed(model) if shop.indexed else model}
    places = Places(store.events.last_place(), store.items.last_place())
    fitted = Fitted(
        Vocabulary(pl.Series(ids)), recommenders, catalog, Live.empty({}), ("view", "purchase"), {}, places=places
    )
    versions = Versions(folder / MODELS, store.models)
    store.models.promote(versions.make(fitted).name)
    store.close()
    (folder / PAGE).write_text(json.dumps(asdict(shop)))


def serve(folder: Path, port: int, *, core: int | None = None, address: str = "") -> None:
    """Serves the shop of a folder until it is told to stop; the start is told on the first line."""
    began = time.perf_counter()
    if core is not None:
        os.sched_setaffinity(0, {core})
    from regulars.serving.app import app
    from regulars.serving.server import server, settle

    service = opened(folder, address)
    print(json.dumps({"ready": service.ready(), "seconds": time.perf_counter() - began}), flush=True)
    try:
        settle()
        server(app(service), "127.0.0.1", port).run()
    finally:
        service.close()


def _catalog(shop: Shop) -> "pl.DataFrame":  # type: ignore[name-defined]  # noqa: F821
    import numpy as np
    import polars as pl

    random = np.random.default_rng(shop.seed)
    n = shop.n_items
    return pl.DataFrame(
        {
            "name": [f"Article {item}" for item in range(n)],
            "price": np.round(random.lognormal(3.2, 0.8, n), 2),
            "brand": random.integers(200, size=n).astype(str),
            "category": random.integers(40, size=n).astype(str),
            "in_stock": random.random(n) < 0.9,
        }
    )


def opened(folder: Path, address: str = "") -> Any:
    """The service of a shop, in this process."""
    from regulars.serving.wiring import Setup, open_service

    setup = Setup(
        store=address or f"sqlite:///{folder / STORE}",
        folder=folder / MODELS,
        scenarios={"home": {"sources": ["als", "popular"], "k": SHOWN, "rules": {"where": WHERE, "unseen": True}}},
        known=("als",),
        home=("als",),
        refit_hours=0,
    )
    return open_service(setup)


def events_of(shop: Shop, ids: Sequence[str]) -> "pl.DataFrame":  # type: ignore[name-defined]  # noqa: F821
    """What the customers did: most of it among a few clusters of items, whose first ones sell most."""
    import numpy as np
    import polars as pl

    random = np.random.default_rng(shop.seed + 1)
    n = shop.n_customers * shop.past
    liked = random.integers(CLUSTERS, size=(shop.n_customers, 4))  # clusters; in each, some items sell more
    cluster = liked[np.repeat(np.arange(shop.n_customers), shop.past), random.integers(4, size=n)]
    inside = (random.pareto(1.2, n) * shop.n_items / CLUSTERS / 4).astype(np.int64)
    items = (cluster + CLUSTERS * inside) % shop.n_items
    now = int(time.time())
    return pl.DataFrame(
        {
            "user_id": [f"c{customer}" for customer in np.repeat(np.arange(shop.n_customers), shop.past)],
            "item_id": np.array(ids, dtype=object)[items].tolist(),
            "kind": np.where(random.random(n) < 0.2, "purchase", "view"),
            "time": now - random.integers(60, 90 * 86_400, n),
        }
    )


def model_of(shop: Shop):  # type: ignore[no-untyped-def]
    """A model such as ALS leaves it: vectors along the axes of their Gram matrix, and the fold-in of customers."""
    import numpy as np

    from regulars.models.kinds.factors import Factors
    from regulars.models.kinds.fold_in import FoldIn

    random = np.random.default_rng(shop.seed + 2)
    n = shop.n_items
    centers = random.standard_normal((CLUSTERS, FACTORS)) * np.linspace(1.5, 0.5, FACTORS)
    vectors = centers[np.arange(n) % CLUSTERS] + 0.7 * random.standard_normal((n, FACTORS))
    vectors *= random.lognormal(-1.5, 0.35, (n, 1))  # uneven as ALS leaves them on gowalla
    _, axes = np.linalg.eigh(vectors.T @ vectors)
    vectors = (vectors @ axes).astype(np.float32)
    spectrum = (0.05 * np.square(vectors).sum(axis=0)).astype(np.float32)
    return Factors("als", n, vectors, FoldIn(spectrum, 0.05 * n, 0.01, 0.5, np.ones(n, dtype=np.float32), 0.0))


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving_shop", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--core", type=int)
    parser.add_argument("--store", default="", help="address of the store; the SQLite file of the folder unless given")
    parser.add_argument("--make", action="store_true", help="make the shop instead of serving it")
    parser.add_argument("--items", type=int, default=Shop.n_items)
    parser.add_argument("--customers", type=int, default=Shop.n_customers)
    parser.add_argument("--indexed", action="store_true")
    options = parser.parse_args(arguments)
    if options.make:
        make(Shop(options.items, options.customers, indexed=options.indexed), options.folder, options.store)
    else:
        serve(options.folder, options.port, core=options.core, address=options.store)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
