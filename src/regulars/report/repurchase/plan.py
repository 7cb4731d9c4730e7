"""Plan: what customers are expected to buy in each of the coming weeks, for a few of them line by line."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from regulars.core import Bools, Frame, Ints, Longs, Progress, Run
from regulars.marketing.repurchase import HORIZONS, Pairs, RepurchaseModel, expected_days, reasons
from regulars.marketing.repurchase.method import at_horizons
from regulars.marketing.repurchase.reading import Past

BLOCK = 500  # customers that are asked about at a time
LATELY = 84  # days that tell an active customer
BACK = 182  # days of the past that are drawn


@dataclass(frozen=True)
class Plan:
    """lines: customer (index), item, within (the chance over all weeks), weeks (list: that the next purchase falls into
    each), days (until it is as likely as not; null beyond a year), reason, ages (list: days before the moment).
    customers: customer, products, visits (of LATELY days), since (days), expected (purchases in the coming week).
    """

    lines: Frame
    customers: Frame


def plan(past: Past, model: RepurchaseModel, users: Ints, *, weeks: int, k: int, allowed: Bools | None) -> Plan:
    """The k likeliest products of each customer over so many weeks, the soonest first."""
    pairs = past.pairs(users)
    told = model.probabilities(pairs, HORIZONS)
    may = shown(pairs, allowed) & ~np.isnan(told).any(axis=1)
    said = at_horizons(told, HORIZONS, range(1, weeks + 1))
    within, days = said[:, -1], expected_days(told)
    kept = np.flatnonzero(may)
    best = kept[np.lexsort((pairs.since[kept], -within[kept], pairs.row[kept]))]
    place = np.arange(len(best)) - np.searchsorted(pairs.row[best], pairs.row[best])
    chosen = np.sort(best[place < k])
    some = pairs.only(chosen)
    falls = np.diff(np.pad(said[chosen], ((0, 0), (1, 0))), axis=1)
    lines = pl.DataFrame(
        {
            "customer": some.customers,
            "place": some.row,
            "item": some.items,
            "within": within[chosen],
            "weeks": falls.astype(np.float64).tolist(),
            "days": pl.Series(days[chosen]).fill_nan(None),
            "reason": reasons(some),
            "ages": ages(some),
        }
    )
    lines = lines.sort("place", "days", "within", descending=[False, False, True], nulls_last=True)
    expected = np.bincount(pairs.row[may], said[may, 0], len(users))
    return Plan(lines.drop("place"), _customers(pairs, users, expected))


def shown(pairs: Pairs, allowed: Bools | None) -> Bools:
    """Which pairs may be named."""
    if allowed is None:
        return np.ones(len(pairs), dtype=np.bool_)
    inside = pairs.items < len(allowed)
    return np.asarray(inside & allowed[np.where(inside, pairs.items, 0)])


def ages(pairs: Pairs) -> pl.Series:
    """The days of purchase of each pair within BACK days, oldest first, as lists."""
    pair = np.repeat(np.arange(len(pairs)), pairs.counts)
    table = pl.DataFrame({"pair": pair, "age": pairs.ages}).filter(pl.col("age") < BACK)
    lists = table.group_by("pair", maintain_order=True).agg("age")
    every = pl.DataFrame({"pair": np.arange(len(pairs))})
    return every.join(lists, on="pair", how="left", maintain_order="left")["age"].fill_null([])


def _customers(pairs: Pairs, users: Ints, expected: np.ndarray) -> Frame:
    m = len(users)
    row = np.repeat(np.arange(m), np.diff(pairs.visit_starts))
    last = np.full(m, -1, dtype=np.int64)
    there = np.diff(pairs.visit_starts) > 0
    last[there] = pairs.visits[pairs.visit_starts[1:][there] - 1]
    return pl.DataFrame(
        {
            "customer": users,
            "products": np.bincount(pairs.row, minlength=m),
            "visits": np.bincount(row[pairs.visits < LATELY], minlength=m),
            "since": last,
            "expected": expected,
        }
    )


def spread_out(activity: Longs, n: int) -> Ints:
    """n customers from the busiest to the quietest, evenly; none that was never there. activity: int64 [n_users]."""
    order = np.argsort(-activity, kind="stable")
    order = order[: int((activity > 0).sum())]
    places = np.unique(np.linspace(0, max(len(order) - 1, 0), min(n, len(order))).round().astype(np.int64))
    chosen: Ints = order[places].astype(np.int32)
    return chosen


@dataclass(frozen=True)
class Totals:
    """Sums over the customers who were asked. items: item, expected (customers who buy it within the horizon), likely
    (those with whom it is more likely than not), bought (who ever did), again, q25, q50, q75 (days between purchases).
    coming: purchases in the coming week.
    """

    items: Frame
    coming: float


def totals(past: Past, model: RepurchaseModel, users: Ints, weeks: int, allowed: Bools | None, run: Run) -> Totals:
    """Asks customers block by block what they buy within so many weeks."""
    n = max(past.bought.n_items, 1)
    sums = np.zeros((4, n))
    coming, gaps = 0.0, []
    for begin in range(0, len(users), BLOCK):
        run.on_epoch(Progress("ask about customers", begin, len(users)))
        pairs = past.pairs(users[begin : begin + BLOCK])
        if not len(pairs):
            continue
        said = np.nan_to_num(model.probabilities(pairs, (1, weeks)))
        may = shown(pairs, allowed)
        coming += float(said[:, 0].sum())
        for place, values in enumerate((said[:, 1] * may, (said[:, 1] > 0.5) & may, may, (pairs.counts > 1) & may)):
            sums[place] += np.bincount(pairs.items, values.astype(np.float64), n)
        starts, days = pairs.gaps
        gaps.append(pl.DataFrame({"item": np.repeat(pairs.items, np.diff(starts)), "gap": days}))
    run.on_epoch(Progress("ask about customers", len(users), len(users)))
    table = pl.DataFrame(
        {"item": np.arange(n, dtype=np.int32)}
        | {name: sums[place] for place, name in enumerate(("expected", "likely", "bought", "again"))}
    )
    return Totals(_with_gaps(table, gaps), coming)


def _with_gaps(table: Frame, gaps: Sequence[Frame]) -> Frame:
    quartiles = [pl.col("gap").quantile(q, "linear").alias(f"q{100 * q:.0f}") for q in (0.25, 0.5, 0.75)]
    if not gaps:
        return table.with_columns(pl.lit(None, pl.Float64).alias(name) for name in ("q25", "q50", "q75"))
    return table.join(pl.concat(gaps).group_by("item").agg(quartiles), on="item", how="left", maintain_order="left")
