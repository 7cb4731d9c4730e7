"""A shop whose truth is known: every customer buys every product again after gamma-distributed gaps."""

import numpy as np
import polars as pl

from regulars.core import DAY, Dataset

MONDAY = 1_699_833_600  # 13 November 2023, midnight UTC


def bought(rows, **columns):
    """A dataset of (user, item, day, second of the day) rows counted from a Monday."""
    users, items, days, seconds = zip(*[(*row, 3_600)[:4] for row in rows], strict=True)
    time = [MONDAY + day * DAY + second for day, second in zip(days, seconds, strict=True)]
    return Dataset.of(pl.DataFrame({"user_id": users, "item_id": items, "time": time, **columns}))


def renewals(seed=0, *, customers=120, products=12, days=364, shape=3.0):
    """The log, and the mean gap of each pair: products of 5 to 60 days, paces of customers from half to twice that."""
    random = np.random.default_rng(seed)
    usual = np.linspace(5, 60, products)
    pace = np.exp(random.normal(0, 0.3, customers))
    rows = []
    for customer in range(customers):
        for product in random.permutation(products)[: products // 2].tolist():
            mean = usual[product] * pace[customer]
            moment = random.uniform(0, mean)
            while moment < days:
                rows.append((f"c{customer:03d}", f"p{product:02d}", int(moment)))
                moment += max(random.gamma(shape, mean / shape), 1.0)
    kinds = [("slow", "quick")[int(row[1][1:]) < products // 2] for row in rows]
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "day"], orient="row").with_columns(
        time=pl.col("day") * DAY + MONDAY + 3_600
    )
    items = pl.DataFrame({"item_id": [row[1] for row in rows], "category": kinds}).unique(maintain_order=True)
    return Dataset.of(events.drop("day").sort("time", maintain_order=True), items=items), usual, pace
