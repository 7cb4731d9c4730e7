"""What 100,000 customers of a simulated shop buy again: learning from the whole log, and the lists of all.

The shop has 10,000 products and a year of purchases; it says how long that takes, not how good the lists are.
"""

from collections.abc import Iterator
from functools import partial

import polars as pl

from benchmarks.figure import OURS, Figure
from benchmarks.measure import circumstances, kept, threads, timed
from regulars.core import Dataset, Run
from regulars.data.simulate import ShopSettings, simulate
from regulars.marketing.repurchase import REPURCHASE, buy_again

WAYS = ("weibull", "lstm", "trees", "stacked")


def run(customers: int = 100_000) -> Iterator[Figure]:
    """One figure for each way, fitted and answered."""
    data = shop(customers)
    for name in WAYS:
        fit = partial(REPURCHASE[name].fit, data, Run(threads=threads()))
        model, seconds, cpu = kept(f"crowd-{name}", fit)
        lists, clock, answering = timed(partial(buy_again, model, data, horizon_weeks=2, k=10))
        yield Figure(
            task=f"buy_again for {data.n_users:,} customers, by {name}; fitted and answered",
            data=f"a simulated shop, {len(data):,} purchases",
            peer=OURS,
            seconds=seconds + clock,
            cpu_seconds=cpu + answering,
            quality={"rows": float(lists.height), "CPU seconds of the answers": round(answering, 1)},
            further=circumstances(),
        )


def shop(customers: int) -> Dataset:
    """Purchases and returns, with categories and brands, ages and cities."""
    drawn = simulate(ShopSettings(customers=customers, items=10_000), seed=1)
    bought = drawn.events.filter(pl.col("kind").is_in(["purchase", "return"]))
    bought = bought.with_columns(time=pl.col("timestamp").dt.epoch("s")).drop("timestamp", "session")
    items, people = drawn.items.select("item_id", "category", "brand"), drawn.customers.select("user_id", "age", "city")
    return Dataset.of(bought.sort("time"), items=items, customers=people)
