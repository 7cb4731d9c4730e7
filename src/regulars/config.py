"""regulars.toml: what a shop's folder says about its tables, its protocol and its methods."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from regulars.core.errors import ConfigError

FILE = "regulars.toml"


class Part(BaseModel):
    """Abstract: a table of the file; unknown names are errors, so that a misspelled one is seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TableFrom(Part):
    """Abstract: where a table is; `paths` are files, globs and folders, seen from the folder of regulars.toml.

    url: sqlite:///shop.db, duckdb:///shop.duckdb or postgresql://..., with `table` or `query`. columns: our name -> the
    shop's. format, separator, encoding: empty means "look".
    """

    paths: tuple[str, ...] = ()  # files, globs and folders
    url: str = ""  # a database instead: sqlite:///shop.db, duckdb:///shop.duckdb, postgresql://...
    table: str = ""  # of the database
    query: str = ""  # or a SELECT of your own
    columns: dict[str, str] = Field(default_factory=dict)  # our name = "your name", where the guess is wrong
    format: str = ""  # csv, tsv, jsonl or parquet; empty: look
    separator: str = ""  # of a CSV file; empty: look
    encoding: str = ""  # of a text file; empty: look

    @property
    def given(self) -> bool:
        return bool(self.paths or self.url)


class EventsTable(TableFrom):
    """[events], or [[events]] for each of several logs. kind: what every row is, where no column says."""

    kind: str = ""  # what every row is (purchase, view, ...), where no column says


class FeaturesTable(TableFrom):
    """[items] and [customers]: one row for each, with whatever is known of it."""

    name: tuple[str, ...] = ()  # the columns that make up what people call it
    category: str = ""  # the column that groups the catalog in reports


class TimeTable(Part):
    """[time]: how to read times that do not say it themselves."""

    zone: str = "UTC"  # of times that carry none, such as Europe/Berlin
    format: str = ""  # a strptime pattern, or s, ms, us, ns, days for numbers; empty: look
    day_first: bool | None = None  # whether 02/03/2024 is in March; not said: look


class RecommendTable(Part):
    """[recommend]: what customers get."""

    k: int = Field(10, ge=1)  # items for each customer
    exclude_seen: bool = False  # whether to leave out what the customer's history holds
    available: str = ""  # a true/false column of the items; what is not true is never recommended
    method: str = ""  # empty: the winner of the last comparison
    fallback: tuple[str, ...] = ("popularity",)  # who fills in, in this order, where the method cannot tell


class BlendTable(Part):
    """[blends.NAME]: a rank fusion of methods."""

    of: tuple[str, ...]  # methods
    weights: tuple[float, ...] = ()  # one for each; none: all alike
    constant: float = Field(60.0, ge=0)  # the smaller, the more the first ranks count
    depth: int = Field(100, ge=1)  # how many of each list are looked at


class Config(Part):
    """The whole file."""

    name: str = "My shop"  # the title of the report
    output: str = "regulars-out"  # the folder for everything that is made
    seed: int = 0  # of whatever is drawn at random
    threads: int = Field(0, ge=0)  # 0: all cores
    events: EventsTable | tuple[EventsTable, ...]
    kinds: dict[str, float] = Field(default_factory=dict)  # weight of each kind of event
    time: TimeTable = TimeTable()
    items: FeaturesTable = FeaturesTable()
    customers: FeaturesTable = FeaturesTable()
    check: dict[str, Any] = Field(default_factory=dict)  # settings of regulars.data.Checks
    split: dict[str, Any] = Field(default_factory=dict)  # kind, and the settings of that splitter
    recommend: RecommendTable = RecommendTable()
    methods: dict[str, dict[str, Any]] = Field(default_factory=dict)  # what to try, each with its settings
    blends: dict[str, BlendTable] = Field(default_factory=dict)


def read(path: Path) -> Config:
    """The configuration in a file; relative paths in it are meant from the folder of the file.

    Raises ConfigError when the file is not there, is not TOML, or says what cannot be.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}. Write one with: regulars init PATH...") from error
    try:
        return Config.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    except ValidationError as error:
        raise ConfigError(f"{path}: {_said(error)}") from error


def _said(error: ValidationError) -> str:
    """What is wrong, place by place, in the words of the file."""
    places = (
        f"[{'.'.join(str(part) for part in mistake['loc'][:-1])}] {mistake['loc'][-1]}: {mistake['msg'].lower()}"
        for mistake in error.errors()
    )
    return "; ".join(places)
