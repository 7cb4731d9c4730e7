"""CheckReport: what a shop's tables hold, what could not be used and why, and what to look at."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from .outliers import Outlier
from .quarantine import Example


@dataclass(frozen=True)
class FileCount:
    """Rows of one file: every one was either used or quarantined."""

    file: str
    note: str
    rows: int
    used: int
    quarantined: int


@dataclass(frozen=True)
class TableReport:
    """One table of the shop. columns: meaning -> the shop's column; reasons: quarantined rows by reason;
    missing: empty values by column; notes: what had to be guessed.
    """

    name: str
    files: tuple[FileCount, ...]
    columns: Mapping[str, str]
    reasons: Mapping[str, int]
    missing: Mapping[str, int]
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)

    @property
    def used(self) -> int:
        return sum(file.used for file in self.files)

    @property
    def quarantined(self) -> int:
        return sum(file.quarantined for file in self.files)


@dataclass(frozen=True)
class KindCount:
    """Events of one kind, the weight of each, and the words that the shop has for it."""

    name: str
    events: int
    weight: float
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckReport:
    """What `regulars check` found.

    events, customers, items: of the dataset; first, last: seconds UTC; unknown_items: bought and not in the catalog;
    unsold_items: in the catalog and never bought; returns, orphans: returns with and without the purchase that they
    take back; duplicates: repeated rows, quarantined or kept.
    """

    tables: tuple[TableReport, ...]
    events: int
    customers: int
    items: int
    sessions: int
    first: int
    last: int
    kinds: tuple[KindCount, ...]
    duplicates: int = 0
    returns: int = 0
    orphans: int = 0
    unknown_items: int = 0
    unknown_item_events: int = 0
    unsold_items: int = 0
    outliers: tuple[Outlier, ...] = ()
    warnings: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    quarantine: str = ""
    context: Mapping[str, str] = field(default_factory=dict)  # further columns of the events and their types

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)

    @property
    def quarantined(self) -> int:
        """Rows of all tables that are not used."""
        return sum(table.quarantined for table in self.tables)

    @property
    def reasons(self) -> dict[str, dict[str, int]]:
        """Quarantined rows by table and reason."""
        return {table.name: dict(table.reasons) for table in self.tables if table.reasons}

    @property
    def days(self) -> tuple[str, str]:
        """First and last day of the log, as in 2024-01-31."""
        first, last = (datetime.fromtimestamp(moment, tz=UTC).date().isoformat() for moment in (self.first, self.last))
        return first, last

    def json(self) -> dict[str, Any]:
        """Everything, for machines."""
        return {**asdict(self), "rows": self.rows, "quarantined": self.quarantined, "days": list(self.days)}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "CheckReport":
        """The report that `json` wrote."""
        plain = {name: value for name, value in said.items() if name not in ("rows", "quarantined", "days")}
        return cls(
            **plain
            | {
                "tables": tuple(_table(table) for table in said["tables"]),
                "kinds": tuple(KindCount(**{**kind, "said": tuple(kind["said"])}) for kind in said["kinds"]),
                "outliers": tuple(Outlier(**outlier) for outlier in said["outliers"]),
                "warnings": tuple(said["warnings"]),
                "examples": tuple(Example(**example) for example in said["examples"]),
            }
        )


def _table(said: Mapping[str, Any]) -> TableReport:
    files = tuple(FileCount(**file) for file in said["files"])
    return TableReport(**{**said, "files": files, "notes": tuple(said["notes"])})
