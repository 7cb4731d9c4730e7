"""Hierarchy: forecasts of stores, brands and the whole that add up, drawn from the errors made at earlier origins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from regulars.core import QUIET, Ints, Run, floats
from regulars.core.errors import SettingError

from .arrays import Numbers, part
from .calibrated import WINDOWS
from .forecast import LEVELS, Forecast
from .forecaster import DemandModel, Forecaster
from .panel import Panel
from .rehearsal import Calibration, rehearse

HOW = ("bottom_up", "variance", "mint")
LARGEST = 3_000  # nodes up to which matrices of nodes by nodes are affordable


@dataclass(frozen=True)
class Tree:
    """Which series add up to which node. levels: columns of keys or attributes; () is the whole."""

    levels: tuple[tuple[str, ...], ...]
    members: tuple[Ints, ...]

    @classmethod
    def of(cls, panel: Panel, levels: Sequence[Sequence[str]]) -> "Tree":
        """The tree of a panel. Raises polars' ColumnNotFoundError for a column that is not there."""
        whole = np.zeros(panel.n_series, dtype=np.int32)
        named = tuple(tuple(level) for level in levels)
        return cls(named, tuple(panel.groups(level) if level else whole for level in named))

    def matrix(self) -> Numbers:
        """S of the papers without its identity: ones, [n_upper, n_series]."""
        rows = [np.arange(int(member.max()) + 1)[:, None] == member[None] for member in self.members]
        return np.concatenate(rows).astype(np.float64)


def summed(values: Numbers, members: Ints) -> Numbers:
    """Added up over the members of each node; [n, ...] -> [nodes, ...]; NaN only where none is known."""
    total = np.zeros((int(members.max()) + 1, *values.shape[1:]))
    known = np.zeros(total.shape)
    np.add.at(total, members, np.nan_to_num(values))
    np.add.at(known, members, ~np.isnan(values))
    return np.where(known > 0, total, np.nan).astype(np.float32)


def above(panel: Panel, level: Sequence[str], members: Ints) -> Panel:
    """The panel of the nodes of one level: units added up, known columns averaged."""
    first = np.unique(members, return_index=True)[1]
    keys = panel.keys[first].select(pl.lit("all").alias("node")) if not level else _named(panel, level)[first]
    count = summed(np.ones_like(panel.units), members)

    def mean(values: Numbers) -> Numbers:
        told = summed((~np.isnan(values)).astype(np.float32), members)
        return part(summed(values, members), told)

    known = {name: mean(values) for name, values in panel.known.items()}
    return Panel(keys, panel.calendar, np.where(count > 0, summed(panel.units, members), np.nan), known)


def coherent(bottom: Numbers, upper: Numbers, tree: Tree, errors: Numbers, how: str = "mint") -> Numbers:
    """The series' forecasts, changed as little as their errors suggest so that they agree with those of the nodes.

    bottom: [n, h]; upper: [n_upper, h]; errors: earlier errors of upper, then bottom, [t, n_upper + n]. MinT
    (Wickramasuriya, Athanasopoulos, Hyndman, JASA 2019, eq. 3) in the form with U = [I, -S]: y - W U' (U W U')^-1 U y.
    W: variances alone (always beyond LARGEST nodes), or the covariance shrunk towards them.
    """
    if how == "bottom_up":
        return bottom
    s = tree.matrix()
    u = np.concatenate([np.eye(len(s)), -s], axis=1)
    gap = upper.astype(np.float64) - s @ bottom.astype(np.float64)
    alone = how == "variance" or u.shape[1] > LARGEST
    wu = variances(errors)[:, None] * u.T if alone else covariance(errors) @ u.T
    moved: Numbers = wu @ np.linalg.lstsq(u @ wu, gap, rcond=None)[0]
    return floats(np.maximum(bottom - moved[len(s) :], 0))


def variances(errors: Numbers) -> Numbers:
    """Mean squares of errors [t, m]; a node without errors counts as an average one."""
    variance: Numbers = np.square(np.nan_to_num(errors.astype(np.float64))).sum(axis=0) / max(len(errors), 1)
    return np.where(variance > 0, variance, max(float(variance.mean()), 1e-6))


