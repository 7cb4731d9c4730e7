"""Content on items that nobody has met, and on look-alikes: citeulike-a by its tags, H&M by texts and attributes.

A tenth of the items is withheld with all of their events; everybody who wanted one of them and has a history is asked
for the 20 best of the withheld items. Settings were chosen on another random tenth (seed 1) for 1,500 customers: some
30 on H&M, 10 on citeulike-a (rarity 0-3, breadth 0-1, min_count 1-5); the defaults are what was chosen.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl

from benchmarks.data import folder
from benchmarks.figure import OURS, Figure
from benchmarks.measure import circumstances, threads, timed
from regulars.core import Allowed, Dataset, Queries, Recommendations, Run, top_k
from regulars.evaluation import ColdItems, evaluate
from regulars.models import Content

ASKED_ON, K = 2, 20
SAME = ("product_code", "prod_name")  # what all variants of a product share


def run() -> Iterator[Figure]:
    """Cold items of both shops, then look-alikes at H&M."""
    yield from cold("citeulike-a", citeulike(), {OURS: Content(), "linear": Content("linear")})
    shop = fashion()
    alike = Content(rarity=0.0, breadth=0.0)
    yield from cold("hm", shop, {OURS: Content(), "linear": Content("linear"), "all columns alike": alike})
    yield from cold("hm, all columns as one text", one_text(shop), {OURS: Content()})
    yield from variants(shop)


def cold(name: str, data: Dataset, methods: dict[str, Content]) -> Iterator[Figure]:
    """Chance, then each of the methods, on the withheld tenth."""
    split = ColdItems(share=0.1, seed=ASKED_ON).cut(data)
    chance = evaluate(Chance(data.n_items), split, k=(K,)).means
    yield Figure("cold items", name, "by chance", quality={f"{n}@{K}": chance[f"{n}@{K}"] for n in ("recall", "ndcg")})
    for peer, method in methods.items():
        model, seconds, cpu = timed(partial(method.fit, split.train, Run(threads=threads())))
        found = evaluate(model, split, k=(K,)).means
        quality = {f"{figure}@{K}": found[f"{figure}@{K}"] for figure in ("recall", "ndcg")}
        noted = {**circumstances(), "settings": repr(method), "features": len(model.columns), "asked": len(split)}
        yield Figure("cold items", name, peer, seconds, cpu, quality=quality, further=noted)


def variants(shop: Dataset) -> Iterator[Figure]:
    """How many of the other variants of a product (colors, mostly) are among the 10 most similar items, told without
    the product's code and without its name.
    """
    codes = shop.item_features["product_code"].rank("dense").to_numpy().astype(np.int64)
    method = Content(columns=tuple(name for name in shop.item_features.columns if name not in SAME))
    model = method.fit(shop, Run(threads=threads()))
    found, seconds, cpu = timed(partial(model.similar_items, np.arange(shop.n_items, dtype=np.int32), 10))
    hits = ((codes[found.items] == codes[:, np.newaxis]) & (found.items >= 0)).sum(axis=1)
    others = np.bincount(codes)[codes] - 1
    asked = others > 0
    recall = float((hits[asked] / np.minimum(others[asked], 10)).mean())
    noted = {**circumstances(), "settings": repr(method), "asked": int(asked.sum())}
    yield Figure("variants", "hm", OURS, seconds, cpu, quality={"recall@10": recall}, further=noted)


@dataclass(frozen=True)
class Chance:
    """Random scores, the same for everybody."""

    n_items: int

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        scores = np.random.default_rng(0).random((len(queries), self.n_items), dtype=np.float32)
        return top_k(scores, k, allowed, "chance")


def citeulike() -> Dataset:
    """5,551 users of a library of 16,980 articles with tags."""
    there = folder() / "citeulike-a"
    return Dataset.of(
        pl.read_parquet(there / "interactions.parquet"), items=pl.read_parquet(there / "item_tags.parquet")
    )


def fashion() -> Dataset:
    """The last week of a fashion shop: 68,984 customers, 17,986 articles with 24 columns."""
    there = folder() / "hm"
    events = pl.read_parquet(there / "transactions_lastweek.parquet").select(user_id="cust", item_id="article_id")
    items = pl.read_parquet(there / "articles.parquet").rename({"article_id": "item_id"})
    return Dataset.of(events, items=items.filter(pl.col("item_id").is_in(events["item_id"].unique().implode())))


def one_text(shop: Dataset) -> Dataset:
    """The same shop, all that is known of an item written into one text."""
    said = shop.item_features.select(text=pl.concat_str(pl.all().cast(pl.String).fill_null(""), separator=" "))
    return replace(shop, item_features=said)
