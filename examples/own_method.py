"""A method of your own under the same measures as ours: what sold best on this day of the week.

    python examples/own_method.py

A method is a frozen dataclass of settings whose `fit` returns a model; a model answers NaN for what it cannot tell.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from regulars import DAY, QUIET, Dataset, Popularity, Queries, Run, Scored, Settings, TimeSplit, compare, setting
from regulars.data.simulate import ShopSettings, simulate


@dataclass(frozen=True)
class Weekly(Scored):
    """Scores by the day of the week on which the question is asked; sold: float32 [7, n_items]."""

    sold: np.ndarray
    n_items: int
    method: str = "weekly"

    def score(self, queries: Queries, items: np.ndarray | None = None) -> np.ndarray:
        asked = self.sold[queries.times // DAY % 7]
        if items is None:
            return asked
        known = (items >= 0) & (items < self.n_items)
        return np.where(known, asked[:, np.where(known, items, 0)], np.nan).astype(np.float32)


@dataclass(frozen=True)
class BestOfTheDay(Settings):
    """The best sellers of each day of the week."""

    floor: float = setting(1.0, low=0.0)  # what weighs less than this on a day is not proposed

    def fit(self, data: Dataset, run: Run = QUIET) -> Weekly:
        sold = np.zeros((7, data.n_items), dtype=np.float32)
        np.add.at(sold, (data.time // DAY % 7, data.item), data.weight)
        return Weekly(np.where(sold >= self.floor, sold, np.nan).astype(np.float32), data.n_items)


def main() -> None:
    events = simulate(ShopSettings(customers=500, items=200), seed=3).events
    shop = Dataset.of(events.with_columns(time=pl.col("timestamp").dt.epoch("s")).filter(pl.col("kind") == "purchase"))
    split = TimeSplit(days=28).cut(shop)
    methods = {"popularity": Popularity(), "best of the day": BestOfTheDay()}
    result = compare({name: method.fit(split.train) for name, method in methods.items()}, split)
    print(result.frame().filter(metric="ndcg@10").select("name", "mean", "low", "high", "verdict"))


if __name__ == "__main__":
    main()
