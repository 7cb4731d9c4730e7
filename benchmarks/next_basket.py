"""Next basket on Ta-Feng: what a customer's last basket holds, told from those before it, beside published figures.

The protocol of "A Next Basket Recommendation Reality Check" (Li, Jullien, Ariannezhad, de Rijke, ACM TOIS 2023): the
last basket is wanted; 72 % of the customers are there to learn from, their last baskets too, 8 % to choose settings on,
20 % are asked. They draw the customers without a seed, so ours are other folds: those of the seeds 0, 1, 2, ... NDCG
has the whole basket as its ideal, however long it is. Repeat and explore: the part found of what the customer had
before, and of what is new to them, each among those who wanted any of it. The file has no days: every last basket gets
the same moment, the one before it a day less, and so on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import polars as pl

from benchmarks.data import folder
from benchmarks.figure import Figure
from benchmarks.measure import circumstances, threads, timed
from regulars.core import DAY, Allowed, Dataset, Histories, Queries, Recommender, Run, ints
from regulars.models import TIFUKNN, UPCF, BasketRidge, GPTopFreq
from regulars.ranking import AdditiveRanker, TwoStage

FOLDS = 5
END = 100 * DAY  # when everybody's last basket is bought
CUTS = (10, 20)


@dataclass(frozen=True)
class Fold:
    """Customers to learn from, to choose settings on, and to be asked, by their indices in the log."""

    learned: np.ndarray
    valid: np.ndarray
    test: np.ndarray

    @classmethod
    def of(cls, seed: int) -> "Fold":
        order = np.random.default_rng(seed).permutation(log().n_users)
        test, valid = len(order) // 5, len(order) * 2 // 25
        return cls(*(np.sort(part) for part in (order[test + valid :], order[test : test + valid], order[:test])))


RIDGE = BasketRidge(max_items=3_000)
STAGES = TwoStage(
    (GPTopFreq(0.9), BasketRidge(300.0, 0.05, 0.8, activity=0.0, max_items=3_000), TIFUKNN()),
    AdditiveRanker(),
    ("recency", "rhythm"),
    depth=60,
    lessons=4,
    customers=1_500,
    withheld="baskets",
)
CONTENDERS: Mapping[str, tuple[Any, bool]] = {  # and whether the last baskets of those it learns from are known to it
    "GP-TopFreq, ties by popularity": (GPTopFreq(), True),
    "UP-CF": (UPCF(), False),
    "UP-CF, shrinkage 1000": (UPCF(shrinkage=1_000.0), False),
    "TIFU-kNN": (TIFUKNN(), False),
    "TIFU-kNN, last baskets known": (TIFUKNN(), True),
    "basket ridge": (RIDGE, True),
    "two stages": (STAGES, True),
}


def run() -> Iterator[Figure]:
    """Every contender on every fold; the mean, and each fold."""
    for peer, (method, whole) in CONTENDERS.items():
        yield _figure(peer, method, whole)


def _figure(peer: str, method: Any, whole: bool) -> Figure:
    folds = [Fold.of(seed) for seed in range(FOLDS)]
    turns = [timed(partial(_turn, method, fold, whole)) for fold in folds]
    told = [means(figures) for figures, _, _ in turns]
    values = [figures["recall@10"] for figures, _, _ in turns]
    noted = {
        **circumstances(),
        "settings": repr(method),
        "recall@10 of the folds": [round(figures["recall@10"], 4) for figures in told],
        "recall@10, 95 %": interval([fold.test for fold in folds], values),
    }
    seconds, cpu = (float(np.median([turn[place] for turn in turns])) for place in (1, 2))
    quality = {name: float(np.mean([figures[name] for figures in told])) for name in told[0]}
    return Figure("next basket, fit and answer", "tafeng", peer, seconds, cpu, quality=quality, further=noted)


def _turn(method: Any, fold: Fold, whole: bool) -> dict[str, np.ndarray]:
    model = method.fit(of_customers(fold.learned, whole=whole), Run(threads=threads()))
    return figures_of(model, fold.test)


@cache
def log() -> Dataset:
    """All baskets of all customers."""
    events = pl.read_parquet(folder() / "tafeng-nbr" / "baskets.parquet").with_columns(
        time=END - DAY * (pl.col("basket_no").max().over("user_id") - pl.col("basket_no")).cast(pl.Int64)
    )
    return Dataset.of(events.select("user_id", "item_id", "time"))


def of_customers(users: np.ndarray, *, whole: bool = True) -> Dataset:
    """The baskets of these customers alone; not whole: without their last."""
    data = log()
    kept = np.isin(data.user, users)
    return data.where(kept if whole else kept & (data.time < END))


def asked(users: np.ndarray) -> tuple[Queries, Histories]:
    """Strangers with the histories of these customers, and their last baskets."""
    data = log()
    before = data.queries(ints(users), END)
    whole = data.histories()[users]
    return Queries.of(before.history, times=np.full(len(users), END)), whole.where(whole.times == END)


def judged(answer: np.ndarray, queries: Queries, wanted: Histories) -> dict[str, np.ndarray]:
    """The figures of each customer's list [n, 20], NaN where they wanted nothing of the kind."""
    n = len(queries)
    width = 1 + max(int(answer.max()), int(wanted.items.max()), int(queries.history.items.max()))

    def keys(rows: np.ndarray, items: np.ndarray) -> np.ndarray:
        return np.asarray(rows, dtype=np.int64) * width + items

    hits = np.isin(keys(np.arange(n)[:, np.newaxis], answer), keys(wanted.rows, wanted.items)) & (answer >= 0)
    history = keys(queries.history.rows, queries.history.items)
    had = np.isin(keys(np.arange(n)[:, np.newaxis], answer), history)
    again = np.bincount(wanted.rows[np.isin(keys(wanted.rows, wanted.items), history)], minlength=n)
    sizes = wanted.lengths
    discounts = 1 / np.log2(np.arange(2, 2 + max(int(sizes.max()), max(CUTS))))
    ideal = np.cumsum(discounts)[sizes - 1]
    figures = {}
    with np.errstate(invalid="ignore", divide="ignore"):
        for k in CUTS:
            found = hits[:, :k].sum(axis=1)
            old = (hits & had)[:, :k].sum(axis=1)
            figures[f"recall@{k}"] = found / sizes
            figures[f"ndcg@{k}"] = hits[:, :k] @ discounts[:k] / ideal
            figures[f"phr@{k}"] = (found > 0).astype(np.float64)
            figures[f"repeat@{k}"] = np.where(again > 0, old / again, np.nan)
            figures[f"explore@{k}"] = np.where(sizes > again, (found - old) / (sizes - again), np.nan)
    return figures


def figures_of(model: Recommender, users: np.ndarray) -> dict[str, np.ndarray]:
    """What a model finds of the last baskets of these customers."""
    queries, wanted = asked(users)
    return judged(model.recommend(queries, max(CUTS), Allowed()).items, queries, wanted)


def means(figures: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The mean of each figure."""
    return {name: float(np.nanmean(values)) for name, values in figures.items()}


def interval(users: Sequence[np.ndarray], values: Sequence[np.ndarray]) -> tuple[float, float]:
    """The middle 95 % of the mean over all folds' customers and figures, when customers are drawn anew."""
    who = np.unique(np.concatenate(users), return_inverse=True)[1]
    sums, counts = np.bincount(who, np.concatenate(values)), np.bincount(who)
    draws = np.random.default_rng(0).integers(len(sums), size=(1_000, len(sums)))
    low, high = np.quantile(sums[draws].sum(axis=1) / counts[draws].sum(axis=1), [0.025, 0.975])
    return float(low), float(high)
