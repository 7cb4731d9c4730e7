"""forecast: what every store sells of every product in the coming days or weeks."""

from importlib.util import find_spec
from typing import Annotated, Any

import numpy as np
import typer

from regulars.config import ForecastTable
from regulars.core import Run, ranges
from regulars.core.errors import EmptyData, SettingError
from regulars.forecasting import (
    FORECASTERS,
    Calibrated,
    Combination,
    Forecaster,
    Judgment,
    Panel,
    SeasonalNaive,
    changed,
    rolled,
)
from regulars.forecasting.forecast import check_levels
from regulars.forecasting.totals import total
from regulars.forecasting.what_if import says_yes_or_no
from regulars.report.demand import Demand
from regulars.report.demand.study import NAIVE, OWN

from .app import HERE, AsJson, ConfigPath, Quiet, Seed, Threads, verb
from .bars import stage, watched
from .console import emit, say
from .demand_page import ready, write_demand
from .project import Project
from .sales import Sales
from .tables import show
from .whole import written

ORIGINS = 3
EACH = 2_000  # series up to which each is fitted by itself too, 3 ms at a time and four times; few gain by it


@verb("regulars forecast --horizon 4")
def forecast(
    config: ConfigPath = HERE,
    horizon: Annotated[
        int | None, typer.Option("--horizon", min=1, help=r"Days or weeks ahead; default: of \[forecast].")
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option("--method", "-m", help=f"One of {', '.join(FORECASTERS)}; several are combined; may be repeated."),
    ] = None,
    judge: Annotated[
        bool, typer.Option("--judge", help="Measure it on the latest steps too, beside the seasonal naive forecast.")
    ] = False,
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            "--what-if",
            help="A known column and what it is multiplied by: price=0.9; one of yes and no is set: promotion=1.",
        ),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Write forecast.html too: pictures of stores and products, and of errors.")
    ] = False,
    seed: Seed = None,
    threads: Threads = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    r"""Forecast the units of every store and product, with quantiles; write forecast.parquet, .csv and .json.

    Sales come from the purchases of \[events], or from the table that \[forecast] names; columns that `known` lists,
    such as prices and promotions, may reach into the future: rows without units. Returns are no demand. With --what-if,
    the files have the units after the change; with --report and --judge, the page has how far off each method was.
    """
    project = Project.open(config)
    given = project.config.forecast
    steps, paged = horizon or given.horizon, report or given.report
    check_levels(given.quantiles)
    if paged:
        ready()
    with watched(quiet=quiet or as_json, **project.how(seed, threads)) as run:
        with stage(run, "read the sales"):
            sales = Sales.of(project, run)
            panel = sales.panel
        way = chosen(tuple(method or given.methods), given.aim, n_series=panel.n_series)
        changes = _changes(what_if or [], panel)
        other = changed(panel, steps, to=changes["to"], times=changes["times"]) if what_if else None
        model = way.fit(panel, steps, run)
        planned = model.forecast(panel, given.quantiles)
        answer = planned if other is None else model.forecast(other, given.quantiles)
        judged = _judged(way, panel, steps, given, run, apart=paged) if judge else None
        frame = answer.frame()
        files = [
            str(written(project.made("forecast.parquet"), frame.write_parquet)),
            str(written(project.made("forecast.csv"), frame.write_csv)),
        ]
        if paged:
            after = None if other is None else answer
            change, adds_up = said_of(changes), given.aim == "mean"
            found = Demand(panel, planned, after, change, judged, sales.notes, sales.names, adds_up=adds_up)
            files.append(str(write_demand(project, found, way, run)))
    facts: dict[str, Any] = {
        "series": panel.n_series,
        "past": panel.n_steps,
        "step": panel.calendar.step,
        "horizon": steps,
        "units": float(np.nansum(answer.point)),
        "notes": list(sales.notes),
        "files": files,
    }
    if other is not None:
        facts["units_as_planned"] = float(np.nansum(planned.point))
    if judged is not None:
        facts |= {"judged": judged.table.to_dicts(), "compared": judged.compared.to_dicts()}
    project.write("forecast.json", facts)
    if as_json:
        emit(facts)
        return
    for note in facts["notes"]:
        say(note)
    rounds = None if judged is None else judged.rolled[OWN]
    whole = total(answer, panel, (), rounds, given.quantiles).frame().drop("node", "step")
    show(whole, f"{panel.n_series:,} series, {facts['units']:,.0f} units in {steps} {given.step}s")
    if other is not None:
        say(f"with {said_of(changes)}; as planned it is {facts['units_as_planned']:,.0f} units")
    if given.aim == "median":
        say('units are medians: off by least in each series, too few in sum; aim = "mean" of [forecast] adds up')
    if judged is not None:
        show(judged.table, f"the latest {ORIGINS} times {steps} {given.step}s", spare=("low", "high"))
    say(f"written: {' and '.join(files)}")


