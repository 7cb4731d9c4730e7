"""Versions: fitted sets of recommenders in folders beside the store, each written whole or not at all.

    <version>/version.json     what it is, with the checksums of the other files
    <version>/items.parquet    the catalog as it was, in the order of the models' indices
    <version>/columns/         the columns that the fit saw of items, customers and moments, without rows
    <version>/parts/<name>/    one saved recommender for each name
    <version>/live/            the counts of what went on in the shop until then

The folder gets its name when all of it is on the disk. Which version answers is said by the table of models in the
store, so that all replicas agree.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import polars as pl

from regulars.core import Frame, Recommender, Vocabulary
from regulars.core.errors import CannotWrite, SettingError, UnknownId
from regulars.models.kinds.saving import PAGE as MODEL_PAGE
from regulars.models.kinds.saving import save
from regulars.store import Models, Version

from .counting import Live

FORMAT: Final = "regulars version"
NUMBER: Final = 1
PAGE: Final = "version.json"
ITEMS, COLUMNS, PARTS, LIVE = "items.parquet", "columns", "parts", "live"
ID, NAME = "item_id", "\x00name"  # of items.parquet, beside the fields of the catalog
SCRATCH: Final = ".writing-"
KEEP: Final = 5  # versions that are left when a new one comes
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?", re.ASCII)


@dataclass(frozen=True)
class Places:
    """How far the store was read: the newest event and the newest change of an item that are in a version."""

    events: int = 0
    items: int = 0


@dataclass(frozen=True)
class Columns:
    """What a fit saw of items, customers and moments beside events: frames whose rows do not matter."""

    items: Frame = field(default_factory=pl.DataFrame)
    customers: Frame = field(default_factory=pl.DataFrame)
    context: Frame = field(default_factory=pl.DataFrame)


@dataclass(frozen=True)
class Fitted:
    """What a version is made of.

    recommenders: by the names that scenarios call them; catalog: what is known of each item, and names: what people
    call it, rows in the order of `items`; gone: the ids of those that were deleted. kinds: of events by their codes;
    weights: what each weighs. columns: what models read beside events; content: the identity of the encoder of each of
    its columns of vectors. facts: what the fit told, for people and for the guard of promotions.
    """

    items: Vocabulary
    recommenders: Mapping[str, Recommender]
    catalog: Frame
    live: Live
    kinds: tuple[str, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    names: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.String))
    gone: Sequence[str] = ()
    columns: Columns = Columns()
    content: Mapping[str, str] = field(default_factory=dict)
    places: Places = Places()
    facts: Mapping[str, Any] = field(default_factory=dict)


class Versions:
    """The folder of the versions, and the table of the store that says which one answers."""

    def __init__(self, folder: Path, models: Models) -> None:
        self.folder, self.models = folder, models

    def path(self, name: str) -> Path:
        """The folder of a version. Raises SettingError for what cannot be the name of one."""
        return self.folder / checked(name)

    def make(self, fitted: Fitted, name: str = "") -> Version:
        """Writes a version and registers it as a candidate; name: by the time unless given.

        Raises CannotWrite, SettingError for a name that cannot be or is taken.
        """
        if name and (self.path(name).exists() or self.models.get(name)):
            raise SettingError(f"there is a version {name} already; give another name")
        if name:
            write_version(fitted, self.path(name))
        else:
            name = self._written(fitted)
        version = Version(
            name, name, made=int(time.time()), fingerprint=fitted.items.fingerprint, facts=dict(fitted.facts)
        )
        self.models.register(version)
        return version

    def live(self) -> Version | None:
        """The version that answers, if there is one."""
        return next(iter(self.staged("live")), None)

    def staged(self, stage: str) -> list[Version]:
        """The versions at a stage, newest first."""
        return [version for version in self.models.all() if version.stage == stage]

    def known(self, name: str) -> Version:
        """The version of that name. Raises UnknownId."""
        found = self.models.get(checked(name))
        if found is None:
            names = ", ".join(version.name for version in self.models.all()) or "none"
            raise UnknownId(f"there is no version {name}; there are {names}")
        return found

    def prune(self, keep: int = KEEP) -> list[str]:
        """Deletes the folders of all but the `keep` newest versions and those in use; their names.

        In use are those that answer a share of the customers or in the shadow, and the one to roll back to.
        """
        versions = self.models.all()
        used = {version.name for version in versions if version.stage in ("live", "canary", "shadow")}
        used |= {version.name for version in _promoted(versions)[:3]}
        present = [one for one in versions if _NAME.fullmatch(one.name) and self.path(one.name).is_dir()]
        gone = [version.name for version in present[keep:] if version.name not in used]
        for name in gone:
            shutil.rmtree(self.path(name), ignore_errors=True)
            self.models.stage(name, "retired")
        return gone

    def to_start_with(self) -> list[Version]:
        """The version that answers, and behind it those that did before, newest first: for when it is damaged."""
        versions = self.models.all()
        live = [version for version in versions if version.stage == "live"]
        return [*live, *(version for version in _promoted(versions) if version not in live)]

    def _written(self, fitted: Fitted) -> str:
        """The name by the time that a version was written under; of two at one moment the second takes another one."""
        while True:
            name = self._new_name()
            try:
                write_version(fitted, self.path(name))
            except CannotWrite:
                if not self.path(name).exists():
                    raise
            else:
                return name

    def _new_name(self) -> str:
        stem = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        names = (stem if not n else f"{stem}-{n}" for n in range(1_000_000))
        return next(name for name in names if not self.path(name).exists() and not self.models.get(name))


def checked(name: str) -> str:
    """The name of a version, which is that of a folder, too. Raises SettingError when it cannot be one."""
    if not _NAME.fullmatch(name):
        raise SettingError(
            f"a version is called by 1 to 100 letters, digits, '.', '_' and '-', a letter or digit at both ends; "
            f"given was {name[:120]!r}"
        )
    return name


def write_version(fitted: Fitted, folder: Path) -> None:
    """Writes a version into `folder`, which appears when all of it is on the disk. Raises CannotWrite."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=SCRATCH) as scratch:
            made = Path(scratch) / "version"
            made.mkdir()
            _fill(made, fitted)
            made.rename(folder)
        synced(folder.parent)
    except OSError as error:
        raise CannotWrite(f"{folder} cannot be written: {error}. Is the disk full, or the folder not yours?") from error


