"""Project: a shop's folder: its regulars.toml, and where its results lie."""

import glob
import json
import math
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypedDict, TypeVar

import polars as pl

from regulars import config
from regulars.config import Config, TableFrom, meant, no_such
from regulars.core import Dataset, Estimator, Run, from_names
from regulars.core.errors import CannotWrite, ConfigError, MissingColumn, ModelError, SettingError
from regulars.data import Checks, Prepared, Sources, Table, prepare
from regulars.evaluation import FALLING, METRICS, SPLITS, Splitter
from regulars.models import METHODS
from regulars.models.kinds.saving import Saved, load
from regulars.ranking import Filter, Only, Unseen
from regulars.tuning import Exam, Plan, Space
from regulars.tuning.needs import need_of

from .columns import told_by_events, yes_or_no
from .compositions import check_name, composed, parts_of
from .whole import written

DEFAULT_METHODS = ("popularity", "personal", "item_knn", "als")
COMPARISON = "comparison.json"
TUNED = "tuned.toml"
CATEGORY = "category"  # the column of the items that evaluation groups by
S = TypeVar("S")


class How(TypedDict):
    """What `Run` is made of that a shop may say."""

    seed: int
    threads: int
    device: str


@dataclass(frozen=True)
class Project:
    """The configuration of a shop and the folder that its relative paths start from."""

    config: Config
    root: Path
    tuned: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # settings that stand for those of the file

    @classmethod
    def open(cls, path: Path) -> "Project":
        """The project of a regulars.toml, every name and setting of which was looked at. Raises ConfigError."""
        project = cls(config.read(path), path.parent)
        with within(path.name):
            if project.config.events:
                project.sources()
            project.checks(), project.splitter()
            project.check_decides()
            for name in project.config.methods:
                project.method(name)
            for name in project.composed:
                project.parts(name)
            project.check_tuning()
            project.check_content()
            given = project.config.recommend
            for name in (*given.fallback, *filter(None, [given.method])):
                with within("[recommend]"):
                    project.parts(name)
        return project

    def tuned_by_search(self) -> "Project":
        """The same shop at the settings that `regulars tune` found last, where it did. Raises ConfigError."""
        path = self.output / TUNED
        if not path.exists():
            return self
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8"))["methods"]
        except (OSError, ValueError, KeyError) as error:
            raise ConfigError(f"{path} is damaged ({error}); make it again with: regulars tune") from error
        project = replace(self, tuned=found)
        with within(path.name):
            for name in found:
                project.method(name)
        return project

    def as_compared(self) -> "Project":
        """The same shop at the settings of the last comparison, where those were not the ones of the file."""
        return replace(self, tuned=self.compared().get("tuned", {}))

    def mapping(self, columns: dict[str, str]) -> "Project":
        """The same shop with these columns of the events (our name -> the shop's) instead of the guessed ones."""
        events = tuple(one.model_copy(update={"columns": one.columns | columns}) for one in self.config.events)
        return replace(self, config=self.config.model_copy(update={"events": events}))

    def how(self, seed: int | None = None, threads: int | None = None, device: str | None = None) -> How:
        """Seed, threads and device of a run: what the command line says, else what the file says."""
        own = self.config
        return {
            "seed": own.seed if seed is None else seed,
            "threads": own.threads if threads is None else threads,
            "device": device or own.device,
        }

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
            reason = f"{self.output} cannot be made: {error.strerror}"
            raise CannotWrite(f'{reason}. Name another folder in {config.FILE}: output = "..."') from error
        return self.output / name

    def write(self, name: str, value: Any) -> Path:
        """`value` as JSON in the output folder, whole or not at all."""
        text = json.dumps(value, indent=2, default=str, ensure_ascii=False)
        return written(self.made(name), lambda path: path.write_text(text, encoding="utf-8"))

    def compared(self) -> dict[str, Any]:
        """The last comparison: winner, decided_by, validation, test. Raises ConfigError when there is none."""
        path = self.output / COMPARISON
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ConfigError(f"{path} is not there yet; make it with: regulars compare") from error
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path} is damaged ({error}); make it again with: regulars compare") from error
        if not isinstance(said, dict) or not said.keys() >= {"winner", "decided_by", "validation", "test"}:
            raise ConfigError(f"{path} is no comparison of Regulars; make it again with: regulars compare")
        return said

    def fitted(self, data: Dataset) -> tuple[Saved, Dataset]:
        """The fitted recommender, and `data` with the items in its order. Raises ConfigError and ModelError."""
        if not self.model.is_dir():
            raise ConfigError(f"there is no fitted model in {self.model} yet; make it with: regulars fit")
        try:
            saved = load(self.model)
            return saved, data.as_indexed(saved.items)
        except ModelError as error:
            raise type(error)(f"{error} (regulars fit makes it anew)") from error

    def sources(self) -> Sources:
        """Where the tables are and how to read them. Raises ConfigError without [events]."""
        given = self.config
        if not given.events:
            raise ConfigError(f"{config.FILE}: {config.NO_EVENTS}; without it there is regulars forecast alone")
        with within("[items]"):
            items = self._table(given.items) if given.items.given else None
        with within("[customers]"):
            customers = self._table(given.customers) if given.customers.given else None
        with within("[events]"):
            events = tuple(self._table(table, table.kind) for table in given.events)
        with within("[time]"):
            return Sources(
                events,
                items,
                customers,
                kinds=given.kinds,
                zone=given.time.zone,
                time_format=given.time.format,
                day_first=given.time.day_first,
            )

    def sales(self) -> Table | None:
        """The table of sales that [forecast] names; None: the purchases of the events."""
        given = self.config.forecast
        with within("[forecast]"):
            return self._table(given) if given.given else None

    def series_attributes(self) -> Table | None:
        """The attributes of stores or products that [forecast] names."""
        path = self.config.forecast.attributes
        return Table((self._place(path),)) if path else None

    def _table(self, given: TableFrom, kind: str = "") -> Table:
        if bool(given.paths) == bool(given.url):
            raise ConfigError(
                'needs either paths = ["log.csv"] or url = "sqlite:///shop.db"; '
                + ("both are there" if given.url else "neither is there")
            )
        return Table(
            tuple(map(self._place, given.paths)),
            url=self._address(given.url),
            table=given.table,
            query=given.query,
            columns=given.columns,
            format=given.format,
            separator=given.separator,
            encoding=given.encoding,
            kind=kind,
        )

    def _place(self, path: str) -> str:
        """A path or a glob, seen from the folder of regulars.toml, whose own name is no pattern."""
        place = self.root / path
        return str(place) if place.exists() else str(Path(glob.escape(str(self.root))) / path)

    def _address(self, url: str) -> str:
        """The address of a database; the path of a database file is meant from the folder of regulars.toml."""
        kind, slashes, path = url.partition(":///")
        return f"{kind}:///{self.root / path}" if slashes and kind in ("sqlite", "duckdb") else url

    def checks(self) -> Checks:
        """The settings of [check]."""
        return _of(Checks, self.config.check, "[check]")

    def prepared(self, run: Run) -> Prepared:
        """The checked dataset; made once for the same tables and the same [check]. Raises MissingColumn."""
        prepared = prepare(self.sources(), self.made("prepared"), self.checks(), run)
        return replace(prepared, dataset=self.named(prepared.dataset))

    def named(self, data: Dataset) -> Dataset:
        """The dataset with the column "category" that evaluation asks for, when the items call it otherwise."""
        given, found = self.config.items, data.item_features.columns
        for name in given.name:
            if name not in (*found, *data.context.columns, *given.columns.values()):
                known = [*found, *data.context.columns]
                raise MissingColumn(f"{config.FILE}: name of [items]: {no_such('the shop', name, known)}")
        if not given.category or given.category == CATEGORY:
            return data
        if given.category not in found:
            raise MissingColumn(
                f"{config.FILE}: category of [items]: {no_such('the table of items', given.category, found)}"
            )
        features = data.item_features.with_columns(pl.col(given.category).alias(CATEGORY))
        return replace(data, item_features=features)

    def splitter(self) -> Splitter:
        """When to cut and whom to ask: [split] kind and the settings of that kind. Raises ConfigError."""
        settings = dict(self.config.split)
        kind = str(settings.pop("kind", "time"))
        if kind not in SPLITS:
            raise ConfigError(f"[split] kind must be one of {', '.join(SPLITS)}; it is {kind!r}")
        return _of(SPLITS[kind], settings, "[split]")

    def filters(self, data: Dataset) -> tuple[Filter, ...]:
        """What may be recommended: by [recommend] available, and exclude_seen. Raises MissingColumn and BadTable."""
        given = self.config.recommend
        unseen = (Unseen(),) if given.exclude_seen else ()
        if not given.available:
            return unseen
        return (self.only(data, given.available, "available of [recommend]"), *unseen)

    def only(self, data: Dataset, column: str, where: str) -> Only:
        """The items of which a true/false column is true. Raises MissingColumn and BadTable."""
        return Only(yes_or_no(self.column_of_items(data, column, where)))

    def column_of_items(self, data: Dataset, column: str, where: str) -> pl.Series:
        """A column of the table of items. Raises MissingColumn, naming the setting that asks for it."""
        found = data.item_features.columns
        if column not in found:
            raise MissingColumn(f"{config.FILE}: {where}: {no_such('the table of items', column, found)}")
        return data.item_features[column]

    def method(self, name: str) -> Estimator[Any]:
        """A method of [methods.NAME] with its settings; [methods.x] method = "als" is a second ALS called x.

        Raises ConfigError when there is no such method.
        """
        settings = self.settings(name)
        kind = str(settings.pop("method", name))
        if kind not in METHODS:
            own = [other for other in self.names() if other != name and other not in METHODS]
            raise ConfigError(
                f"there is no method {kind}{meant(kind, [*METHODS, *own])} The methods are {', '.join(METHODS)}"
                + (f"; of your own: {', '.join(own)}" if own else "")
            )
        return _of(METHODS[kind], settings, f"[methods.{name}]")

    def settings(self, name: str) -> dict[str, Any]:
        """What is said of a method: by the last search if that counts, else by the file."""
        return dict(self.tuned.get(name, self.config.methods.get(name, {})))

    def kind(self, name: str) -> str:
        """The name in METHODS of a method that may have a name of its own."""
        return str(self.settings(name).get("method", name))

    def space(self, name: str) -> Space:
        """Where the settings of a method are searched: its ranges, as narrowed by [tune.ranges.NAME].

        Raises ConfigError when such a range cannot be.
        """
        with within(f"[tune.ranges.{name}]"):
            return Space(self.method(name), self.config.tune.ranges.get(name, {}), need_of(self.kind(name)).held)

    def check_decides(self) -> None:
        """Raises ConfigError when the winner would be chosen by a figure that does not exist."""
        if self.config.decides not in (known := (*METRICS, *FALLING)):
            raise ConfigError(f"decides must be one of {', '.join(known)}; it is {self.config.decides!r}")

    def check_content(self) -> None:
        """Raises ConfigError when a [content.NAME] says what cannot be."""
        for name, given in self.config.content.items():
            with within(f"[content.{name}]"):
                if bool(given.texts) == bool(given.pictures):
                    came = "both are there" if given.texts else "neither is there"
                    raise ConfigError(f'needs either texts = ["title"] or pictures = "image"; {came}')
                if given.pictures and (given.max_tokens or given.prefix):
                    raise ConfigError("max_tokens and prefix are of texts, and this is about pictures; leave them out")
                if given.texts and given.folder:
                    raise ConfigError("folder is where pictures lie, and this is about texts; leave it out")
                if not (self.root / given.folder).is_dir():
                    raise ConfigError(
                        f"the folder {self.root / given.folder} is not there; pictures are looked for in it"
                    )

    def check_tuning(self) -> None:
        """Raises ConfigError when [tune] says what cannot be."""
        given = self.config.tune
        known = [name for name in (*self.names(), *METHODS) if name not in self.composed]
        for name in (*given.methods, *given.ranges):
            if name not in known:
                raise ConfigError(f"[tune]: there is no method {name}{meant(name, known)} There are {', '.join(known)}")
            self.space(name)
        with within("[tune]"):
            self.plan(), Exam(metric=self.judged_by)

    def plan(self) -> Plan:
        """How `regulars tune` searches, by [tune]."""
        given = self.config.tune
        return Plan(given.search, given.trials, given.minutes or math.inf, given.levels)

    @property
    def judged_by(self) -> str:
        """The metric of `regulars tune`: what [tune] says, else the error of ratings that decides, else NDCG."""
        decides = self.config.decides
        return self.config.tune.metric or (decides if decides in FALLING else "ndcg")

    @property
    def composed(self) -> tuple[str, ...]:
        """The names of what is made of methods: blends, pipelines and routes."""
        return (*self.config.blends, *self.config.pipelines, *self.config.routes)

    def parts(self, name: str) -> tuple[str, ...]:
        """The methods that a method, a blend, a pipeline or a route consists of, each once.

        Raises ConfigError when one of them does not exist or does not fit.
        """
        what = composed(self.config).get(name)
        if what is None:
            self.method(name)
            return (name,)
        with within(f"[{what}s.{name}]"):
            check_name(name, (*METHODS, *self.config.methods), self.config)
            return tuple(dict.fromkeys(part for one in parts_of(name, self.config) for part in self.parts(one)))

    def names(self) -> tuple[str, ...]:
        """All methods and compositions that the file names, in its order; a few good ones when it names none."""
        return (*(self.config.methods or DEFAULT_METHODS), *self.composed)

    def item_names(self, data: Dataset) -> pl.Series:
        """What people call each item: the columns of [items] name, else the id; String [n_items]."""
        ids = data.items.ids.cast(pl.String)
        columns = [column for column in self.config.items.name if column in data.item_features.columns]
        told = data.item_features.select(columns) if columns else told_by_events(data, self.config.items.name)
        if not told.width:
            return ids.alias("name")
        named = told.select(pl.concat_str(pl.all().cast(pl.String), separator=" ", ignore_nulls=True)).to_series()
        return named.set(named.str.strip_chars() == "", None).fill_null(ids).alias("name")


def _of(cls: type[S], values: dict[str, Any], where: str) -> S:
    """The settings of a table of the file. Raises ConfigError, naming the table."""
    known = [field.name for field in fields(cls)]  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            raise ConfigError(no_such(where, name, known))
    try:
        return from_names(cls, values)
    except SettingError as error:
        raise ConfigError(f"{where} {str(error).removeprefix(f'{cls.__name__}: ')}") from error


@contextmanager
def within(where: str) -> Iterator[None]:
    """Says in which file or table of it a mistake is."""
    try:
        yield
    except (ConfigError, SettingError) as error:
        raise ConfigError(f"{where}: {error}") from error
