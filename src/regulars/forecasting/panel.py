"""Panel: what was sold of every product in every store, step by step, and what is known about the steps to come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from regulars.core import Bools, Floats, Frame, Ints
from regulars.core.errors import BadTable, EmptyData, UnknownId

from .calendar import Calendar, Dates


@dataclass(frozen=True)
class Panel:
    """Series side by side on one calendar.

    keys: one row for each series, the columns that name it (store, product). units: float32 [n_series, n_steps], NaN
    where demand was not observed: before the first and after the last day of a store or product, where it was closed,
    and where `out_of_stock` says that there was nothing to sell. known: by name, float32 [n_series, n_steps + ahead]:
    what is known before (price, promotion, holidays), NaN where it is not. past: by name, float32 [n_series, n_steps]:
    what is known afterwards only (customers, returns). closed: bool [n_series, n_steps + ahead]: nothing can be
    sold. static: attributes of each series (size, region, brand), rows as in `keys`.
    """

    keys: Frame
    calendar: Calendar
    units: Floats
    known: Mapping[str, Floats] = field(default_factory=dict)
    past: Mapping[str, Floats] = field(default_factory=dict)
    static: Frame = field(default_factory=pl.DataFrame)
    out_of_stock: Bools | None = None
    closed: Bools | None = None

    def __post_init__(self) -> None:
        if self.units.ndim != 2 or not self.units.size:
            raise EmptyData("a panel needs at least one series and one step")
        widths = {values.shape[1] for values in self.known.values()}
        widths |= set() if self.closed is None else {self.closed.shape[1]}
        wrong = [name for name, values in self.past.items() if values.shape != self.units.shape]
        wrong += [name for name, values in self.known.items() if len(values) != self.n_series]
        if wrong or len(widths) > 1 or min(widths, default=self.n_steps) < self.n_steps:
            raise BadTable(f"columns of other lengths than the units {self.units.shape}: {wrong or sorted(widths)}")
        if len(self.keys) != self.n_series or len(self.static) not in (0, self.n_series):
            raise BadTable(f"{self.n_series} series, {len(self.keys)} rows of keys, {len(self.static)} of attributes")

    @property
    def n_series(self) -> int:
        """How many series."""
        return len(self.units)

    @property
    def n_steps(self) -> int:
        """How many steps of the past."""
        return int(self.units.shape[1])

    @property
    def ahead(self) -> int:
        """How many steps after the last one the known columns reach."""
        known = next(iter(self.known.values()), self.closed)
        return 0 if known is None else known.shape[1] - self.n_steps

    def closing(self, horizon: int) -> Bools:
        """Which of the `horizon` steps to come are known to be closed; bool [n_series, horizon]."""
        coming = np.zeros((self.n_series, horizon), dtype=np.bool_)
        if self.closed is not None:
            known = self.closed[:, self.n_steps : self.n_steps + horizon]
            coming[:, : known.shape[1]] = known
        return coming

    def dates(self, horizon: int = 0) -> Dates:
        """The first day of each step of the past, and of `horizon` steps after it."""
        return self.calendar.dates(self.n_steps + horizon)

    def until(self, step: int) -> "Panel":
        """The same panel as it was known after `step` steps; what is known before is kept for the steps to come."""
        if not 0 < step <= self.n_steps:
            raise EmptyData(f"a panel of {self.n_steps} steps cannot be cut after {step}")
        return replace(
            self,
            units=self.units[:, :step],
            past={name: values[:, :step] for name, values in self.past.items()},
            out_of_stock=None if self.out_of_stock is None else self.out_of_stock[:, :step],
        )

    def only(self, series: Ints | Bools) -> "Panel":
        """The panel of these series alone."""
        return replace(
            self,
            keys=self.keys.filter(series) if series.dtype == bool else self.keys[series],
            units=self.units[series],
            known={name: values[series] for name, values in self.known.items()},
            past={name: values[series] for name, values in self.past.items()},
            static=self.static if self.static.is_empty() else _rows(self.static, series),
            out_of_stock=None if self.out_of_stock is None else self.out_of_stock[series],
            closed=None if self.closed is None else self.closed[series],
        )

    def series(self, **key: object) -> Ints:
        """The rows of the series with these keys, e.g. `panel.series(store=2)`. Raises UnknownId if there are none."""
        wanted = [pl.col(name) == value for name, value in key.items() if name in self.keys.columns]
        found = self.keys.with_row_index("_row").filter(*wanted)["_row"] if len(wanted) == len(key) else pl.Series([])
        if not len(found):
            raise UnknownId(f"no series has {key}; series are named by {self.keys.columns}")
        return found.to_numpy().astype(np.int32)

    def groups(self, columns: Sequence[str]) -> Ints:
        """The number of the group of each series: those with the same values in `columns` of keys or attributes."""
        table = (
            self.keys
            if self.static.is_empty()
            else pl.concat([self.keys, self.static.drop(self.keys.columns, strict=False)], how="horizontal")
        )
        return table.select(pl.struct(columns).rank("dense") - 1).to_series().to_numpy().astype(np.int32)


def _rows(frame: Frame, series: Ints | Bools) -> Frame:
    return frame.filter(series) if series.dtype == bool else frame[series]
