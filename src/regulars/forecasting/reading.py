"""Reading: a long table of sales as a panel, with a note of whatever had to be put right."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from regulars.core import Bools, Frame, floats
from regulars.core.errors import BadTable, EmptyData, MissingColumn, SettingError

from .arrays import Numbers
from .calendar import STEPS, Calendar
from .panel import Panel

GAPS = ("zero", "missing")
LONGEST = 20_000  # steps: dates farther apart are a mistake in one of them
NEARLY = 0.9  # of its steps in which a series sells, so that a gap is no lack of demand
OFFSET = r":\d\d(?:\.\d+)?\s?([+-]\d\d(?::?\d\d)?)$"  # from UTC, after a time: 2024-03-31 ends in none
SHUT = {"day": 14, "week": 4}  # steps without any sale after which a store or product counts as closed


@dataclass(frozen=True)
class Columns:
    """What the columns of the table are called.

    keys: name the series, largest first (store, product). known: told for the future too (price, promotion); in_stock:
    0 or false where there was nothing to sell; open: 0 or false where it is shut, told for the future too. "" and ()
    are not there.
    """

    keys: tuple[str, ...]
    time: str = "date"
    units: str = "units"
    known: tuple[str, ...] = ()
    past: tuple[str, ...] = ()
    in_stock: str = ""
    open: str = ""

    @property
    def named(self) -> tuple[str, ...]:
        """All of them."""
        more = filter(None, (self.in_stock, self.open))
        return (*self.keys, self.time, self.units, *self.known, *self.past, *more)


@dataclass(frozen=True)
class Read:
    """The panel, and what had to be put right to get it: sentences for the one who sent the table."""

    panel: Panel
    notes: tuple[str, ...]


def read(
    table: Frame,
    columns: Columns,
    *,
    step: str = "week",
    gaps: str = "zero",
    zone: str = "UTC",
    static: Frame | None = None,
) -> Read:
    """The table as a panel of days or weeks.

    Several rows of one series and step add up (units) or are averaged (known, past). Rows without units after the last
    sale are the future: their known columns reach ahead. Below 0 are returns: they are no demand, and stay in
    `panel.past["returned"]`. gaps: a step without a row is "zero" (a log of sales) or "missing" (measurements); either
    way it is missing before the first row of a series and where a store or product was shut for longer.
    Times with a zone become the days of `zone`; a week that the table covers in part is left out.

    Raises MissingColumn, EmptyData, BadTable (a time or number that is none), SettingError.
    """
    if step not in STEPS or gaps not in GAPS:
        raise SettingError(f"step is one of {', '.join(STEPS)} and gaps of {', '.join(GAPS)}; got {step!r}, {gaps!r}")
    twice = sorted({name for name in columns.named if columns.named.count(name) > 1})
    if twice:
        raise SettingError(f"{twice} cannot be two things at once: keys, time, units and all others differ")
    missing = sorted(set(columns.named) - set(table.columns))
    if missing:
        raise MissingColumn(
            f"sales need the columns {missing}; the table has {sorted(table.columns)}; say which are keys, time, units"
        )
    if not columns.keys:
        raise MissingColumn("sales need at least one column that names the series, such as store or product")
    rows = table.select(columns.named).with_columns(_day(table[columns.time], columns.time, zone))
    rows = rows.with_columns(
        _number(rows[name], name) for name in columns.named if name not in (*columns.keys, columns.time)
    )
    notes: list[str] = []
    if zone == "UTC" and _elsewhere(table[columns.time]):
        notes.append("times with a zone count by the days of UTC; set zone of [time] to the shop's")
    unusable = rows.select(pl.any_horizontal(pl.col(*columns.keys, columns.time).is_null())).to_series()
    if unusable.any():
        notes.append(f"{int(unusable.sum()):,} rows without a key or a date were left out")
    again = (
        rows.filter(~unusable, pl.col(columns.units).is_not_null()).select(*columns.keys, columns.time).is_duplicated()
    )
    if again.any():
        notes.append(f"{int(again.sum()):,} rows shared their series and day with another, and were added up")
    return _arranged(rows.filter(~unusable), columns, step, gaps, static, notes)


def _arranged(rows: Frame, columns: Columns, step: str, gaps: str, static: Frame | None, notes: list[str]) -> Read:
    sold = rows.filter(pl.col(columns.units).is_not_null())[columns.time]
    if not len(sold):
        raise EmptyData(f"no row has a number in {columns.units!r}")
    calendar, n_steps = _calendar(rows[columns.time].min(), sold.min(), sold.max(), sold, step, notes)  # type: ignore[arg-type]
    places = calendar.at(rows[columns.time].to_numpy())
    if (places < 0).any():
        rows, places = rows.filter(places >= 0), places[places >= 0]
    keys = rows.select(columns.keys).unique(maintain_order=False).sort(columns.keys)
    series = rows.select(columns.keys).join(
        keys.with_row_index("_series"), on=columns.keys, how="left", maintain_order="left"
    )
    cells = _Cells(series["_series"].to_numpy().astype(np.int64), places, len(keys), n_steps, int(places.max()) + 1)
    units, returned = cells.units(rows[columns.units], gaps, notes)
    opened = cells.mean(rows[columns.open]) if columns.open else None
    if opened is not None:
        notes.append(f"{int((opened == 0).sum()):,} {step}s of series were or will be shut, by {columns.open!r}")
        units = np.where(opened[:, :n_steps] == 0, np.nan, units)
    closed = _shut(units, keys, step)
    if closed.any():
        notes.append(f"{int(closed.any(axis=1).sum()):,} series were shut for {SHUT[step]} {step}s or longer")
        if closed[:, -1].any():
            still = f"{int(closed[:, -1].sum()):,} of them still are at the end"
            notes.append(f"{still}: their forecast is what they would sell if they were not")
        units = np.where(closed, np.nan, units)
    absent = None
    if columns.in_stock:
        absent = cells.mean(rows[columns.in_stock])[:, :n_steps] < 0.5
        notes.append(f"{int((absent & ~np.isnan(units)).sum()):,} {step}s without stock count as not observed")
        units = np.where(absent, np.nan, units)
    past = {name: cells.mean(rows[name])[:, :n_steps] for name in columns.past}
    panel = Panel(
        keys,
        calendar,
        units.astype(np.float32),
        {name: cells.mean(rows[name]) for name in columns.known},
        past | ({"returned": returned} if returned.any() else {}),
        _attributes(keys, static, notes),
        absent,
        None if opened is None else opened == 0,
    )
    return Read(panel, tuple(notes))


@dataclass(frozen=True)
class _Cells:
    """Where each row of the table belongs: series and step."""

    series: Numbers
    place: Numbers
    n: int
    n_steps: int
    width: int

    def units(self, values: pl.Series, gaps: str, notes: list[str]) -> tuple[Numbers, Numbers]:
        """Sold and returned units, [n, n_steps]."""
        told = values.is_not_null().to_numpy() & (self.place < self.n_steps)
        at = self.series[told] * self.n_steps + self.place[told]
        units = values.fill_null(0).to_numpy().astype(np.float64)[told]
        rows = np.bincount(at, minlength=self.n * self.n_steps).reshape(self.n, self.n_steps)
        sold = np.bincount(at, np.maximum(units, 0), minlength=rows.size).reshape(rows.shape)
        returned = np.bincount(at, np.maximum(-units, 0), minlength=rows.size).reshape(rows.shape)
        if (units < 0).any():
            notes.append(f"{int((units < 0).sum()):,} rows below 0 are returns, and no demand")
        begun = np.maximum.accumulate(rows > 0, axis=1)
        empty = np.where(begun, 0, np.nan) if gaps == "zero" else np.nan
        return np.where(rows > 0, sold, empty).astype(np.float32), returned.astype(np.float32)

    def mean(self, values: pl.Series) -> Numbers:
        """The mean of a column in each cell, [n, width], NaN where no row tells it."""
        told = values.is_not_null().to_numpy()
        at = self.series[told] * self.width + self.place[told]
        size = self.n * self.width
        total = np.bincount(at, values.drop_nulls().to_numpy().astype(np.float64), minlength=size)
        count = np.bincount(at, minlength=size)
        mean = np.divide(total, count, out=np.full(size, np.nan), where=count > 0)
        return floats(mean.reshape(self.n, self.width))


def _calendar(
    begin: date, first: date, last: date, sold: pl.Series, step: str, notes: list[str]
) -> tuple[Calendar, int]:
    """The calendar, and how many whole steps it has; weeks end with the last day that was sold on."""
    if step == "day":
        start, n_steps = first, (last - first).days + 1
    elif sold.dt.weekday().n_unique() == 1:  # weeks already, by the date of one of their days
        start, n_steps = first, (last - first).days // 7 + 1
    else:
        n_steps = ((last - first).days + 1) // 7
        start = last - timedelta(days=7 * n_steps - 1)
        if start > first:
            notes.append(f"{first} to {start - timedelta(days=1)} is no whole week, and was left out")
    if n_steps < 1:
        raise EmptyData(f"sales from {first} to {last} are not a whole week: ask for days")
    if n_steps > LONGEST:
        raise BadTable(f"sales from {first} to {last} are {n_steps} {step}s: is one of the dates wrong?")
    return Calendar(start, step), n_steps


def _shut(units: Numbers, keys: Frame, step: str) -> Bools:
    """Where a store or a product (any key by itself) sold nothing for SHUT steps or longer; [n, n_steps]."""
    shut = np.zeros(units.shape, dtype=bool)
    for name in keys.columns:
        member = keys.select(pl.col(name).rank("dense") - 1).to_series().to_numpy().astype(np.int64)
        total = np.zeros((int(member.max()) + 1, units.shape[1]))
        np.add.at(total, member, np.nan_to_num(units))
        idle = _long(total == 0, SHUT[step])
        shut |= (idle if total.shape[0] < len(units) else idle & _unlikely(total))[member]
    return shut & ~np.isnan(units)


def _unlikely(units: Numbers) -> Bools:
    """Runs without a sale between two sales in series that otherwise sell in nearly every step; short beside the past.

    A series alone may be slow, or have its season: then a step without a sale is one on which nobody wanted it.
    """
    sold, n = units > 0, units.shape[1]
    last = np.maximum.accumulate(np.where(sold, np.arange(n), -1), axis=1)
    following = np.minimum.accumulate(np.where(sold, np.arange(n), n)[:, ::-1], axis=1)[:, ::-1]
    length = following - last - 1
    usual = sold.sum(axis=1, keepdims=True) / np.maximum(n - length, 1)
    return np.asarray((last >= 0) & (following < n) & (length <= n / 6) & (usual >= NEARLY))


def _long(idle: Bools, least: int) -> Bools:
    """Runs of True of at least this length."""
    long = np.zeros(idle.shape, dtype=bool)
    for row in np.flatnonzero(idle.any(axis=1)):
        edges = np.flatnonzero(np.diff(np.pad(idle[row].astype(np.int8), 1)))
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            long[row, begin:end] = end - begin >= least
    return long


def _attributes(keys: Frame, static: Frame | None, notes: list[str]) -> Frame:
    if static is None:
        return pl.DataFrame()
    shared = [name for name in keys.columns if name in static.columns]
    if not shared:
        raise MissingColumn(f"attributes need a column of {keys.columns}; the table has {sorted(static.columns)}")
    once = static.unique(shared, keep="last").with_columns(_there=pl.lit(True))
    try:
        joined = keys.join(once, on=shared, how="left", maintain_order="left")
        if joined["_there"].null_count():
            notes.append(f"{joined['_there'].null_count()} of {len(keys)} series have no row in the attributes")
        return joined.drop(*keys.columns, "_there")
    except pl.exceptions.SchemaError as error:
        raise BadTable(f"{shared} are of other types in the sales and in the attributes: {error}") from error


def _day(times: pl.Series, name: str, zone: str) -> pl.Series:
    """The day of each time, in the zone of the shop."""
    if times.dtype == pl.String:
        zoned = times.str.contains(f"Z$|{OFFSET}").any()
        days = times.str.to_datetime(strict=False, time_zone="UTC" if zoned else None)
        if days.null_count() > times.null_count():
            wrong = times.filter(days.is_null() & times.is_not_null())[0]
            raise BadTable(f"{name!r} holds {wrong!r}, which is no date such as 2024-03-31")
        times = days
    if isinstance(times.dtype, pl.Datetime):
        times = times.dt.convert_time_zone(zone) if times.dtype.time_zone else times
        return times.dt.date().alias(name)
    if times.dtype != pl.Date:
        raise BadTable(f"{name!r} holds {times.dtype}, and must hold dates or times")
    return times


def _elsewhere(times: pl.Series) -> bool:
    """Whether times say a zone other than UTC."""
    if times.dtype == pl.String:
        return bool(times.str.extract(OFFSET).str.contains("[1-9]").any())
    return isinstance(times.dtype, pl.Datetime) and times.dtype.time_zone not in (None, "UTC")


def _number(values: pl.Series, name: str) -> pl.Series:
    if values.dtype == pl.String:  # CSV files know only text
        values = values.str.to_lowercase().replace({"true": "1", "false": "0", "yes": "1", "no": "0", "": None})
    try:
        numbers = values.cast(pl.Float64)
    except pl.exceptions.InvalidOperationError as error:
        raise BadTable(f"{name!r} must hold numbers: {error}") from error
    if numbers.is_infinite().any():
        raise BadTable(f"{name!r} holds a number that is infinite")
    return numbers.fill_nan(None)
