"""Times that are written as one number: epochs, digits such as 20240131, the days of a spreadsheet."""

import numpy as np
import polars as pl

from regulars.core import DAY, Bools, Longs, longs

from .moments import UNKNOWN, Clock, civil, localized

UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_SHEET = (32_874, 73_050)  # 1990 to 2099 in days since 30 December 1899; as seconds they would be hours of 1970
_SHEET_1970 = 25_569
_DAYS = (19_000_101, 21_001_231)
_MINUTES = (190_001_010_000, 210_012_312_359)
_SECONDS = (19_000_101_000_000, 21_001_231_235_959)


def of_numbers(values: pl.Series, clock: Clock) -> Longs:
    """Seconds UTC of numbers, UNKNOWN for missing ones and for those that are no time; int64 [n].

    Epochs are told by their size: seconds until 5138, then milli-, micro- and nanoseconds.
    """
    numbers, missing = _numbers(values)
    if clock.form == "days":
        return localized(np.floor(numbers * DAY).astype(np.int64), missing, clock.zone)
    if clock.form in UNITS:
        return np.where(missing, UNKNOWN, np.floor_divide(numbers, UNITS[clock.form]).astype(np.int64))
    size = np.abs(numbers)
    unit = np.where(size < 1e11, 1, np.where(size < 1e14, 10**3, np.where(size < 1e17, 10**6, 10**9)))
    result = np.where(missing, UNKNOWN, np.floor_divide(numbers, unit).astype(np.int64))
    for (low, high), read in ((_SHEET, _sheet), (_DAYS, _digits), (_MINUTES, _digits), (_SECONDS, _digits)):
        rows = np.flatnonzero((numbers >= low) & (numbers <= high) & ~missing)
        if len(rows):
            local = read(numbers[rows])
            legal = local != UNKNOWN
            result[rows[legal]] = localized(local[legal], np.zeros(legal.sum(), dtype=np.bool_), clock.zone)
    return result


def _numbers(values: pl.Series) -> tuple[np.ndarray, Bools]:
    """The numbers, int64 where they are whole so that no nanosecond is lost, and which are missing."""
    if values.dtype.is_float() or values.dtype.is_decimal():
        found = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
        missing = ~(np.abs(found) < 9e18)  # beyond int64, infinite, or none
        return np.where(missing, 0.0, found), missing
    whole = values.cast(pl.Int64, strict=False)
    return whole.fill_null(0).to_numpy(), whole.is_null().to_numpy()


def _sheet(numbers: np.ndarray) -> Longs:
    """Local seconds of a spreadsheet's days."""
    return longs(np.rint((numbers - _SHEET_1970) * DAY))


def _digits(numbers: np.ndarray) -> Longs:
    """Local seconds of 20240131, 202401312359 and 20240131235900, UNKNOWN where there is no such day or hour."""
    digits = numbers.astype(np.int64)
    digits *= np.where(digits < 10**9, 10**6, np.where(digits < 10**13, 100, 1))
    hour, minute, second = digits // 10**4 % 100, digits // 100 % 100, digits % 100
    days = civil(digits // 10**10, digits // 10**8 % 100, digits // 10**6 % 100)
    legal = (days != UNKNOWN) & (hour < 24) & (minute < 60) & (second < 60)
    return np.where(legal, days + hour * 3600 + minute * 60 + second, UNKNOWN)
