"""What is bought again at The Complete Journey: calibrated probabilities, beside personal frequency.

Goods on the shelf only. The last 4 whole weeks of the year are the test, what happened in them is asked once; all
settings were chosen on the 4 weeks before. Learning sees nothing from the moment of asking on. Every product that a
customer has bought is asked about: 803,123 pairs, of which 5 % are bought again within 4 weeks. The test is asked at
its beginning (4 weeks ahead), and one, two and three weeks later for what is left of it, by models of its beginning.
The next week is what all four say together: the mean of a customer's weeks. 100,000 customers: see `crowd`.
"""

import time
import warnings
from collections.abc import Iterator, Mapping
from functools import cache, partial

import numpy as np
import polars as pl

from benchmarks.figure import Figure
from benchmarks.measure import circumstances, kept, threads
from regulars.core import DAY, Dataset, Run
from regulars.data.demo import complete_journey
from regulars.evaluation.significance import intervals, paired_p
from regulars.marketing.repurchase import (
    REPURCHASE,
    Judged,
    Pairs,
    Repeats,
    RepurchaseMethod,
    RepurchaseModel,
    judged,
    pairs_of,
    table,
)

AGAINST = "frequency"


def run() -> Iterator[Figure]:
    """Every method on the test weeks; then one customer after the other."""
    data = shop()
    moment = asked_at(data)
    before, pairs = data.before(moment), pairs_of(data, moment)
    models: dict[str, RepurchaseModel] = {}
    seconds: dict[str, tuple[float, float]] = {}
    for name, method in REPURCHASE.items():
        models[name], *spent = kept(f"repurchase-{name}", partial(_answered, method, before, pairs))
        seconds[name] = spent[0], spent[1]
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


def _answered(method: RepurchaseMethod, before: Dataset, pairs: Pairs) -> RepurchaseModel:
    """Fitted, and asked about all pairs once, so that both are timed."""
    model = method.fit(before, Run(threads=threads()))
    model.probabilities(pairs)
    return model


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
