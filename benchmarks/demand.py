"""Demand of stores and products: every forecaster and their combination at several cut-offs, beside published figures.

orange-juice: the protocol known as OrangeJuice_Pt_3Weeks_Weekly: 12 rounds, in round i all up to week 135 + 2 i is
known, the units of weeks 137 + 2 i and 138 + 2 i are asked; settings were chosen on three earlier rounds.
The others: the last 6 weeks are asked. A combination has its weights from a rehearsal before each cut-off. A forecaster
that stands alone and in a combination is fitted once.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from benchmarks import demand_data
from benchmarks.figure import Figure
from benchmarks.measure import circumstances, threads, timed
from regulars.cli.forecasting import chosen
from regulars.core import Run
from regulars.forecasting import (
    LSTM,
    BoostedTrees,
    Calendar,
    Coherent,
    Combination,
    Counts,
    DemandModel,
    Forecast,
    Forecaster,
    Judgment,
    MovingAverage,
    Naive,
    Panel,
    Regression,
    Rolled,
    SeasonalNaive,
    Statistical,
    rolled,
)
from regulars.forecasting.combination import blended

ONLY = "REGULARS_DEMAND"  # names of data sets, by commas; default: all


@dataclass
class Kept:
    """A forecaster that is fitted once for each panel, and asked once for each origin."""

    forecaster: Forecaster
    fitted: dict[tuple[int, int], "KeptModel"] = field(default_factory=dict)

    def fit(self, panel: Panel, horizon: int, run: Run) -> "KeptModel":
        key = (panel.n_steps, horizon)
        if key not in self.fitted:
            self.fitted[key] = KeptModel(self.forecaster.fit(panel, horizon, run))
        return self.fitted[key]


@dataclass
class KeptModel:
    """The model, and what it said."""

    model: DemandModel
    said: dict[int, Forecast] = field(default_factory=dict)

    @property
    def horizon(self) -> int:
        return self.model.horizon

    def forecast(self, panel: Panel, levels: Sequence[float] = ()) -> Forecast:
        if panel.n_steps not in self.said:
            self.said[panel.n_steps] = self.model.forecast(panel, ())
        return self.said[panel.n_steps]


@dataclass(frozen=True)
class Task:
    """A panel, the cut-offs counted from its end, and who is asked; combined: the members of the combination."""

    panel: Callable[[], Panel]
    origins: Callable[[int], Sequence[int]]
    horizon: int
    ways: Mapping[str, Forecaster]
    combined: tuple[str, ...]
    aim: str = "median"
    skip: int = 0
    windows: int = 3  # of the rehearsal; 0: equal weights, fixed beforehand


JUICE = BoostedTrees(aim="percentage", trees=300, part=0.3, rows=200_000, newcomers=0.0)
SHORT = BoostedTrees(trees=200, rate=0.08, part=0.5, rows=200_000, newcomers=0.0)
BRIEF = LSTM(loss="log", length=112, forks=8, epochs=4)
QUICK = Counts(half_life=3)  # follows a change of level within weeks
WEEKLY = {
    "seasonal naive": SeasonalNaive(),
    "mean of 8 weeks": MovingAverage(),
    "counts": Counts(),
    "counts, quick": QUICK,
    "ETS": Statistical("ets"),
    "theta": Statistical("theta"),
}
TASKS = {
    "uci-weekly-sales": Task(
        demand_data.wholesale,
        lambda n: [n - 6, n - 4, n - 2],
        2,
        {
            **WEEKLY,
            "Croston (SBA)": Statistical("croston"),
            "TSB": Statistical("tsb"),
            "ADIDA": Statistical("adida"),
            "regression": Regression(),
            "trees": SHORT,
            "LSTM": LSTM(loss="log"),
        },
        ("mean of 8 weeks", "counts", "counts, quick", "theta", "TSB", "trees", "LSTM"),
    ),
    "complete-journey": Task(
        demand_data.complete_journey,
        lambda n: [n - 6, n - 4, n - 2],
        2,
        {
            **WEEKLY,
            "TSB": Statistical("tsb"),
            "regression": Regression(),
            "trees": SHORT,
            "LSTM": LSTM(loss="log"),
        },
        ("mean of 8 weeks", "counts", "counts, quick", "TSB", "regression", "trees", "LSTM"),
    ),
    "rossmann": Task(
        demand_data.rossmann,
        lambda n: [n - 42, n - 28, n - 14],
        14,
        {
            "seasonal naive": SeasonalNaive(),
            "theta": Statistical("theta", history=140),
            "regression": Regression(),
            "trees": SHORT,
            "LSTM": BRIEF,
        },
        ("theta", "regression", "trees", "LSTM"),
        windows=1,
    ),
    "orange-juice": Task(
        demand_data.orange_juice,
        lambda _: [96 + 2 * i for i in range(12)],
        3,
        {
            "naive": Naive(),
            "seasonal naive": SeasonalNaive(),
            "regression": Regression(aim="percentage"),
            "trees": JUICE,
            "LSTM": LSTM(loss="percentage", epochs=8, batch=32, forks=24, members=2),
        },
        ("trees", "trees", "regression", "LSTM"),  # half of it trees
        "percentage",
        skip=1,
        windows=0,
    ),
}


def run() -> Iterator[Figure]:
    """Every data set, every forecaster, the combination; and who beats whom."""
    names = os.environ.get(ONLY, ",".join([*TASKS, "many"])).split(",")
    for name in names:
        yield from figures(name, TASKS[name]) if name in TASKS else _many()


def _many() -> Iterator[Figure]:
    """10,000 series of 104 weeks with a price each: what `regulars forecast` does without further words; and sums."""
    random = np.random.default_rng(0)
    keys = pl.DataFrame({"store": np.repeat(np.arange(100), 100), "product": np.tile(np.arange(100), 100)})
    price = np.exp(random.choice([-0.3, 0, 0.1], size=(10_000, 108))).astype(np.float32)
    rate = np.exp(random.normal(1, 1, size=(10_000, 1))) / price[:, :104] ** 2
    units = random.poisson(rate).astype(np.float32)
    panel = Panel(keys, Calendar(date(2023, 1, 2)), units, {"price": price})
    run = Run(threads=threads())
    way = chosen((), n_series=panel.n_series)
    for name, asked in {"regulars": way, "stores and all agree": Coherent(way, ((), ("store",)))}.items():
        told, seconds, cpu = timed(partial(_table, asked, panel, run))
        further = {**circumstances(), "rows": told.height}
        yield Figure("forecast 10,000 series", "planted", name, seconds, cpu, further=further)


def _table(way: Forecaster, panel: Panel, run: Run) -> pl.DataFrame:
    return way.fit(panel, 4, run).forecast(panel).frame()


def figures(name: str, task: Task) -> Iterator[Figure]:
    """One figure for each forecaster of a data set: metrics with intervals, and p values against the seasonal naive."""
    panel = task.panel()
    told = {way: timed(_asked(task, panel, kept)) for way, kept in _kept(task).items()}
    parts = {way: rolled for way, (rolled, _, _) in told.items()}
    costs: dict[str, tuple[float, float]] = {way: (wall, cpu) for way, (_, wall, cpu) in told.items()}
    judgment = Judgment(parts)
    table, compared = judgment.table, judgment.compared
    for way in parts:
        rows = table.filter(forecaster=way).to_dicts()
        further: dict[str, object] = {
            **circumstances(),
            "series": panel.n_series,
            "origins": list(parts[way].origins),
            "95 %": {row["metric"]: [round(row["low"], 4), round(row["high"], 4)] for row in rows},
            "worse than": compared.filter(forecaster=way, metric="mase", verdict="worse")["against"].to_list(),
        }
        quality = {row["metric"]: row["value"] for row in rows}
        yield Figure("forecast demand", name, way, *costs[way], quality=quality, further=further)


def _kept(task: Task) -> dict[str, Any]:
    """Those that stand alone, and the combination of the same."""
    kept: dict[str, Any] = {name: Kept(way) for name, way in task.ways.items()}
    members = tuple(kept[name] for name in task.combined)
    whole = Equal(members) if not task.windows else Combination(members, task.aim, task.windows)
    return kept | {"combination": whole}


def _asked(task: Task, panel: Panel, way: Any) -> Callable[[], Rolled]:
    levels = () if isinstance(way, (Kept, Equal)) else (0.05, 0.25, 0.5, 0.75, 0.95)
    origins = list(task.origins(panel.n_steps))
    how = Run(threads=threads())
    return lambda: rolled(way, panel, origins, horizon=task.horizon, skip=task.skip, levels=levels, run=how)


@dataclass(frozen=True)
class Equal:
    """The plain mean of its members."""

    members: tuple[Kept, ...]

    def fit(self, panel: Panel, horizon: int, run: Run) -> "EqualModel":
        return EqualModel(horizon, tuple(member.fit(panel, horizon, run) for member in self.members))


@dataclass(frozen=True)
class EqualModel:
    """The mean of what the members' models say."""

    horizon: int
    models: tuple[KeptModel, ...]

    def forecast(self, panel: Panel, levels: Sequence[float] = ()) -> Forecast:
        told = [model.forecast(panel) for model in self.models]
        points = np.stack([one.point for one in told])
        return replace(told[0], point=blended(points, np.ones(len(points))))


if __name__ == "__main__":
    for figure in run():
        print(figure.line(), flush=True)