def chosen(names: tuple[str, ...], aim: str = "median", *, n_series: int = 1) -> Forecaster:
    """The combination of the forecasters of these names; without names, of what is installed and soon done.

    Raises SettingError for a name or an aim that is none.
    """
    if not names:
        names = ("moving_average", "counts", "regression")
        trees = find_spec("lightgbm") is not None
        names += ("trees",) if trees else ()
        names += ("statistical",) if find_spec("statsforecast") and (n_series <= EACH or not trees) else ()
    if unknown := sorted(set(names) - set(FORECASTERS)):
        raise SettingError(f"there is no way to forecast called {unknown[0]!r}; there are {', '.join(FORECASTERS)}")
    return Combination(tuple(_aimed(FORECASTERS[name], aim) for name in names), aim)


def _aimed(way: type[Any], aim: str) -> Forecaster:
    own = ranges(way).get("aim")
    forecaster: Forecaster = way(aim=aim) if own and aim in own.choices else way()
    return forecaster


def _judged(
    way: Forecaster, panel: Panel, horizon: int, given: ForecastTable, run: Run, *, apart: bool = False
) -> Judgment:
    """The forecaster beside the seasonal naive one, and its members `apart`, where it has several."""
    origins = [panel.n_steps - horizon * back for back in range(ORIGINS, 0, -1)]
    origins = [origin for origin in origins if origin > 1]
    if not origins:
        raise EmptyData(f"{panel.n_steps} {given.step}s of sales are too few to judge {horizon} of them")
    ways: dict[str, Forecaster] = {NAIVE: Calibrated(SeasonalNaive()), OWN: way}
    if apart and isinstance(way, Combination) and len(way.members) > 1:
        ways |= {named(member): Calibrated(member) for member in way.members}
    levels = given.quantiles
    return Judgment(
        {name: rolled(one, panel, origins, horizon=horizon, levels=levels, run=run) for name, one in ways.items()}
    )


def named(way: Forecaster) -> str:
    """The name of a forecaster in FORECASTERS."""
    return next((name for name, kind in FORECASTERS.items() if type(way) is kind), type(way).__name__.lower())


def said_of(changes: dict[str, dict[str, float]]) -> str:
    """What is changed in words: price times 0.9 and promotion = 1."""
    told = [f"{name} times {factor:g}" for name, factor in changes["times"].items()]
    return " and ".join([*told, *(f"{name} = {value:g}" for name, value in changes["to"].items())])


def _changes(pairs: list[str], panel: Panel) -> dict[str, dict[str, float]]:
    """What --what-if says as `changed` takes it: yes and no are set, all else is multiplied."""
    try:
        given = {name.strip(): float(value) for name, _, value in (pair.partition("=") for pair in pairs)}
    except ValueError as error:
        raise typer.BadParameter(f"--what-if wants a known column and a number, such as price=0.9; {error}") from error
    flags = {name for name in given if name in panel.known and says_yes_or_no(panel.known[name])}
    return {
        "to": {name: value for name, value in given.items() if name in flags},
        "times": {name: value for name, value in given.items() if name not in flags},
    }
