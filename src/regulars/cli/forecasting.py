"""forecast: what every store sells of every product in the coming days or weeks."""

from importlib.util import find_spec
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer

from regulars.config import FILE, ForecastTable
from regulars.core import Dataset, Frame, Run, ranges
from regulars.core.errors import EmptyData, MissingColumn, SettingError
from regulars.data import Table
from regulars.data.readers import readings
from regulars.forecasting import (
    FORECASTERS,
    Columns,
    Combination,
    Forecaster,
    Judgment,
    Panel,
    Read,
    SeasonalNaive,
    changed,
    read,
    rolled,
)

from .app import HERE, AsJson, ConfigPath, Quiet, Seed, Threads, verb
from .bars import stage, watched
from .console import emit, say
from .project import Project
from .tables import show
from .whole import written

FROM_EVENTS = ("store", "item_id")
SOLD = ("purchase", "return")
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
        typer.Option("--what-if", help="A known column and what it is multiplied by, such as price=0.9; repeatable."),
    ] = None,
    seed: Seed = None,
    threads: Threads = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    r"""Forecast the units of every store and product, with quantiles; write forecast.parquet, .csv and .json.

    Sales come from the purchases of \[events], or from the table that \[forecast] names; columns that `known` lists,
    such as prices and promotions, may reach into the future: rows without units. Returns are no demand.
    """
    project = Project.open(config)
    given = project.config.forecast
    steps = horizon or given.horizon
    with watched(quiet=quiet or as_json, **project.how(seed, threads)) as run:
        with stage(run, "read the sales"):
            told = _read(project, given, run)
            panel, notes = _worth_it(told.panel, given)
        way = chosen(tuple(method or given.methods), given.aim, n_series=panel.n_series)
        if what_if:
            panel = changed(panel, steps, times=_factors(what_if))
        answer = way.fit(panel, steps, run).forecast(panel, given.quantiles)
        judged = _judged(way, panel, steps, given, run) if judge else None
        frame = answer.frame()
        files = [
            str(written(project.made("forecast.parquet"), frame.write_parquet)),
            str(written(project.made("forecast.csv"), frame.write_csv)),
        ]
    facts: dict[str, Any] = {
        "series": panel.n_series,
        "past": panel.n_steps,
        "step": panel.calendar.step,
        "horizon": steps,
        "units": float(np.nansum(answer.point)),
        "notes": [*told.notes, *notes],
        "files": files,
    }
    if judged is not None:
        facts |= {"judged": judged.table.to_dicts(), "compared": judged.compared.to_dicts()}
    project.write("forecast.json", facts)
    if as_json:
        emit(facts)
        return
    for note in facts["notes"]:
        say(note)
    show(_by_step(frame, panel), f"{panel.n_series:,} series, {facts['units']:,.0f} units in {steps} {given.step}s")
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


def _read(project: Project, given: ForecastTable, run: Run) -> Read:
    own, described = project.sales(), project.series_attributes()
    attributes = None if described is None else _rows(described)
    if own is not None:
        table = _rows(own).rename({theirs: ours for ours, theirs in given.columns.items()}, strict=False)
        columns = Columns(given.keys or FROM_EVENTS, given.time, given.units, given.known, given.past, given.in_stock)
        gaps = given.gaps
    else:
        data = project.prepared(run).dataset
        table, keys = sold(data, given.keys)
        columns, gaps = Columns(keys), "zero"
        if attributes is None and "item_id" in keys:
            attributes = _described(data)
    zone = project.config.time.zone
    return read(table, columns, step=given.step, gaps=gaps, zone=zone, static=attributes)


def _rows(table: Table) -> Frame:
    return pl.concat([chunk.rows for one in readings(table) for chunk in one.chunks()], how="vertical_relaxed")


def sold(data: Dataset, keys: tuple[str, ...]) -> tuple[Frame, tuple[str, ...]]:
    """The purchases and returns of a log as a table of sales; keys: () is the store, if there is one, and the item."""
    bought = np.isin(data.kind, [place for place, kind in enumerate(data.kinds) if kind in SOLD])
    context = data.context.filter(bought)
    keys = keys or tuple(name for name in FROM_EVENTS if name == "item_id" or name in context.columns)
    lacking = [name for name in keys if name != "item_id" and name not in context.columns]
    if lacking:
        raise MissingColumn(f"{FILE}: keys of [forecast] {lacking} are not in the events; {context.columns} are")
    columns = {name: context[name] for name in keys if name != "item_id"}
    columns["item_id"] = pl.Series(data.items.ids[data.item[bought]])
    columns["date"] = pl.from_epoch(pl.Series(data.time[bought])).dt.replace_time_zone("UTC")
    if "quantity" in context.columns:
        columns["units"] = context["quantity"]
    else:
        columns["units"] = pl.Series(np.where(data.weight[bought] < 0, -1.0, 1.0))
    table = pl.DataFrame(columns).select(*keys, "date", "units")
    return table, keys


def _described(data: Dataset) -> Frame | None:
    """Attributes of the items that few values or numbers tell: not what each calls its own."""
    features = data.item_features
    if features.is_empty():
        return None
    useful = [name for name in features.columns if features[name].dtype.is_numeric() or features[name].n_unique() < 500]
    return features.select(useful).with_columns(pl.Series("item_id", data.items.ids))


def _worth_it(panel: Panel, given: ForecastTable) -> tuple[Panel, list[str]]:
    """The series that sold in `least` steps or more, at most `most` of them: the rest is told, and left out."""
    sales = (np.nan_to_num(panel.units) > 0).sum(axis=1)
    kept = sales >= min(given.least, panel.n_steps)
    if not kept.any():
        raise EmptyData(f"no series sold in {given.least} {panel.calendar.step}s or more; lower least of [forecast]")
    if kept.sum() > given.most:
        total = np.where(kept, np.nansum(panel.units, axis=1), -1)
        kept &= np.argsort(np.argsort(-total, kind="stable"), kind="stable") < given.most
    share = np.nansum(panel.units[kept]) / max(np.nansum(panel.units), 1)
    left = panel.n_series - int(kept.sum())
    note = (
        f"{left:,} series that sold too rarely (least, most of [forecast]) were left out: {1 - share:.1%} of the units"
    )
    return panel.only(kept), [note] if left else []


def _judged(way: Forecaster, panel: Panel, horizon: int, given: ForecastTable, run: Run) -> Judgment:
    origins = [panel.n_steps - horizon * back for back in range(ORIGINS, 0, -1)]
    origins = [origin for origin in origins if origin > 1]
    if not origins:
        raise EmptyData(f"{panel.n_steps} {given.step}s of sales are too few to judge {horizon} of them")
    ways: dict[str, Forecaster] = {"seasonal_naive": SeasonalNaive(), "forecast": way}
    levels = given.quantiles
    return Judgment(
        {name: rolled(one, panel, origins, horizon=horizon, levels=levels, run=run) for name, one in ways.items()}
    )


def _by_step(frame: Frame, panel: Panel) -> Frame:
    told = [name for name in frame.columns if name not in (*panel.keys.columns, "date", "step", "units")]
    return frame.group_by("date", maintain_order=True).agg(
        pl.col("units").sum(), *(pl.col(name).mean() for name in told)
    )


def _factors(pairs: list[str]) -> dict[str, float]:
    try:
        return {name.strip(): float(factor) for name, _, factor in (pair.partition("=") for pair in pairs)}
    except ValueError as error:
        raise typer.BadParameter(f"--what-if wants a known column and a factor, such as price=0.9; {error}") from error