def part_folder(name: str) -> str:
    """The folder of a recommender among the parts; one for each name, whatever characters it has."""
    return "_" + quote(name, safe="")


def digest_of(path: Path) -> str:
    """The checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def synced(path: Path) -> None:
    """What was written to a file or folder is on the disk when this returns."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _fill(made: Path, fitted: Fitted) -> None:
    ids = fitted.items.ids
    named = fitted.names if len(fitted.names) else ids.cast(pl.String)
    known = fitted.catalog.drop(ID, NAME, strict=False)
    pl.DataFrame([ids.alias(ID), named.alias(NAME), *known.get_columns()]).write_parquet(made / ITEMS)
    (made / COLUMNS).mkdir()
    for one in fields(fitted.columns):
        getattr(fitted.columns, one.name).head(0).write_parquet(made / COLUMNS / f"{one.name}.parquet")
    parts = {}
    for name, recommender in fitted.recommenders.items():
        where = made / PARTS / part_folder(name)
        save(recommender, where, fitted.items, content=fitted.content)
        parts[name] = digest_of(where / MODEL_PAGE)
    fitted.live.save(made / LIVE)
    others = (path for folder in (COLUMNS, LIVE) for path in sorted((made / folder).rglob("*")))
    files = [made / ITEMS, *(path for path in others if path.is_file())]
    for path in files:
        synced(path)
    body = {
        "made": int(time.time()),
        "n_items": len(fitted.items),
        "fingerprint": fitted.items.fingerprint,
        "parts": parts,
        "files": {path.relative_to(made).as_posix(): digest_of(path) for path in files},
        "kinds": list(fitted.kinds),
        "weights": dict(fitted.weights),
        "content": dict(fitted.content),
        "places": {"events": fitted.places.events, "items": fitted.places.items},
        "gone": list(fitted.gone),
        "facts": dict(fitted.facts),
    }
    page = {"format": FORMAT, "version": NUMBER, "checksum": checksum(body), "body": body}
    (made / PAGE).write_text(json.dumps(page, indent=1), encoding="utf-8")
    synced(made / PAGE)
    synced(made)


def checksum(body: Mapping[str, Any]) -> str:
    """Of a page, by its content."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _promoted(versions: list[Version]) -> list[Version]:
    """Those that answered at some time, the latest first."""
    return sorted((one for one in versions if one.promoted), key=lambda one: one.promoted, reverse=True)
