"""Loading: a version from its folder, ready to answer; mapped from the disk, checked before it is trusted.

At the start of a service every page, name and small file is checked, and of the arrays of the models that they are
there: a second for each gigabyte would be lost otherwise. The bytes of the arrays are checked by `verify`, for a new
version before it answers, for the one of the start right after it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from regulars.core import Frame, Recommender, Vocabulary
from regulars.core.errors import DamagedModel, ForeignModel, VocabularyMismatch
from regulars.models.kinds.saving import PAGE as MODEL_PAGE
from regulars.models.kinds.saving import load

from .counting import Live
from .deployment import Deployment
from .versions import (
    COLUMNS,
    FORMAT,
    ID,
    ITEMS,
    LIVE,
    NAME,
    NUMBER,
    PAGE,
    PARTS,
    Places,
    checksum,
    digest_of,
    part_folder,
)


@dataclass(frozen=True)
class Loaded:
    """A version in memory.

    catalog: fields of the items, and names: what people call them, in the order of the indices; gone: the ids of those
    that were deleted. features: the columns of items that models read, without rows; content: the identity of the
    encoder of each of those that are vectors.
    """

    deployment: Deployment
    catalog: Frame
    names: pl.Series
    features: Frame
    places: Places
    live: Live
    content: Mapping[str, str]
    gone: tuple[str, ...] = ()

    @property
    def at_work(self) -> "Loaded":
        """What is needed while it answers: the catalog and the counts are at hand already, newer ones."""
        return replace(self, catalog=pl.DataFrame(), names=self.names.head(0), live=Live.empty(self.live.weights))


def load_version(folder: Path, *, thorough: bool = True) -> Loaded:
    """The version in a folder; its name is that of the folder. thorough: whether every byte is looked at.

    Raises DamagedModel, ForeignModel, VocabularyMismatch.
    """
    body = _body(folder)
    try:
        for file, digest in body["files"].items():
            _check(folder / file, digest)
        table = pl.read_parquet(folder / ITEMS, glob=False)
        items = Vocabulary(table[ID].cast(pl.String))  # as the shop asks; numbers would become texts with the next item
        if items.fingerprint != body["fingerprint"]:
            raise VocabularyMismatch(f"the items in {folder} are not those of its models; make the version again")
        deployment = Deployment(
            folder.name,
            items,
            _parts(folder, body["parts"], items, thorough=thorough),
            tuple(body["kinds"]),
            {str(kind): float(weight) for kind, weight in body["weights"].items()},
            int(body["places"]["events"]),
            dict(_columns(folder, "customers").schema),
            dict(_columns(folder, "context").schema),
        )
        return Loaded(
            deployment,
            table.drop(ID, NAME),
            table[NAME],
            _columns(folder, "items"),
            Places(**body["places"]),
            Live.load(folder / LIVE, deployment.weights or {}),
            body["content"],
            tuple(body["gone"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OSError, pl.exceptions.PolarsError) as error:
        raise DamagedModel(f"the version in {folder} is damaged ({error!r}); make it again: regulars refit") from error


def _parts(folder: Path, parts: Mapping[str, str], items: Vocabulary, *, thorough: bool) -> dict[str, Recommender]:
    """The recommenders by name, which share the ids of the items."""
    found = {}
    for name, digest in parts.items():
        part = folder / PARTS / part_folder(name)
        _check(part / MODEL_PAGE, digest)
        found[name] = load(part, items=items, thorough=thorough).recommender
    return found


def _columns(folder: Path, name: str) -> Frame:
    return pl.read_parquet(folder / COLUMNS / f"{name}.parquet", glob=False)


def items_of(folder: Path) -> Vocabulary:
    """The items of a version. Raises DamagedModel and ForeignModel."""
    _check(folder / ITEMS, _body(folder)["files"][ITEMS])
    return Vocabulary(pl.read_parquet(folder / ITEMS, columns=[ID], glob=False)[ID])


def verify(folder: Path) -> None:
    """Looks at every byte of the arrays of a version. Raises DamagedModel."""
    for name in _body(folder)["parts"]:
        part = folder / PARTS / part_folder(name)
        page = json.loads((part / MODEL_PAGE).read_bytes())
        arrays = next(iter(part.glob("arrays-*")), None)
        if arrays is None or digest_of(arrays) != page["body"]["arrays"]:
            raise DamagedModel(f"the arrays of {name} in {folder} are not as they were written; make it again")


def _body(folder: Path) -> dict[str, Any]:
    """The page of a version of ours that we read."""
    path = folder / PAGE
    if not path.is_file():
        raise ForeignModel(f"{folder} holds no version of models: there is no {PAGE}")
    try:
        page = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise DamagedModel(f"{path} cannot be read ({error}); make the version again: regulars refit") from error
    if not isinstance(page, dict) or page.get("format") != FORMAT or page.get("version") != NUMBER:
        raise ForeignModel(f"{path} is not a version of models that this release reads ({FORMAT} {NUMBER})")
    body = page.get("body")
    if not isinstance(body, dict) or checksum(body) != page.get("checksum"):
        raise DamagedModel(f"{path} is not as it was written; make the version again: regulars refit")
    return body


def _check(path: Path, digest: str) -> None:
    if not path.is_file() or digest_of(path) != digest:
        raise DamagedModel(f"{path} is missing or not as it was written; make the version again: regulars refit")
