"""What is bought again at The Complete Journey: calibrated probabilities, beside personal frequency.

Goods on the shelf only. The last 4 whole weeks of the year are the test, what happened in them is asked once; all
settings were chosen on the 4 weeks before. Learning sees nothing from the moment of asking on. Every product that a
customer has bought is asked about: 805,001 pairs, of which 5 % are bought again within 4 weeks. The test is asked at
its beginning (4 weeks ahead), and one, two and three weeks later for what is left of it, by models of its beginning.
The next week is what all four say together: the mean of a customer's weeks. Then what was never bought before, and a
simulated shop of 100,000 customers.
"""

import time
import warnings
from collections.abc import Iterator, Mapping
from functools import cache

import numpy as np
import polars as pl

from benchmarks.figure import Figure
from benchmarks.measure import circumstances, threads
from regulars.core import DAY, Dataset, Run
from regulars.data.demo import complete_journey
from regulars.data.simulate import ShopSettings, simulate
from regulars.evaluation.significance import intervals, paired_p
from regulars.marketing.repurchase import (
    REPURCHASE,
    Judged,
    Repeats,
    RepurchaseModel,
    buy_again,
    judged,
    pairs_of,
    table,
)

AGAINST = "frequency"


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
        yield alone(name, models[name], before)
    yield from crowd()


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
    weeks: dict[str, list[np.ndarray]] = {name: [] for name in models}
    for later, horizons in ((0, (1, 2, 4)), (1, (1, 2)), (2, (1, 2)), (3, (1,))):
        at = moment + later * 7 * DAY
        results = judged(models, data, pairs_of(data, at), horizons)
        for result in results:
            if result.horizon == 1:
                weeks[result.name].append(_of_customers(result, data.n_users))
        frame = table(results, AGAINST)
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
    for name, figures in _next_week(weeks).items():
        told[name] |= figures
    return told


def _of_customers(result: Judged, n: int) -> np.ndarray:
    """NDCG@10 and log loss of each customer; NaN where there was nothing to find."""
    whole = np.full((n, 2), np.nan)
    own = result.per_customer()[:, :2]
    whole[: len(own)] = own
    return whole


def _next_week(weeks: Mapping[str, list[np.ndarray]]) -> dict[str, dict[str, float]]:
    """NDCG@10 and log loss one week ahead, a customer's weeks together, against the baseline."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # customers of whom nothing was to be found in any week
        means = {name: np.nanmean(np.stack(each), axis=0).astype(np.float32) for name, each in weeks.items()}
    told: dict[str, dict[str, float]] = {name: {} for name in means}
    for name, values in means.items():
        ends, p = intervals(values), paired_p(values - means[AGAINST])
        for place, figure in enumerate(("ndcg", "log loss of a customer")):
            where = f"{figure}, each next week"
            told[name][where] = round(float(np.nanmean(values[:, place])), 5)
            told[name] |= {f"{where}, low": round(ends[place, 0], 5), f"{where}, high": round(ends[place, 1], 5)}
            if name != AGAINST:
                apart = float(np.nanmean(values[:, place] - means[AGAINST][:, place]))
                told[name] |= {f"{where}, to {AGAINST}": round(apart, 5), f"{where}, p": float(f"{p[place]:.2g}")}
    return told


def alone(name: str, model: RepurchaseModel, data: Dataset, questions: int = 200) -> Figure:
    """One customer after the other, as a page of the service asks: the list, then its numbers and words."""
    source = Repeats.of(model, data)
    users = np.random.default_rng(0).choice(data.n_users, questions + 5, replace=False).astype(np.int32)
    asked = data.queries(users, int(data.time.max()) + 1)
    for row in range(5):
        source.foretell(asked[row : row + 1], source.recommend(asked[row : row + 1], 10))
    began, cpu = time.perf_counter(), time.process_time()
    for row in range(5, questions + 5):
        one = asked[row : row + 1]
        source.foretell(one, source.recommend(one, 10))
    return Figure(
        task=f"buy_again of a service, one customer alone, by {name}",
        data="The Complete Journey",
        peer="regulars",
        seconds=(time.perf_counter() - began) / questions,
        cpu_seconds=(time.process_time() - cpu) / questions,
        quality={"events of a history": float(asked.history.lengths.mean())},
        further=circumstances(),
    )


def crowd(customers: int = 100_000) -> Iterator[Figure]:
    """Everybody of a simulated shop asked: learning from the whole log, and the lists of all."""
    drawn = simulate(ShopSettings(customers=customers, items=10_000), seed=1)
    bought = drawn.events.filter(pl.col("kind").is_in(["purchase", "return"]))
    bought = bought.with_columns(time=pl.col("timestamp").dt.epoch("s")).drop("timestamp", "session")
    items, people = drawn.items.select("item_id", "category", "brand"), drawn.customers.select("user_id", "age", "city")
    data = Dataset.of(bought.sort("time"), items=items, customers=people)
    del drawn, bought
    for name in ("weibull", "lstm", "trees"):
        began, cpu = time.perf_counter(), time.process_time()
        model = REPURCHASE[name].fit(data, Run(threads=threads()))
        learned = time.process_time()
        rows = buy_again(model, data, horizon_weeks=2, k=10).height
        yield Figure(
            task=f"buy_again for {data.n_users:,} customers, by {name}; fitted and answered",
            data=f"a simulated shop, {len(data):,} purchases",
            peer="regulars",
            seconds=time.perf_counter() - began,
            cpu_seconds=time.process_time() - cpu,
            quality={"rows": float(rows), "CPU seconds of the answers": round(time.process_time() - learned, 1)},
            further=circumstances(),
        )
