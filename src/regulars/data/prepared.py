"""Prepared: the folder of a checked dataset, and the dataset in it, mapped from disk."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from regulars.core import Dataset, Vocabulary
from regulars.core.errors import UnreadableFile

from .arrange import COLUMNS
from .context import restored
from .event_ids import EventIds
from .report import CheckReport
from .storage import read_column

VERSION = 2
MANIFEST, REPORT, QUARANTINE = "manifest.json", "check.json", "quarantine.csv"


@dataclass(frozen=True)
class Prepared:
    """A checked dataset and what the check found; folder: where both lie."""

    dataset: Dataset
    check: CheckReport
    folder: Path

    @property
    def event_ids(self) -> EventIds | None:
        """The shop's own ids of the events, None where the log has none; they lie in the folder."""
        return EventIds.of(self.folder)

    @classmethod
    def load(cls, folder: str | Path, *, mapped: bool = True) -> "Prepared":
        """What `prepare` left in `folder`; its arrays are mapped from the disk unless `mapped` is False.

        Raises UnreadableFile when there is nothing, or something of another version.
        """
        where = Path(folder)
        said = manifest(where)
        if said.get("version") != VERSION:
            raise UnreadableFile(
                f"{where} holds no prepared data of version {VERSION}; make it with prepare or regulars check"
            )
        try:
            return cls(_dataset(where, said, mapped), check_of(where), where)
        except (OSError, ValueError, KeyError, pl.exceptions.PolarsError) as error:
            raise UnreadableFile(f"{where} is damaged; delete it and prepare again (regulars check)") from error


def manifest(folder: Path) -> dict[str, Any]:
    """Version, fingerprint, kinds and context of a prepared folder; empty if it is none."""
    try:
        said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def check_of(folder: Path) -> CheckReport:
    """The report of the check."""
    return CheckReport.from_json(json.loads((folder / REPORT).read_text(encoding="utf-8")))


def _dataset(folder: Path, said: Mapping[str, Any], mapped: bool) -> Dataset:
    columns = {name: read_column(folder / f"{name}.npy", mapped=mapped) for name in COLUMNS}
    users, items = (pl.read_parquet(folder / f"{name}.parquet", glob=False) for name in ("customers", "items"))
    context = [
        restored(folder / "context" / f"{n:03d}.npy", one, mapped=mapped) for n, one in enumerate(said["context"])
    ]
    return Dataset(
        users=Vocabulary(users["user_id"]),
        items=Vocabulary(items["item_id"]),
        **columns,
        kinds=tuple(said["kinds"]),
        item_features=items.drop("item_id"),
        user_features=users.drop("user_id"),
        context=pl.DataFrame(context),
    )
