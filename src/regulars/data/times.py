"""Times in any common form -> seconds since 1970 UTC.

Understood row by row: ISO 8601 with and without zone, dates alone, numbers (seconds, milli-, micro- and nanoseconds
since 1970, 20240131, 20240131235900), 31/01/2024 8:26, 1/31/2024 8:26 PM, 31.01.24, 31 Jan 2024, Jan 31, 2024. Which of
day and month comes first is asked of the whole column by `slashes`.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from regulars.core import DAY, Longs, longs

UNKNOWN = np.iinfo(np.int64).min  # "no time" and "not understood" inside this folder
UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_FAST = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.fZ", "%Y-%m-%d")
_CLOCK = (
    r"(?:[T ,]+(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,]\d+)?)?\s*(?P<p>[AaPp])?\.?(?:[Mm]\.?)?"
    r"\s*(?P<z>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?\s*$"
)
_YEAR_FIRST = r"^\s*(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})" + _CLOCK
_SLASHED = r"^\s*(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<y>\d{4}|\d{2})" + _CLOCK
_DAY_NAME = r"^\s*(?:[A-Za-z]{3,9},?\s+)?"
_NAMED = (
    _DAY_NAME + r"(?P<d>\d{1,2})[ -]+(?P<n>[A-Za-z]{3})[a-z]*\.?[ ,-]+(?P<y>\d{4}|\d{2})" + _CLOCK,
    _DAY_NAME + r"(?P<n>[A-Za-z]{3})[a-z]*\.? +(?P<d>\d{1,2})(?:st|nd|rd|th)?,? +(?P<y>\d{4})" + _CLOCK,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True)
class Clock:
    """How to read times: the zone of those that carry none, a fixed form or "" to look, and the order of 02/03/2024."""

    zone: str = "UTC"
    form: str = ""
    day_first: bool = True


@dataclass(frozen=True)
class Slashes:
    """What a column with times such as 02/03/2024 says about their order: rows that can only be read one way."""

    day_first: int = 0
    month_first: int = 0
    either: int = 0
    dotted: int = 0

    def __add__(self, other: "Slashes") -> "Slashes":
        return Slashes(
            self.day_first + other.day_first,
            self.month_first + other.month_first,
            self.either + other.either,
            self.dotted + other.dotted,
        )

    @property
    def any(self) -> bool:
        return bool(self.day_first or self.month_first or self.either)


def seconds(values: pl.Series, clock: Clock) -> Longs:
    """Seconds UTC of each value, UNKNOWN for missing or unreadable ones; int64 [n]."""
    if values.dtype in (pl.Date, pl.Datetime):
        return _of_typed(values, clock)
    if values.dtype.is_numeric():
        return _of_numbers(values, clock)
    text = values.cast(pl.String)
    head = text.head(20_000)
    if len(text) > len(head) and head.n_unique() * 3 < len(head):  # days, or minutes of a busy shop: read each once
        names = text.unique()
        times = pl.Series("seconds", _of_text(names, clock))
        table = pl.DataFrame({"text": names, "seconds": times})
        joined = pl.DataFrame({"text": text}).join(
            table, on="text", how="left", maintain_order="left", nulls_equal=True
        )
        return joined["seconds"].to_numpy()
    return _of_text(text, clock)


def slashes(values: pl.Series) -> Slashes:
    """How many values look like 31/01/2024, and how many of them can only be read one way."""
    if values.dtype != pl.String:
        return Slashes()
    parts = (
        values.drop_nulls().unique().str.extract_groups(r"^\s*(\d{1,2})([-/.])(\d{1,2})[-/.](?:\d{4}|\d{2})(?:\D|$)")
    )
    frame = parts.to_frame("p").unnest("p").drop_nulls()
    if not frame.height:
        return Slashes()
    dotted = (frame["2"] == ".").to_numpy()
    a, b = frame["1"].cast(pl.Int32).to_numpy(), frame["3"].cast(pl.Int32).to_numpy()
    day, month = int(((a > 12) & (b <= 12) & ~dotted).sum()), int(((b > 12) & (a <= 12) & ~dotted).sum())
    return Slashes(day, month, int(((a <= 12) & (b <= 12) & (a != b) & ~dotted).sum()), int(dotted.sum()))


def _of_typed(values: pl.Series, clock: Clock) -> Longs:
    if values.dtype == pl.Date:
        days = values.cast(pl.Int32).cast(pl.Int64)
        return _localized(days.fill_null(0).to_numpy() * DAY, values.is_null().to_numpy(), clock.zone)
    aware = getattr(values.dtype, "time_zone", None) is not None
    times = values.dt.epoch("s")
    missing = times.is_null().to_numpy()
    return _localized(times.fill_null(0).to_numpy(), missing, "UTC" if aware else clock.zone)


def _of_numbers(values: pl.Series, clock: Clock) -> Longs:
    """Epochs by their size; 20240131, 202401312359 and 20240131235900 are read as written days."""
    missing = values.is_null().to_numpy()
    if values.dtype.is_float() or values.dtype.is_decimal():
        exact = values.cast(pl.Float64).fill_null(0.0).fill_nan(0.0).to_numpy()
        missing = missing | ~np.isfinite(values.cast(pl.Float64).fill_null(np.nan).to_numpy()) | (np.abs(exact) > 9e18)
        exact = np.where(missing, 0.0, exact)
    else:
        whole = values.cast(pl.Int64, strict=False)
        missing = whole.is_null().to_numpy()
        exact = whole.fill_null(0).to_numpy()
    if clock.form == "days":
        return _localized(np.floor(exact * DAY).astype(np.int64), missing, clock.zone)
    if clock.form in UNITS:
        return np.where(missing, UNKNOWN, np.floor_divide(exact, UNITS[clock.form]).astype(np.int64))
    size = np.abs(exact)
    unit = np.where(size < 1e11, 1, np.where(size < 1e14, 10**3, np.where(size < 1e17, 10**6, 10**9)))
    result = np.where(missing, UNKNOWN, np.floor_divide(exact, unit).astype(np.int64))
    written = ((size >= 19_900_101) & (size <= 21_001_231)) | ((size >= 199_001_010_000) & (size <= 210_012_312_359))
    written |= (size >= 19_900_101_000_000) & (size <= 21_001_231_235_959)
    if written.any():
        rows = np.flatnonzero(written & (exact > 0))
        digits = exact[rows].astype(np.int64)
        digits *= np.where(digits < 10**9, 10**6, np.where(digits < 10**13, 100, 1))
        times = _civil(digits // 10**10, digits // 10**8 % 100, digits // 10**6 % 100)
        clock_part = digits // 10**4 % 100 * 3600 + digits // 100 % 100 * 60 + digits % 100
        legal = (times != UNKNOWN) & (digits // 10**4 % 100 < 24) & (digits // 100 % 100 < 60) & (digits % 100 < 60)
        result[rows[legal]] = _localized(times[legal] + clock_part[legal], np.zeros(legal.sum(), np.bool_), clock.zone)
    return result


def _of_text(text: pl.Series, clock: Clock) -> Longs:
    result = np.full(len(text), UNKNOWN, dtype=np.int64)
    rest = np.flatnonzero(text.is_not_null().to_numpy())
    if clock.form and clock.form not in UNITS and clock.form != "days":
        return _of_typed(_strptime(text, clock.form), clock)
    if not clock.form:
        for form in _FAST:
            if len(rest):
                where = replace(clock, zone="UTC") if form.endswith("Z") else clock
                rest = _fill(result, rest, _of_typed(_strptime(text.gather(rest), form), where))
    if len(rest):
        digits = text.gather(rest).str.strip_chars()
        numbers = digits.cast(pl.Int64, strict=False)
        numbers = digits.cast(pl.Float64, strict=False) if numbers.null_count() else numbers
        rest = _fill(result, rest, _of_numbers(numbers, clock))
    for pattern in (_YEAR_FIRST, _SLASHED, *_NAMED):
        if len(rest) and not clock.form:
            rest = _fill(result, rest, _written(text.gather(rest), pattern, clock))
    return result


def _fill(result: Longs, rest: Longs, times: Longs) -> Longs:
    """Writes what was understood of the rows `rest` into `result`; the rows that remain."""
    understood = times != UNKNOWN
    result[rest[understood]] = times[understood]
    return longs(rest[~understood])


def _strptime(text: pl.Series, form: str) -> pl.Series:
    if not any(code in form for code in ("%H", "%I", "%T", "%R", "%+", "%s", "%c", "%r", "%X")):
        return text.str.to_date(form, strict=False)
    return text.str.to_datetime(form, strict=False, time_unit="us", ambiguous="earliest")


def _written(text: pl.Series, pattern: str, clock: Clock) -> Longs:
    """Times of the texts that match `pattern`, by its named groups."""
    groups = text.str.extract_groups(pattern).to_frame("g").unnest("g")
    matched = groups["y"].is_not_null().to_numpy()
    year = _number(groups, "y")
    year = np.where(year < 70, year + 2000, np.where(year < 100, year + 1900, year))
    if "a" in groups.columns:
        month, day = _ordered(_number(groups, "a"), _number(groups, "b"), text, clock.day_first)
    else:
        day = _number(groups, "d")
        month = _month(groups["n"]) if "n" in groups.columns else _number(groups, "m")
    days = _civil(year, month, day)
    hour, minute, second = (_number(groups, name) for name in "HMS")
    half = groups["p"].str.to_lowercase()
    noon, midnight = (half == "p").fill_null(False).to_numpy(), (half == "a").fill_null(False).to_numpy()
    hour = np.where(noon & (hour < 12), hour + 12, np.where(midnight & (hour == 12), 0, hour))
    wrong = ~matched | (days == UNKNOWN) | (hour > 23) | (minute > 59) | (second > 60)
    naive = np.where(wrong, 0, days) + hour * 3600 + minute * 60 + second
    zone = groups["z"]
    local = _localized(naive, wrong, clock.zone)
    if zone.null_count() == len(zone):
        return local
    return np.where(zone.is_null().to_numpy() | wrong, local, naive - _offset(zone))


def _ordered(a: Longs, b: Longs, text: pl.Series, day_first: bool) -> tuple[Longs, Longs]:
    """Month and day of a/b/year; a dot always means that the day comes first, and 31 is never a month."""
    first = text.str.contains(r"^\s*\d{1,2}\.").fill_null(False).to_numpy() | day_first
    first = (first & (b <= 12)) | (a > 12)
    return np.where(first, b, a), np.where(first, a, b)


def _number(groups: pl.DataFrame, name: str) -> Longs:
    return groups[name].cast(pl.Int64, strict=False).fill_null(0).to_numpy()


def _month(names: pl.Series) -> Longs:
    numbers = names.str.to_lowercase().replace_strict(
        list(_MONTHS), list(range(1, 13)), default=0, return_dtype=pl.Int64
    )
    return numbers.fill_null(0).to_numpy()


def _offset(zone: pl.Series) -> Longs:
    """Seconds east of Greenwich of Z, UTC, GMT, +01, +0130 and +01:30."""
    parts = zone.str.extract_groups(r"^([+-])(\d{2}):?(\d{2})?$").to_frame("g").unnest("g")
    size = _number(parts, "2") * 3600 + _number(parts, "3") * 60
    return np.where((parts["1"] == "-").fill_null(False).to_numpy(), -size, size)


def _civil(year: Longs, month: Longs, day: Longs) -> Longs:
    """Seconds of midnight of each day, UNKNOWN where there is no such day."""
    legal = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (year > 0) & (year < 10_000)
    months = np.where(legal, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(legal, day - 1, 0).astype("timedelta64[D]")
    legal &= days.astype("datetime64[M]") == months
    return np.where(legal, days.astype(np.int64) * DAY, UNKNOWN)


def _localized(naive: Longs, missing: np.ndarray, zone: str) -> Longs:
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
