"""BoostedTrees: one LightGBM for all series and all steps, that reads lags, prices, promotions and neighbors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from regulars.core import QUIET, Bools, Ints, Progress, Run, Settings, setting
from regulars.core.errors import EmptyData, MissingExtra

from .arrays import Numbers
from .forecast import LEVELS, Forecast, answered
from .lags import Lags
from .panel import Panel

AIMS = ("mean", "median", "percentage")
SMALLEST = -3.0  # log of the smallest level from which a mean is learned
FARTHEST = 3.0  # a forecast is at most exp(this) times the level: trees of a few rows must not run away


@dataclass(frozen=True)
class GrownTrees:
    """Trees that say how far each step lies from the level of its series. To answer takes LightGBM, too."""

    horizon: int
    grown: tuple[Any, ...]
    aim: str
    threads: int
    alike: tuple[str, ...] = ()

    def forecast(self, panel: Panel, levels: Sequence[float] = LEVELS) -> Forecast:
        """The point alone; quantiles are the business of `Calibrated`."""
        ((_, table),) = Lags(panel, self.horizon, self.alike).at(np.array([panel.n_steps], dtype=np.int32))
        rows = table.columns.reshape(-1, table.columns.shape[2])
        added = np.mean([part.predict(rows, raw_score=True, num_threads=self.threads) for part in self.grown], axis=0)
        told = np.clip(added, -FARTHEST, FARTHEST).reshape(panel.n_series, self.horizon)
        point = np.exp(told + _log_level(table.level)) if self.aim == "mean" else np.expm1(told + table.level[:, None])
        return answered(panel, point)


@dataclass(frozen=True)
class BoostedTrees(Settings):
    """One forest for all series, direct for each step ahead; needs the extra `rank` (LightGBM).

    aim: the mean (Tweedie loss; what sums up to a store's demand), the median (absolute error, for MASE and WAPE) or
    the figure of least expected percentage error (for MAPE). trees of `leaves` leaves with `least` rows each, every
    tree adding `rate` of what it found and looking at `part` of the columns; `forests` of them, each from its own seed,
    are averaged. rows: to learn from at most; evenly spaced origins are taken where there are more. newcomers: share of
    products, and of stores, that it learns from a second time with their past hidden, so as to know from their
    attributes and their likes what sells that nobody has seen yet; 0: it only guesses the usual.
    """

    aim: str = setting("median", choices=AIMS)
    trees: int = setting(400, low=10, high=5_000, log=True)
    leaves: int = setting(31, low=2, high=512, log=True)
    rate: float = setting(0.05, low=1e-3, high=0.5, log=True)
    least: int = setting(20, low=1, high=5_000, log=True)
    part: float = setting(0.5, low=0.05, high=1.0)
    forests: int = setting(1, low=1, high=20)
    rows: int = setting(500_000, low=1_000, high=50_000_000, log=True)
    newcomers: float = setting(0.1, low=0.0, high=0.9)

    def fit(self, panel: Panel, horizon: int, run: Run = QUIET) -> GrownTrees:
        """Raises MissingExtra when LightGBM is not installed, EmptyData when no step was observed after the first."""
        alike = _texts(panel) if self.newcomers else ()
        lessons = [_lessons(panel, horizon, self.rows, alike)]
        hidden = _hidden(panel, self.newcomers, np.random.default_rng(run.seed))
        if hidden.any():
            lessons.append(_lessons(panel, horizon, self.rows, alike, hidden))
        columns, target, level = (np.concatenate(parts) for parts in zip(*lessons, strict=True))
        grown = tuple(self._grown(columns, target, level, run.member(place)) for place in range(self.forests))
        return GrownTrees(horizon, grown, self.aim, run.threads, alike)

    def _grown(self, columns: Numbers, target: Numbers, level: Numbers, run: Run) -> Any:
        try:
            import lightgbm
        except ImportError as error:
            raise MissingExtra("lightgbm", "rank") from error

        def told(step: Any) -> None:
            run.on_epoch(Progress("trees", step.iteration + 1, self.trees))

        if self.aim == "mean":
            rows = lightgbm.Dataset(columns, target, init_score=_log_level(level)[:, 0])
        else:
            rows = lightgbm.Dataset(columns, np.log1p(target) - level)
        return lightgbm.train(
            {
                "objective": {"mean": "tweedie", "median": "regression_l1", "percentage": percentage}[self.aim],
                "tweedie_variance_power": 1.2,
                "num_leaves": self.leaves,
                "learning_rate": self.rate,
                "min_data_in_leaf": self.least,
                "feature_fraction": self.part,
                "bagging_fraction": 0.8,
                "bagging_freq": 1,
                "seed": run.seed,
                "deterministic": True,
                "force_row_wise": True,
                "num_threads": run.threads,
                "verbosity": -1,
            },
            rows,
            self.trees,
            callbacks=[told],
        )


def percentage(added: npt.NDArray[np.float64], rows: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Gradient and curvature of |forecast - units| / units, in terms of the logarithm of the forecast."""
    ratio = np.exp(np.clip(added - rows.get_label(), -FARTHEST, FARTHEST))
    return np.where(ratio > 1, ratio, -ratio), ratio


def _lessons(
    panel: Panel, horizon: int, rows: int, alike: Sequence[str] = (), hidden: Bools | None = None
) -> tuple[Numbers, Numbers, Numbers]:
    """Columns [m, f], units and level [m] of every observed step within the horizon of the chosen origins.

    hidden: of these series alone, as if nothing had been sold of them before.
    """
    per_origin = max(int(np.isfinite(panel.units).sum() / panel.n_steps * horizon), 1)
    chosen = _origins(panel, max(rows // per_origin, 2))
    which = np.ones(panel.n_series, dtype=bool) if hidden is None else hidden
    shown = (
        panel if hidden is None else replace(panel, units=np.where(hidden[:, None], np.float32(np.nan), panel.units))
    )
    tables, units, levels = [], [], []
    for origin, table in Lags(shown, horizon, alike).at(chosen):
        ahead = panel.units[which, origin : origin + horizon]
        told = ~np.isnan(ahead)
        tables.append(table.columns[which, : ahead.shape[1]][told])
        units.append(np.maximum(ahead[told], 0))
        levels.append(np.broadcast_to(table.level[which, None], ahead.shape)[told])
    return np.concatenate(tables), np.concatenate(units), np.concatenate(levels)


def _texts(panel: Panel) -> tuple[str, ...]:
    """Attributes that are names which series share, those of fewest likes first."""
    shared = {name: panel.static[name].n_unique() for name in panel.static.columns if name not in panel.keys.columns}
    named = [name for name in shared if not panel.static[name].dtype.is_numeric() and shared[name] > 1]
    return tuple(sorted(named, key=lambda name: -shared[name]))


def _hidden(panel: Panel, share: float, random: np.random.Generator) -> Bools:
    """The series of some values of each key: products and stores that nobody is to have seen."""
    hidden = np.zeros(panel.n_series, dtype=bool)
    for name in panel.keys.columns:
        group = panel.groups([name])
        hidden |= (random.random(int(group.max()) + 1) < share / len(panel.keys.columns))[group]
    return hidden if not hidden.all() else np.zeros_like(hidden)


def _origins(panel: Panel, most: int) -> Ints:
    """At most so many origins, evenly spaced up to the last but one step; the first quarter of the past is skipped."""
    seen = np.isfinite(panel.units).any(axis=0)
    first = int(np.argmax(seen)) + 1
    if first >= panel.n_steps:
        raise EmptyData(f"no series was observed before the last of {panel.n_steps} steps: nothing to learn from")
    first += (panel.n_steps - first) // 4
    all_of_them = np.arange(min(first, panel.n_steps - 1), panel.n_steps)
    return all_of_them[:: -max(-(-len(all_of_them) // most), 1)][::-1].astype(np.int32)


def _log_level(level: Numbers) -> Numbers:
    """Log of the units at the level; [n, 1]."""
    return np.log(np.maximum(np.expm1(level), np.exp(SMALLEST))).astype(np.float32)[:, None]
