"""Times in any common form -> seconds since 1970 UTC.

Understood row by row: ISO 8601 with and without zone, dates alone, numbers (seconds, milli-, micro- and nanoseconds
since 1970, 20240131, 20240131235900, a spreadsheet's 45322.35), 31/01/2024 8:26, 1/31/2024 8:26 PM, 31.01.24,
31 Jan 2024, Jan 31, 2024. Which of day and month comes first is asked of the whole column by `slashes`.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from regulars.core import DAY, Longs, longs

from .epochs import UNITS, of_numbers
from .moments import UNKNOWN, Clock, civil, localized

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
        return of_numbers(values, clock)
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
        return localized(days.fill_null(0).to_numpy() * DAY, values.is_null().to_numpy(), clock.zone)
    aware = getattr(values.dtype, "time_zone", None) is not None
    times = values.dt.epoch("s")
    missing = times.is_null().to_numpy()
    return localized(times.fill_null(0).to_numpy(), missing, "UTC" if aware else clock.zone)


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
        rest = _fill(result, rest, of_numbers(numbers, clock))
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
    days = civil(year, month, day)
    hour, minute, second = (_number(groups, name) for name in "HMS")
    half = groups["p"].str.to_lowercase()
    noon, midnight = (half == "p").fill_null(False).to_numpy(), (half == "a").fill_null(False).to_numpy()
    hour = np.where(noon & (hour < 12), hour + 12, np.where(midnight & (hour == 12), 0, hour))
    wrong = ~matched | (days == UNKNOWN) | (hour > 23) | (minute > 59) | (second > 60)
    naive = np.where(wrong, 0, days) + hour * 3600 + minute * 60 + second
    zone = groups["z"]
    local = localized(naive, wrong, clock.zone)
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
