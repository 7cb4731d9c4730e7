"""Filling: a shop's prepared tables into the store of the service, and back out of it for a fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

import numpy as np
import polars as pl

from regulars.core import QUIET, Dataset, Frame, Progress, Run, Vocabulary
from regulars.core.errors import ConfigError
from regulars.data import Sources, Table
from regulars.data.databases import query
from regulars.data.event_ids import EventIds
from regulars.data.kinds import TAKEN_BACK_BY
from regulars.store import Entities, Store

from .loaded import Mark

_ROWS: Final = 50_000  # events handed over at a time, more where one customer has more
_DOCUMENTS: Final = 20_000
_OPTIONAL: Final = ("quantity", "value", "session")  # columns of the store that a log need not have
_COLUMNS: Final = {
    "event_id": "event_id",
    "user": "user_id",
    "item": "item_id",
    "time": "time",
    "kind": "kind",
    "weight": "weight",
}


@dataclass(frozen=True)
class Filled:
    """What a load brought into a store.

    known: events that were there already, from an earlier load among others; erased: customers who were left out, all
    or what they did before, as they had been erased.
    """

    events: int
    known: int
    items: int
    customers: int
    erased: int = 0


def fill(
    store: Store,
    data: Dataset,
    weights: Mapping[str, float],
    run: Run = QUIET,
    *,
    mark: Mark | None = None,
    ids: EventIds | None = None,
) -> Filled:
    """Events, items and customers of a dataset into the store; doing it again changes nothing.

    Who was erased does not come back: events of before, and attributes of who has done nothing since, are left out.

    weights: what an event of each kind weighs in `data`, beside which the store keeps the weight of the event alone.
    ids: the shop's own of the events; one that has none gets one made of customer, item, kind and time. mark: how far
    an earlier load of the same came; noted after each step, so that one that is killed goes on from there.
    """
    items = customers = 0
    erased = store.erasures.moments(map(str, data.users.ids.to_list()))
    if mark is None or not mark.documents:
        mark = mark and mark.noted(documents=False)
        items = _documents(store.items, data.items, data.item_features, "load items", run)
        gone = _quiet_since(data, erased)
        customers = _documents(store.customers, data.users, data.user_features, "load customers", run, without=gone)
        mark = mark and mark.noted(documents=True)
    stored, known = 0, mark.events if mark else 0
    for low, high in _parts(data, known):
        run.on_epoch(Progress("load events", low, len(data)))
        part = events_of(data, low, high, weights)
        part = part if ids is None else part.with_columns(ids.between(low, high).alias("event_id"))
        if erased:
            until = part["user_id"].replace_strict(erased, default=-1, return_dtype=pl.Int64)
            part = part.filter(part["time"] > until)
        done = store.events.load(part)
        stored, known = stored + done.stored, known + done.repeated
        mark = mark and mark.noted(events=high, place=store.events.last_place())
    if mark:
        mark.noted(whole=True)
    run.on_epoch(Progress("load events", len(data), len(data)))
    return Filled(stored, known, items, customers, len(erased))


def events_of(data: Dataset, low: int, high: int, weights: Mapping[str, float]) -> Frame:
    """The events low .. high - 1 with the columns of the store."""
    rows = slice(low, high)
    base = np.array([weights.get(kind, 1.0) for kind in data.kinds], dtype=np.float32)[data.kind[rows]]
    shares = [kind in TAKEN_BACK_BY for kind in data.kinds]  # what was taken back is found out anew by every fit
    whole = np.array(shares, dtype=np.bool_)[data.kind[rows]] | (base == 0)
    weight = np.where(whole, 1.0, data.weight[rows] / np.where(base == 0, 1, base))
    context = data.context[low:high] if data.context.width else pl.DataFrame()
    given = [context[name] for name in ("quantity", "value") if name in context.columns]
    if "session" in context.columns:
        given.append(context["session"].cast(pl.String))
    others = context.drop(*_OPTIONAL, strict=False)
    if others.width:
        given.append(_as_json(others))
    return pl.DataFrame(
        [
            data.users.names(data.user[rows]).cast(pl.String).alias("user_id"),
            data.items.names(data.item[rows]).cast(pl.String).alias("item_id"),
            pl.Series("kind", list(data.kinds), dtype=pl.String).gather(data.kind[rows].astype(np.int64)),
            pl.Series("time", np.asarray(data.time[rows])),
            pl.Series("weight", weight.astype(np.float64)),
            *given,
        ]
    )


def sources_of(url: str, items: Frame, customers: Frame, *, until: int, context: Sequence[str] = ()) -> Sources:
    """The store as tables for `prepare`: events until a place, with those keys of their context as columns.

    items, customers: what the store has of them.
    """
    table = Table(url=url, query=_query(url, until, context), columns={**_COLUMNS, **_present(url)})
    return Sources(
        table,
        Table(frame=items, columns={"item": "item_id"}) if items.height else None,
        Table(frame=customers, columns={"user": "user_id"}) if customers.height else None,
        time_format="s",
        event_ids=False,
    )


def in_order_of(data: Dataset, items: Vocabulary) -> Dataset:
    """The dataset with the indices of `items`, those that it has beside them behind; what is gone has no events."""
    wanted = data.items.extended(items.ids)
    features = data.item_features
    if features.width and len(wanted) > data.n_items:
        empty = pl.DataFrame({name: pl.Series([None], dtype=dtype) for name, dtype in features.schema.items()})
        features = pl.concat([features, empty.select(pl.all().gather([0] * (len(wanted) - data.n_items)))])
    return replace(data, items=wanted, item_features=features).as_indexed(items)


def _quiet_since(data: Dataset, moments: Mapping[str, int]) -> list[str]:
    """Those who have done nothing after their moment."""
    names = data.users.ids.cast(pl.String)
    rows = np.flatnonzero(names.is_in(list(moments)).to_numpy())
    last = [int(data.time[data.starts[row] : data.starts[row + 1]].max(initial=-1)) for row in rows]
    return [name for name, time in zip(names.gather(rows).to_list(), last, strict=True) if time <= moments[name]]


def _documents(
    entities: Entities, ids: Vocabulary, features: Frame, task: str, run: Run, *, without: Sequence[str] = ()
) -> int:
    """Those of whom anything is known."""
    if not features.width:
        return 0
    named = pl.DataFrame([_as_flag(column) for column in features.drop(entities.id_column, strict=False).get_columns()])
    table = named.insert_column(0, ids.ids.cast(pl.String).alias(entities.id_column))
    table = table.filter(pl.any_horizontal(pl.exclude(entities.id_column).is_not_null()))
    table = table.filter(~pl.col(entities.id_column).is_in(list(without)))
    for start in range(0, table.height, _DOCUMENTS):
        run.on_epoch(Progress(task, start, table.height))
        entities.load(table[start : start + _DOCUMENTS])
    run.on_epoch(Progress(task, table.height, table.height))
    return table.height


def _as_flag(column: pl.Series) -> pl.Series:
    """A column of the texts true and false, as CSV files have it, as what it means: rules ask for it."""
    if column.dtype != pl.String or not len(told := column.drop_nulls().str.to_lowercase().unique()):
        return column
    return column.str.to_lowercase() == "true" if told.is_in(["true", "false"]).all() else column


def _parts(data: Dataset, low: int = 0) -> list[tuple[int, int]]:
    """Slices of the events from `low` on that no customer lies in two of."""
    parts = []
    while low < len(data):
        place = int(np.searchsorted(data.starts, low + _ROWS, side="left"))
        high = int(data.starts[min(place, data.n_users)])
        parts.append((low, high))
        low = high
    return parts


def _as_json(frame: Frame) -> pl.Series:
    """Each row as the JSON text of an object."""
    columns = (column.cast(pl.String) if column.dtype.is_temporal() else column for column in frame.get_columns())
    return pl.DataFrame(columns).select(pl.struct(pl.all()).struct.json_encode().alias("context")).to_series()


def _present(url: str) -> dict[str, str]:
    """Which of the optional columns any event has."""
    counts = ", ".join(f"count({name}) AS {name}" for name in _OPTIONAL)
    found = next(query(Table(url=url, query=f"SELECT {counts} FROM events")).chunks()).rows
    return {name: name for name in _OPTIONAL if found[name][0]}


def _query(url: str, until: int, context: Sequence[str]) -> str:
    names = [*_COLUMNS.values(), *_present(url), *(_key(url, name) for name in context)]
    return f"SELECT {', '.join(names)} FROM events WHERE place <= {int(until)}"


def _key(url: str, name: str) -> str:
    """A key of the context as a column, in the words of the database."""
    if not name.isidentifier():
        raise ConfigError(f"a column of the context is called by letters, digits and _; known has {name!r}")
    if urlsplit(url).scheme == "sqlite":
        return f"json_extract(context, '$.{name}') AS \"{name}\""
    return f"(NULLIF(context, '')::json ->> '{name}') AS \"{name}\""
