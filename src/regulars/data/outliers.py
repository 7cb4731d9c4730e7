"""Outliers: customers far beyond the rest: resellers, bots, the till's own account."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from regulars.core import Bools, Longs

BURST = 3600  # seconds
_BEYOND = 4.0  # robust standard deviations, on a log scale
_FOLD = 20.0  # and at least so many times the median: even shops differ by much between customers
_FEW = 30  # customers; fewer have no "rest" to be beyond
_SCALE = 1.4826  # median absolute deviation -> standard deviation of a normal distribution
_NAMED = 20


@dataclass(frozen=True)
class Outlier:
    """One customer: how many events in all or within an hour, where the median customer has `typical`."""

    customer: str
    what: str
    count: int
    typical: float
    limit: float


def limit(counts: Longs) -> float:
    """The count beyond which a customer is an outlier: median and median absolute deviation of log counts.

    Infinite where there are fewer than 30 customers. After Iglewicz, Hoaglin, How to Detect and Handle Outliers, 1993.
    """
    active = counts[counts > 0]
    if len(active) < _FEW:
        return float("inf")
    logs = np.log(active)
    middle = float(np.median(logs))
    spread = max(_SCALE * float(np.median(np.abs(logs - middle))), 0.25)
    return max(float(np.exp(middle + _BEYOND * spread)), _FOLD * float(np.median(active)))


def beyond(counts: Longs) -> Bools:
    """Which customers are outliers by their count."""
    return counts > limit(counts)


def named(what: str, counts: Longs, ids: pl.Series) -> list[Outlier]:
    """The largest outliers, largest first."""
    border = limit(counts)
    found = np.flatnonzero(counts > border)
    found = found[np.argsort(-counts[found], kind="stable")][:_NAMED]
    typical = float(np.median(counts[counts > 0])) if (counts > 0).any() else 0.0
    return [Outlier(str(ids[int(row)]), what, int(counts[row]), typical, border) for row in found]
