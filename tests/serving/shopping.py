"""A small shop for the tests of the service: 60 customers, 40 items of four brands, a store, models and live ones."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from regulars.core import DAY, Dataset, Recommender
from regulars.data.kinds import weights
from regulars.models import ALS, EASE, Content, ItemKNN, Popularity
from regulars.ranking import AdditiveRanker, RankFusion, TwoStage
from regulars.ranking.rules import Catalog
from regulars.serving.counting import Live
from regulars.serving.deployment import Deployment
from regulars.serving.engine import Engine
from regulars.serving.questions import Question
from regulars.serving.scenarios import Scenario, scenarios_of
from regulars.serving.shop import Shop
from regulars.store import open_store
from regulars.store.protocols import Store
from regulars.store.records import Event

NOW = 1_700_000_000  # 14 November 2023
BRANDS = ("Aster", "Birch", "Cedar", "Dahlia")
SOURCES = ("item_knn", "als", "ease", "blend", "content", "popularity", "pipeline")


@dataclass(repr=False)
class Small:
    """The shop and its engine. Changed by the tests: `shop` is what the engine answers from."""

    store: Store
    shop: Shop
    data: Dataset
    scenarios: dict[str, Scenario]
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = Engine(self.store, lambda: self.shop, self.scenarios, exposing=None)

    def ask(self, scenario: str = "home", **wishes: Any) -> Any:
        return self.engine.answer([Question(scenario=scenario, **wishes)])[0]


def log(seed: int = 0) -> pl.DataFrame:
    """Each customer views, and often buys, items of one brand; now and then something else."""
    random = np.random.default_rng(seed)
    rows = []
    for customer in range(60):
        brand = customer % 4
        for _ in range(int(random.integers(6, 14))):
            item = 10 * brand + int(random.integers(10)) if random.random() < 0.8 else int(random.integers(40))
            time = NOW - int(random.integers(1, 90 * DAY))
            rows.append((f"c{customer}", f"i{item:02d}", "view", time))
            if random.random() < 0.6:
                rows.append((f"c{customer}", f"i{item:02d}", "purchase", time + 600))
    return pl.DataFrame(rows, schema=["user_id", "item_id", "kind", "time"], orient="row")


def items() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "item_id": [f"i{item:02d}" for item in range(42)],
            "brand": [BRANDS[item // 10 % 4] for item in range(42)],
            "price": [5.0 + 3 * item for item in range(42)],
            "stock": [item % 7 for item in range(42)],
        }
    )


def dataset() -> Dataset:
    """As a prepared log: an event weighs what its kind weighs."""
    events = log()
    weight = events["kind"].replace_strict(weights({}), default=1.0, return_dtype=pl.Float64)
    return Dataset.of(events.with_columns(weight=weight), items=items())


def fitted(data: Dataset, version: str = "v1") -> Deployment:
    knn, als, ease = ItemKNN(neighbors=20).fit(data), ALS(factors=8).fit(data), EASE().fit(data)
    made: dict[str, Recommender] = {"item_knn": knn, "als": als, "ease": ease}
    made |= {"blend": RankFusion((knn, als)), "popularity": Popularity().fit(data), "content": Content().fit(data)}
    made["pipeline"] = TwoStage((ItemKNN(neighbors=20), Popularity()), AdditiveRanker(), share=0.3).fit(data)
    return Deployment(version, data.items, made, data.kinds, weights({}))


def small(folder: Path, tables: dict[str, dict[str, Any]] | None = None, *, home: tuple[str, ...] = ("als",)) -> Small:
    """The shop with a store that holds the log. tables: [scenarios]."""
    data = dataset()
    store = open_store(f"sqlite:///{folder / 'shop.db'}")
    events = log().rows()
    store.events.append([Event(f"e{place}", *row) for place, row in enumerate((u, i, k, t) for u, i, k, t in events)])
    store.items.put({row["item_id"]: row for row in items().to_dicts()})
    catalog = Catalog.of(data.item_features, data.items)
    live = Live.of(data, {}).recommenders(catalog, NOW)
    shop = Shop(catalog, fitted(data), live=live, names=tuple(f"Item {name}" for name in data.items.ids))
    return Small(store, shop, data, scenarios_of(tables or {}, known=SOURCES, home=home))


def swapped(shop: Shop, **changes: Any) -> Shop:
    return replace(shop, **changes)
