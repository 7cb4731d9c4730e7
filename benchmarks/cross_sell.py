"""What customers never bought, at The Complete Journey: cross-sale beside best sellers, categories and taste.

Goods on the shelf, the last 4 whole weeks of the year as test, asked once; every method has its defaults (those of
category popularity were chosen on the 4 weeks before). Asked are the customers who bought something then that they had
never bought; what they had bought is left out of every list. The chances of `CrossSell` are judged over the 50 offers
of every customer.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.figure import Figure
from benchmarks.measure import circumstances, threads
from benchmarks.repurchase import asked_at, shop
from regulars.core import DAY, Allowed, Dataset, Estimator, Floats, Queries, Run
from regulars.evaluation.significance import intervals, paired_p
from regulars.marketing.repurchase import HORIZONS, CrossSell
from regulars.marketing.repurchase.explore import CrossSellModel
from regulars.marketing.repurchase.reading import purchases
from regulars.models import CategoryPopularity, ItemKNN, Popularity
from regulars.ranking import RankFusion

AGAINST, CUT = "popularity", 10


@dataclass(frozen=True)
class Fused:
    """Methods whose lists are fused by ranks."""

    of: tuple[Estimator[Any], ...]

    def fit(self, data: Dataset, run: Run) -> RankFusion:
        return RankFusion(tuple(method.fit(data, run) for method in self.of))


def run() -> Iterator[Figure]:
    """Lists of new products by each method; then whether the chances of cross-sale keep their word."""
    data = purchases(shop())
    moment = asked_at(data)
    before, active = data.before(moment), np.unique(data.user[data.time < moment]).astype(np.int32)
    queries = data.queries(active, moment)
    new = _new(data, queries, active, moment, weeks=4)
    wanted = [np.flatnonzero(row) for row in new]
    cross = CrossSell()
    baseline: Floats | None = None
    methods: dict[str, Any] = {
        AGAINST: Popularity(),
        "popularity of 28 days": Popularity(half_life_days=28.0),
        "item-kNN": ItemKNN(),
        "ALS of 90 days": cross.of,
        "category popularity": CategoryPopularity(),
        "ALS and category popularity": Fused((cross.of, CategoryPopularity())),
        "cross-sale": cross,
        "cross-sale with category popularity": CrossSell(beside=(CategoryPopularity(),)),
    }
    for name, method in methods.items():
        began, cpu = time.perf_counter(), time.process_time()
        model = method.fit(before, Run(threads=threads()))
        answer = model.recommend(queries, CUT, Allowed.all_but(queries.history))
        seconds = time.perf_counter() - began, time.process_time() - cpu
        found = _found(answer.items, wanted)
        baseline = found if baseline is None else baseline
        quality = _told(found, found - baseline)
        if isinstance(model, CrossSellModel):
            quality |= _kept(model, data, queries, active, moment)
        yield Figure(
            task=f"products that {int((~np.isnan(found[:, 0])).sum()):,} customers had never bought, by {name}",
            data="The Complete Journey, 4 weeks",
            peer="regulars",
            seconds=seconds[0],
            cpu_seconds=seconds[1],
            quality=quality,
            further=circumstances(),
        )


def _new(data: Dataset, queries: Queries, users: np.ndarray, moment: int, weeks: int) -> np.ndarray:
    """What each of the customers bought in these weeks and never before; bool [n, n_items]."""
    place = np.full(data.n_users, -1)
    place[users] = np.arange(len(users))
    later = (data.time >= moment) & (data.time < moment + weeks * 7 * DAY) & (data.weight > 0) & (place[data.user] >= 0)
    told = np.zeros((len(users), data.n_items), dtype=bool)
    told[place[data.user[later]], data.item[later]] = True
    told[queries.history.rows, queries.history.items] = False
    return told


def _found(items: np.ndarray, wanted: list[np.ndarray]) -> Floats:
    """NDCG and recall at CUT of each customer; NaN where nothing new was bought."""
    discounts = 1 / np.log2(np.arange(CUT) + 2)
    told = np.full((len(items), 2), np.nan, dtype=np.float32)
    for row, right in enumerate(wanted):
        if len(right):
            hits = np.isin(items[row, :CUT], right)
            told[row] = (hits @ discounts) / discounts[: len(right)].sum(), hits.sum() / len(right)
    return told


def _told(found: Floats, differences: Floats) -> dict[str, float]:
    ends, p = intervals(found), paired_p(differences)
    quality: dict[str, float] = {}
    for column, name in enumerate((f"ndcg@{CUT}", f"recall@{CUT}")):
        quality[name] = round(float(np.nanmean(found[:, column])), 5)
        quality |= {f"{name}, low": round(ends[column, 0], 5), f"{name}, high": round(ends[column, 1], 5)}
        quality |= {f"{name}, p against {AGAINST}": float(f"{p[column]:.2g}")}
    return quality


def _kept(model: CrossSellModel, data: Dataset, queries: Queries, users: np.ndarray, moment: int) -> dict[str, float]:
    """Offers expected and bought, log loss beside that of their mean, and the mean distance of tenths (ECE)."""
    offers, quality = model.offers(queries), {}
    rows, there = np.arange(len(users))[:, None], offers.items >= 0
    for place, weeks in enumerate(HORIZONS):
        bought = (_new(data, queries, users, moment, weeks)[rows, offers.items] & there)[there].astype(float)
        said = offers.chances[:, :, place][there].astype(float)
        parts = np.array_split(np.argsort(said, kind="stable"), 10)
        apart = sum(abs(said[part].sum() - bought[part].sum()) for part in parts) / len(said)
        quality |= {
            f"offers expected, {weeks} weeks": round(float(said.sum()), 1),
            f"offers bought, {weeks} weeks": float(bought.sum()),
            f"log loss, {weeks} weeks": round(_loss(said, bought), 5),
            f"log loss of the mean, {weeks} weeks": round(_loss(np.full(len(bought), bought.mean()), bought), 5),
            f"ECE, {weeks} weeks": round(float(apart), 5),
        }
    return quality


def _loss(said: np.ndarray, bought: np.ndarray) -> float:
    kept = np.clip(said, 1e-7, 1 - 1e-7)
    return float(-np.mean(bought * np.log(kept) + (1 - bought) * np.log(1 - kept)))
