"""Where a shop's tables are and how to read them: files, folders, globs, frames and databases."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regulars.core.errors import ConfigError

FORMATS = ("", "csv", "tsv", "jsonl", "parquet")


@dataclass(frozen=True)
class Table:
    """One table of the shop: exactly one of paths, frame or url says where it is.

    paths: files, globs and folders of CSV (also .gz), TSV, JSON Lines and Parquet, of one layout.
    frame: a polars or pandas frame. url: sqlite:///shop.db, duckdb:///shop.duckdb or postgresql://..., with `table` or
    `query`. columns: our name -> the shop's, for what guessing gets wrong: {"user": "household_id"}.
    format, separator, encoding: empty means "look". kind: what every row of an events table is, where no column says.
    """

    paths: str | Path | tuple[str | Path, ...] = ()
    frame: Any = field(default=None, compare=False, repr=False)
    url: str = field(default="", repr=False)
    table: str = ""
    query: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    format: str = ""
    separator: str = ""
    encoding: str = ""
    kind: str = ""

    def __post_init__(self) -> None:
        paths = (self.paths,) if isinstance(self.paths, str | Path) else tuple(self.paths)
        object.__setattr__(self, "paths", tuple(str(path) for path in paths))
        given = [bool(paths), self.frame is not None, bool(self.url)]
        if sum(given) != 1:
            raise ConfigError("a table needs exactly one of paths, frame and url; it has " + str(sum(given)))
        if self.url and bool(self.table) == bool(self.query):
            raise ConfigError("a table in a database needs either `table` (its name) or `query` (a SELECT)")
        if self.format not in FORMATS:
            raise ConfigError(f"format must be one of {FORMATS[1:]} or empty; it is {self.format!r}")


@dataclass(frozen=True)
class Sources:
    """A shop: its events and, if there are any, its tables of items and customers.

    events: one table or several (views in one, orders in another). kinds: weight of each kind of event, laid over the
    defaults of `regulars.data.kinds`. zone: of times that carry none. time_format: empty means "look"; else a strptime
    pattern, or s, ms, us, ns, days for numbers. day_first: whether 02/03/2024 is in March; None means "look".
    event_ids: whether the shop's ids of events are kept beside the dataset, for the store of a service.
    """

    events: Table | tuple[Table, ...]
    items: Table | None = None
    customers: Table | None = None
    kinds: Mapping[str, float] = field(default_factory=dict)
    zone: str = "UTC"
    time_format: str = ""
    day_first: bool | None = None
    event_ids: bool = True

    def __post_init__(self) -> None:
        events = (self.events,) if isinstance(self.events, Table) else tuple(self.events)
        if not events:
            raise ConfigError("a shop needs at least one table of events; there is none")
        object.__setattr__(self, "events", events)
        object.__setattr__(self, "kinds", dict(self.kinds))
        _known_zone(self.zone)

    @property
    def logs(self) -> tuple[Table, ...]:
        """The tables of events, always as a tuple."""
        return self.events if isinstance(self.events, tuple) else (self.events,)


def _known_zone(zone: str) -> None:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(zone)
    except Exception as error:
        raise ConfigError(f"time zone {zone!r} is unknown; write it like UTC or Europe/Berlin") from error
