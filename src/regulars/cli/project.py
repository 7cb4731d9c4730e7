"""Project: a shop's folder: its regulars.toml, and where its results lie."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from regulars import config
from regulars.config import Config, EventsTable, TableFrom
from regulars.core import Dataset, Estimator, Run, from_names
from regulars.core.errors import CannotWrite, ConfigError, MissingColumn
from regulars.data import Checks, Prepared, Sources, Table, prepare
from regulars.evaluation import SPLITS, Splitter
from regulars.models import METHODS
from regulars.ranking import Filter, Only, Unseen

DEFAULT_METHODS = ("popularity", "personal", "item_knn", "als")


@dataclass(frozen=True)
class Project:
    """The configuration of a shop and the folder that its relative paths start from."""

    config: Config
    root: Path

    @classmethod
    def open(cls, path: Path) -> "Project":
        """The project of a regulars.toml. Raises ConfigError."""
        return cls(config.read(path), path.parent)

    @property
    def output(self) -> Path:
        return self.root / self.config.output

    @property
    def model(self) -> Path:
        """The folder of the fitted recommender."""
        return self.output / "model"

    def made(self, name: str) -> Path:
        """A file of the output folder. Raises CannotWrite when the folder cannot be made."""
        try:
            self.output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotWrite(f"{self.output} cannot be made: {error}. Set output in {config.FILE}") from error
        return self.output / name

    def write(self, name: str, value: Any) -> Path:
        """`value` as JSON in the output folder, whole or not at all."""
        path = self.made(name)
        scratch = path.with_suffix(".part")
        try:
            scratch.write_text(json.dumps(value, indent=2, default=str, ensure_ascii=False), encoding="utf-8")
            scratch.replace(path)
        except OSError as error:
            raise CannotWrite(f"{path} cannot be written: {error}") from error
        return path

    def read(self, name: str, made_by: str) -> Any:
        """What `write` wrote. Raises ConfigError naming the command that makes it."""
        path = self.output / name
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ConfigError(f"{path} is not there yet; make it with: regulars {made_by}") from error
        except ValueError as error:
            raise ConfigError(f"{path} is damaged ({error}); make it again with: regulars {made_by}") from error

    def sources(self) -> Sources:
        """Where the tables are and how to read them."""
        given = self.config
        return Sources(
            tuple(self._table(table, table.kind) for table in given.events),
            self._table(given.items) if given.items.given else None,
            self._table(given.customers) if given.customers.given else None,
            kinds=given.kinds,
            zone=given.time.zone,
            time_format=given.time.format,
            day_first=given.time.day_first,
        )

    def _table(self, given: TableFrom, kind: str = "") -> Table:
        if not given.given:
            raise ConfigError(f"[{'events' if isinstance(given, EventsTable) else 'items'}] needs paths or url")
        return Table(
            tuple(str(self.root / path) for path in given.paths),
            url=given.url,
            table=given.table,
            query=given.query,
            columns=given.columns,
            format=given.format,
            separator=given.separator,
            encoding=given.encoding,
            kind=kind,
        )

    def prepared(self, run: Run) -> Prepared:
        """The checked dataset; made once for the same tables and the same [check]."""
        return prepare(self.sources(), self.made("prepared"), from_names(Checks, self.config.check), run)

    def splitter(self) -> Splitter:
        """When to cut and whom to ask: [split] kind and the settings of that kind. Raises ConfigError."""
        settings = dict(self.config.split)
        kind = str(settings.pop("kind", "time"))
        if kind not in SPLITS:
            raise ConfigError(f"[split] kind must be one of {', '.join(SPLITS)}; it is {kind!r}")
        return from_names(SPLITS[kind], settings)

    def filters(self, data: Dataset) -> tuple[Filter, ...]:
        """What may be recommended: by [recommend] available, and exclude_seen. Raises MissingColumn."""
        given = self.config.recommend
        unseen = (Unseen(),) if given.exclude_seen else ()
        if not given.available:
            return unseen
        if given.available not in data.item_features.columns:
            raise MissingColumn(
                f"[recommend] available names the column {given.available!r}; items have {data.item_features.columns}"
            )
        mask = data.item_features[given.available].cast(pl.Boolean, strict=False).fill_null(False)
        return (Only(mask.to_numpy()), *unseen)

    def method(self, name: str) -> Estimator[Any]:
        """A method of [methods.NAME] with its settings; [methods.x] method = "als" is a second ALS called x.

        Raises ConfigError when there is no such method.
        """
        settings = dict(self.config.methods.get(name, {}))
        kind = str(settings.pop("method", name))
        if kind not in METHODS:
            raise ConfigError(f"there is no method {kind!r}; the methods are {', '.join(METHODS)}")
        return from_names(METHODS[kind], settings)

    def names(self) -> tuple[str, ...]:
        """All methods and blends that the file names, in its order; a few good ones when it names none."""
        return (*(self.config.methods or DEFAULT_METHODS), *self.config.blends)

    def item_names(self, data: Dataset) -> pl.Series:
        """What people call each item: the columns of [items] name, else the id; String [n_items]."""
        ids = data.items.ids.cast(pl.String)
        columns = [column for column in self.config.items.name if column in data.item_features.columns]
        told = data.item_features.select(columns) if columns else _told_by_events(data, self.config.items.name)
        if not told.width:
            return ids.alias("name")
        named = told.select(pl.concat_str(pl.all().cast(pl.String), separator=" ", ignore_nulls=True)).to_series()
        return named.set(named.str.strip_chars() == "", None).fill_null(ids).alias("name")


def _told_by_events(data: Dataset, columns: Sequence[str]) -> pl.DataFrame:
    """The first value of each column of the events for each item; a frame without columns when there are none."""
    found = [column for column in columns if column in data.context.columns]
    if not found:
        return pl.DataFrame()
    rows = data.context.select(found).with_columns(pl.Series("item", data.item))
    first = rows.group_by("item").agg(pl.col(column).drop_nulls().first() for column in found)
    every = pl.DataFrame({"item": pl.int_range(data.n_items, dtype=pl.Int32, eager=True)})
    return every.join(first, on="item", how="left", maintain_order="left").drop("item")
