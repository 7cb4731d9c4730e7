"""What is bought again at The Complete Journey: calibrated probabilities, beside personal frequency.

Goods on the shelf only. The last 4 whole weeks of the year are the test, what happened in them is asked once; all
settings were chosen on the 4 weeks before. Learning sees nothing from the moment of asking on. Every product that a
customer has bought is asked about: 805,001 pairs, of which 5 % are bought again within 4 weeks. The test is asked three
times, at its beginning (4 weeks ahead), and one and two weeks later for one and two weeks ahead, by models of its
beginning.
"""

import time
from collections.abc import Iterator, Mapping
from functools import cache

import numpy as np
import polars as pl

from benchmarks.figure import Figure
from benchmarks.measure import circumstances, threads
from regulars.core import DAY, Dataset, Run
from regulars.data.demo import complete_journey
from regulars.marketing.repurchase import (
    REPURCHASE,
    RepurchaseModel,
    buy_again,
    judged,
    pairs_of,
    table,
)

AGAINST = "frequency"
TIMES = 41  # the shop so many times over has 100,000 customers


def run() -> Iterator[Figure]:
    """Every method on the test weeks, then a hundred thousand customers by the quickest good one and by the best."""
    data = shop()
    moment = asked_at(data)
    before, pairs = data.before(moment), pairs_of(data, moment)
    models: dict[str, RepurchaseModel] = {}
    seconds: dict[str, tuple[float, float]] = {}
    for name, method in REPURCHASE.items():
        began, cpu = time.perf_counter(), time.process_time()
        models[name] = method.fit(before, Run(threads=threads()))
        models[name].probabilities(pairs)
        seconds[name] = time.perf_counter() - began, time.process_time() - cpu
    for name, quality in _quality(data, models, moment).items():
        yield Figure(
            task=f"bought again within 4 weeks, by {name}; fitted and {len(pairs):,} pairs answered",
            data="The Complete Journey",
            peer="regulars",
            seconds=seconds[name][0],
            cpu_seconds=seconds[name][1],
            quality=quality,
            further=circumstances(),
        )
    for name in ("weibull", "trees"):
        yield _crowd(name, models[name], before, moment)


@cache
def shop() -> Dataset:
    """A year of purchases of goods on the shelf, with prices, promotions and both tables."""
    tables = complete_journey()
    items = tables.items.filter("on_shelf")
    events = tables.events.filter(pl.col("item_id").is_in(items["item_id"].implode()))
    events = events.with_columns(time=pl.col("timestamp").dt.epoch("s")).drop("timestamp", "session", "store", "coupon")
    return Dataset.of(events.sort("time"), items=items.drop("on_shelf", "title"), customers=tables.customers)


def asked_at(data: Dataset, weeks: int = 4) -> int:
    """The midnight `weeks` weeks before the last one of the log."""
    return int(data.time.max()) // DAY * DAY - weeks * 7 * DAY


def _quality(data: Dataset, models: Mapping[str, RepurchaseModel], moment: int) -> dict[str, dict[str, float]]:
    """The figures of each model at each moment, and whether it beats the baseline."""
    told: dict[str, dict[str, float]] = {name: {} for name in models}
    for later, horizons in ((0, (1, 2, 4)), (1, (2,)), (2, (2,))):
        at = moment + later * 7 * DAY
        frame = table(judged(models, data, pairs_of(data, at), horizons), AGAINST)
        for row in frame.iter_rows(named=True):
            place = f"{row['figure']}, {row['horizon_weeks']} weeks" + (f" from week {later + 1}" if later else "")
            told[row["model"]][place] = round(row["value"], 5)
            if row["low"] is not None:
                told[row["model"]] |= {f"{place}, low": round(row["low"], 5), f"{place}, high": round(row["high"], 5)}
            if row["p"] is not None and row["model"] != AGAINST:
                told[row["model"]] |= {
                    f"{place}, to {AGAINST}": round(row["difference"], 5),
                    f"{place}, p": float(f"{row['p']:.2g}"),
                }
    return told


def _crowd(name: str, model: RepurchaseModel, data: Dataset, moment: int) -> Figure:
    """The shop's customers over and over, as other customers, all asked."""
    everybody = np.tile(np.arange(data.n_users, dtype=np.int32), TIMES)
    began, cpu = time.perf_counter(), time.process_time()
    rows = buy_again(model, data, everybody, horizon_weeks=2, k=10, at=moment).height
    return Figure(
        task=f"buy_again for {len(everybody):,} customers, by {name}",
        data=f"The Complete Journey, {TIMES} times",
        peer="regulars",
        seconds=time.perf_counter() - began,
        cpu_seconds=time.process_time() - cpu,
        quality={"rows": float(rows), "events": float(len(data) * TIMES)},
        further=circumstances(),
    )
