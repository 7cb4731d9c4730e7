"""Moments: civil days and local clocks -> seconds since 1970 UTC."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from regulars.core import DAY, Bools, Longs

UNKNOWN = np.iinfo(np.int64).min  # "no time" and "not understood" inside this folder


@dataclass(frozen=True)
class Clock:
    """How to read times: the zone of those that carry none, a fixed form or "" to look, and the order of 02/03/2024."""

    zone: str = "UTC"
    form: str = ""
    day_first: bool = True


def civil(year: Longs, month: Longs, day: Longs) -> Longs:
    """Seconds of midnight of each day, UNKNOWN where there is no such day."""
    legal = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (year > 0) & (year < 10_000)
    months = np.where(legal, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(legal, day - 1, 0).astype("timedelta64[D]")
    legal &= days.astype("datetime64[M]") == months
    return np.where(legal, days.astype(np.int64) * DAY, UNKNOWN)


def localized(naive: Longs, missing: Bools, zone: str) -> Longs:
    """UTC of local seconds. The hour that spring skips is read as the one after; of autumn's two the first counts."""
    if zone != "UTC":
        local = pl.from_epoch(pl.Series(naive), time_unit="s")
        there = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        if there.null_count() > local.null_count():
            before = local.dt.offset_by("-1h")
            later = before.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.epoch("s") + 3600
            naive = there.dt.epoch("s").fill_null(later).fill_null(0).to_numpy()
        else:
            naive = there.dt.epoch("s").fill_null(0).to_numpy()
    return np.where(missing, UNKNOWN, naive)
