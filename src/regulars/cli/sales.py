"""The sales of a shop: from the table that [forecast] names, or from the purchases of the events, to a panel."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from regulars.config import FILE, ForecastTable
from regulars.core import Dataset, Frame, Run
from regulars.core.errors import EmptyData, MissingColumn
from regulars.data import Table
from regulars.data.readers import readings
from regulars.forecasting import Columns, Panel, read
from regulars.marketing.repurchase.reading import purchases

from .project import Project

FROM_EVENTS = ("store", "item_id")


@dataclass(frozen=True)
class Sales:
    """panel: the series worth a forecast; notes: what had to be put right, and what was left out; names: by column of
    the keys, what people call its values.
    """

    panel: Panel
    notes: tuple[str, ...]
    names: Mapping[str, Mapping[object, str]]

    @classmethod
    def of(cls, project: Project, run: Run) -> "Sales":
        """Reads what [forecast] says. Raises MissingColumn, EmptyData, BadTable."""
        given, described, own = project.config.forecast, project.series_attributes(), project.sales()
        attributes = None if described is None else _rows(described)
        names: dict[str, dict[object, str]] = {}
        if own is not None:
            table = _rows(own).rename({theirs: ours for ours, theirs in given.columns.items()}, strict=False)
            keys = given.keys or FROM_EVENTS
            columns = Columns(keys, given.time, given.units, given.known, given.past, given.in_stock, given.open)
            gaps = given.gaps
        else:
            data = project.prepared(run).dataset
            table, keys = sold(data, given.keys)
            columns, gaps = Columns(keys), "zero"
            if "item_id" in keys:
                attributes = _described(data) if attributes is None else attributes
                names["item_id"] = dict(zip(data.items.ids, project.item_names(data), strict=True))
        zone = project.config.time.zone
        told = read(table, columns, step=given.step, gaps=gaps, zone=zone, static=attributes)
        panel, notes = _worth_it(told.panel, given)
        return cls(panel, (*told.notes, *notes), names)


def _rows(table: Table) -> Frame:
    return pl.concat([chunk.rows for one in readings(table) for chunk in one.chunks()], how="vertical_relaxed")


def sold(data: Dataset, keys: tuple[str, ...]) -> tuple[Frame, tuple[str, ...]]:
    """The purchases and returns of a log as a table of sales; keys: () is the store, if there is one, and the item.

    Raises EmptyData for a log without purchases, MissingColumn for a key that it lacks.
    """
    data = purchases(data)
    context = data.context
    keys = keys or tuple(name for name in FROM_EVENTS if name == "item_id" or name in context.columns)
    lacking = [name for name in keys if name != "item_id" and name not in context.columns]
    if lacking:
        raise MissingColumn(f"{FILE}: keys of [forecast] {lacking} are not in the events; {context.columns} are")
    columns = {name: context[name] for name in keys if name != "item_id"}
    columns["item_id"] = pl.Series(data.items.ids[data.item])
    columns["date"] = pl.from_epoch(pl.Series(data.time)).dt.replace_time_zone("UTC")
    columns["units"] = pl.Series(np.where(data.weight < 0, -1.0, 1.0))
    if "quantity" in context.columns:
        columns["units"] = context["quantity"].cast(pl.Float64).fill_nan(None).fill_null(columns["units"])
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
    lost = f"{100 * (1 - share):.1f} % of the units"
    note = f"{left:,} series that sold too rarely (least, most of [forecast]) were left out: {lost}"
    return panel.only(kept), [note] if left else []