def covariance(errors: Numbers) -> Numbers:
    """Second moments of errors [t, m], with correlations shrunk towards none (Schaefer, Strimmer 2005)."""
    variance, t = variances(errors), len(errors)
    if t < 2:
        return np.diag(variance)
    scaled = np.nan_to_num(errors.astype(np.float64)) / np.sqrt(variance)
    correlation = scaled.T @ scaled / t
    noise = (np.square(scaled).T @ np.square(scaled) / t - correlation**2) / (t - 1)
    apart = ~np.eye(len(variance), dtype=bool)
    shrink = float(np.clip(noise[apart].sum() / max((correlation[apart] ** 2).sum(), 1e-12), 0, 1))
    correlation = np.where(apart, (1 - shrink) * correlation, 1)
    shrunk: Numbers = correlation * np.sqrt(variance)[:, None] * np.sqrt(variance)[None]
    return shrunk


@dataclass(frozen=True)
class CoherentModel:
    """Models of the series and of each level, and how their errors went together."""

    bottom: DemandModel
    upper: tuple[DemandModel, ...]
    tree: Tree
    errors: Numbers
    how: str
    calibration: Calibration

    @property
    def horizon(self) -> int:
        """How many steps."""
        return self.bottom.horizon

    def forecast(self, panel: Panel, levels: Sequence[float] = LEVELS) -> Forecast:
        """The series' forecast; those of the nodes are its sums (`added`). The series must be those of the fit."""
        told = self.bottom.forecast(panel, ())
        nodes = [
            model.forecast(above(panel, level, members), ()).point
            for model, level, members in zip(self.upper, self.tree.levels, self.tree.members, strict=True)
        ]
        upper = np.concatenate(nodes) if nodes else np.zeros((0, self.horizon))
        point = coherent(np.nan_to_num(told.point), upper, self.tree, self.errors, self.how)
        return self.calibration.apply(replace(told, point=point), panel, levels)


@dataclass(frozen=True)
class Coherent:
    """Forecasts that add up over `levels`: the whole is (), a store ("store",); how: bottom_up, variance or mint.

    upper: forecasts the nodes; None takes `forecaster` for them too.
    """

    forecaster: Forecaster
    levels: tuple[tuple[str, ...], ...] = ((),)
    how: str = "mint"
    upper: Forecaster | None = None
    windows: int = WINDOWS

    def __post_init__(self) -> None:
        if self.how not in HOW:
            raise SettingError(f"forecasts can be made coherent by {', '.join(HOW)}; not by {self.how!r}")

    def fit(self, panel: Panel, horizon: int, run: Run = QUIET) -> CoherentModel:
        """Rehearses series and nodes, then fits them on everything."""
        tree = Tree.of(panel, () if self.how == "bottom_up" else self.levels)
        tops = [above(panel, level, members) for level, members in zip(tree.levels, tree.members, strict=True)]
        way = self.upper or self.forecaster
        below = rehearse(self.forecaster, panel, horizon, self.windows, run)
        tried = [*(rehearse(way, top, horizon, self.windows, run) for top in tops), below]
        errors = np.concatenate([_flat(one.actual - one.point) for one in tried], axis=1)
        models = tuple(way.fit(top, horizon, run) for top in tops)
        bottom = self.forecaster.fit(panel, horizon, run)
        return CoherentModel(bottom, models, tree, errors, self.how, below.calibration())


def added(forecast: Forecast, panel: Panel, level: Sequence[str]) -> Forecast:
    """The forecast of the nodes of one level: the sums of their series; without quantiles, which do not add up."""
    members = panel.groups(level) if level else np.zeros(panel.n_series, dtype=np.int32)
    top = above(panel, level, members)
    return Forecast(top.keys, forecast.dates, summed(forecast.point, members))


def _flat(errors: Numbers) -> Numbers:
    """[windows, n, h] -> [windows * h, n]."""
    return np.moveaxis(errors, 1, 2).reshape(-1, errors.shape[1])


def _named(panel: Panel, level: Sequence[str]) -> pl.DataFrame:
    table = panel.keys if panel.static.is_empty() else pl.concat([panel.keys, panel.static], how="horizontal")
    return table.select(level)
