"""Lags: each series' own past, its drivers and its neighbors as the columns from which trees learn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from regulars.core import Bools, Ints, floats

from .arrays import Numbers, part
from .drivers import drivers, kin, logged
from .panel import Panel
from .responses import Memory, responses

LAGS = 8  # latest steps, one by one
WINDOWS = {"week": (2, 4, 8, 13, 26, 52), "day": (7, 14, 28, 56, 112, 364)}
BASE = {"week": 13, "day": 56}  # steps whose mean is the level that all else is told against
YEARS = {"week": 52, "day": 364}  # steps after which week and weekday of the year return
MEMORY = {"week": Memory(52.0, 8.0, 4.0), "day": Memory(364.0, 42.0, 20.0)}
FEW = 64  # values of a key up to which each may have its own branch


@dataclass(frozen=True)
class Table:
    """The columns of every series and step after one origin: float32 [n_series, horizon, f], and the level [n_series].

    The level is a mean of log(1 + units); a series that was never observed has the mean level of its groups.
    """

    columns: Numbers
    level: Numbers


class Lags:
    """The columns of one panel, at any origins; nothing of an origin's columns comes from the units after it.

    alike: attributes in which series resemble each other: what their likes sell is told of each.
    """

    def __init__(self, panel: Panel, horizon: int, alike: Sequence[str] = ()) -> None:
        self.panel, self.horizon = panel, horizon
        self.step = panel.calendar.step
        self.z = np.log1p(np.maximum(panel.units, 0))
        self.told = ~np.isnan(self.z)
        filled = np.where(self.told, self.z, 0).astype(np.float64)
        self._sums = _running(filled)
        self._squares = _running(np.square(filled))
        self._zeros = _running(self.told & (panel.units <= 0))
        self._counts = _running(self.told)
        self.names, self._drivers = drivers(panel, horizon)
        self._known = {
            name: _reaching(logged(values), panel.n_steps + horizon + 1) for name, values in panel.known.items()
        }
        self._members = {name: panel.groups([name]) for name in panel.keys.columns if len(panel.keys.columns) > 1}
        self._others = {name: self._rivals(values) for name, values in self._known.items()}
        self._static = _numbers(panel)
        self._groups = kin(panel)
        self._alike = [panel.groups([name]) for name in alike]

    def at(self, origins: Ints) -> Iterator[tuple[int, Table]]:
        """The table of each of the rising origins."""
        learned = responses(self.z, self._drivers, self._groups, MEMORY[self.step], origins)
        for origin, response in learned:
            yield origin, self._table(origin, response.expected(self._drivers[:, origin : origin + self.horizon]))

    def _table(self, origin: int, expected: Numbers) -> Table:
        own = self._own_level(origin)
        level = self._level(own)
        likes = (_group_mean(own, members)[members] - level for members in self._alike)
        once = np.stack([*self._own(origin, level), *self._together(origin, level), *self._static, *likes], axis=1)
        ahead = [expected - level[:, None], *self._ahead(origin, level)]
        shape = (self.panel.n_series, self.horizon)
        columns = [np.broadcast_to(once[:, None], (*shape, once.shape[1]))]
        columns += [np.broadcast_to(column, shape)[..., None] for column in ahead]
        return Table(floats(np.concatenate(columns, axis=2, dtype=np.float32)), level)

    def _mean(self, first: int, last: int) -> Numbers:
        """Of log(1 + units) over the steps first:last; NaN where nothing was observed."""
        counts = self._counts[:, last] - self._counts[:, max(first, 0)]
        return part(self._sums[:, last] - self._sums[:, max(first, 0)], counts)

    def _own_level(self, origin: int) -> Numbers:
        level = self._mean(origin - BASE[self.step], origin)
        for width in (2 * YEARS[self.step], origin):
            level = np.where(np.isnan(level), self._mean(origin - width, origin), level)
        return level

    def _level(self, own: Numbers) -> Numbers:
        """A series without one has that of its product in other stores, then of its likes, its store, the shop."""
        first, *others = (*self._members.values(), np.zeros(self.panel.n_series, dtype=np.int32))
        level = own
        for members in (*reversed(others[:-1]), *self._alike, first, *others[-1:]):
            level = np.where(np.isnan(level), _group_mean(own, members)[members], level)
        return floats(np.nan_to_num(level))

    def _own(self, origin: int, level: Numbers) -> Iterator[Numbers]:
        """Of a series' own past: latest steps, means and spread of several windows, zeros, time since a sale, age."""
        yield level
        for lag in range(1, LAGS + 1):
            yield self.z[:, origin - lag] - level if lag <= origin else np.full_like(level, np.nan)
        for width in WINDOWS[self.step]:
            first = max(origin - width, 0)
            counts = self._counts[:, origin] - self._counts[:, first]
            mean = self._mean(first, origin)
            yield mean - level
            yield np.sqrt(np.maximum(part(self._squares[:, origin] - self._squares[:, first], counts) - mean**2, 0))
        first = max(origin - WINDOWS[self.step][-1], 0)
        counts = self._counts[:, origin] - self._counts[:, first]
        yield part(self._zeros[:, origin] - self._zeros[:, first], counts)
        yield counts / np.float32(max(origin - first, 1))
        yield _since(self.told[:, :origin] & (self.z[:, :origin] > 0))
        yield _since(self.told[:, :origin])
        age = (origin - np.argmax(self.told, axis=1)).astype(np.float32)
        yield np.where(self.told[:, :origin].any(axis=1), age, np.nan)

    def _together(self, origin: int, level: Numbers) -> Iterator[Numbers]:
        """Of the series with which one shares a key: how they sold lately against their level."""
        for members in self._members.values():
            for width in (1, 4):
                yield _group_mean(self._mean(origin - width, origin) - level, members)[members]

    def _ahead(self, origin: int, level: Numbers) -> Iterator[Numbers]:
        """Of each step to come: how far off, last year's units, the same weekday, the calendar, prices, promotions."""
        steps = origin + np.arange(self.horizon)
        yield np.arange(1, self.horizon + 1, dtype=np.float32)[None]
        for years in (1, 2):
            yield self._back(steps - years * YEARS[self.step], origin) - level[:, None]
        around = [self._back(steps - YEARS[self.step] + off, origin) for off in (-1, 0, 1)]
        yield _nanmean(np.stack(around, axis=-1)) - level[:, None]
        if self.step == "day":
            for weeks in (4, 8):
                yield self._weekday(steps, origin, weeks) - level[:, None]
        dates = self.panel.calendar.dates(self.horizon, origin)
        day = (dates - dates.astype("datetime64[Y]")).astype(np.int64)
        yield day[None].astype(np.float32)
        if self.step == "day":
            yield ((dates.astype(np.int64) + 3) % 7)[None].astype(np.float32)
            yield (dates - dates.astype("datetime64[M]")).astype(np.int64)[None].astype(np.float32)
        for name, values in self._known.items():
            yield values[:, steps]
            yield values[:, steps] - _nanmean(values[:, max(origin - BASE[self.step], 0) : origin])[:, None]
            yield values[:, steps - 1]
            yield values[:, steps + 1]
            for others in self._others[name]:
                yield others[:, steps]

    def _back(self, steps: Numbers, origin: int) -> Numbers:
        """log(1 + units) at earlier steps; NaN where these are before the start or after the origin."""
        inside = (steps >= 0) & (steps < origin)
        return np.where(inside, self.z[:, np.where(inside, steps, 0)], np.nan)

    def _weekday(self, steps: Numbers, origin: int, weeks: int) -> Numbers:
        """The mean of the latest `weeks` same weekdays before the origin."""
        latest = steps - 7 * ((steps - origin) // 7 + 1)
        return _nanmean(np.stack([self._back(latest - 7 * week, origin) for week in range(weeks)], axis=-1))

    def _rivals(self, values: Numbers) -> list[Numbers]:
        """A known column less the mean and the least of the first key's group (the store), at each step."""
        if not self._members or len(self.panel.keys.columns) < 2:
            return []
        members = next(iter(self._members.values()))
        mean = np.stack([_group_mean(column, members) for column in values.T], axis=1)
        least = np.full((int(members.max()) + 1, values.shape[1]), np.inf)
        np.minimum.at(least, members, np.where(np.isnan(values), np.inf, values))
        return [values - mean[members], values - np.where(np.isinf(least), np.nan, least)[members]]


def _running(values: Numbers | Bools) -> Numbers:
    """Sums before each step; [n, steps + 1]."""
    return np.pad(np.cumsum(values, axis=1, dtype=np.float64), ((0, 0), (1, 0)))


def _nanmean(values: Numbers) -> Numbers:
    told = ~np.isnan(values)
    return part(np.where(told, values, 0).sum(axis=-1, dtype=np.float64), told.sum(axis=-1))


def _since(happened: Bools) -> Numbers:
    """Steps since the last time; NaN if never."""
    steps = np.argmax(happened[:, ::-1], axis=1).astype(np.float32)
    return np.where(happened.any(axis=1), steps, np.nan)


def _group_mean(values: Numbers, members: Ints) -> Numbers:
    told = ~np.isnan(values)
    total = np.bincount(members, weights=np.where(told, values, 0))
    return part(total, np.bincount(members, weights=told))


def _reaching(values: Numbers, width: int) -> Numbers:
    short = max(width - values.shape[1], 0)
    return np.pad(values.astype(np.float32), ((0, 0), (0, short)), constant_values=np.nan)[:, :width]


def _numbers(panel: Panel) -> list[Numbers]:
    """Attributes as numbers: keys of few values and texts as codes."""
    columns = [panel.keys[name] for name in panel.keys.columns if panel.keys[name].n_unique() <= FEW]
    columns += [panel.static[name] for name in panel.static.columns if name not in panel.keys.columns]
    coded = (column if column.dtype.is_numeric() else column.cast(pl.Categorical).to_physical() for column in columns)
    return [floats(column.cast(pl.Float32).fill_null(np.nan).to_numpy()) for column in coded]
