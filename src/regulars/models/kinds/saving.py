"""Saving: a recommender on disk as one file of arrays and one page of JSON, whole or not at all; never pickle.

    model.json                     what the recommender is, and the checksums of both files
    arrays-<checksum>.safetensors  its arrays and the ids of the catalog

`model.json` is replaced in one step after everything else is on the disk: whoever reads, at whatever moment the writer
was interrupted, finds the old model or the new one.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from regulars.core import Recommender, Vocabulary
from regulars.core.errors import CannotWrite, DamagedModel, DataError, ForeignModel, SettingError, VocabularyMismatch

from .array_file import read_arrays, write_arrays
from .tree import from_tree, to_tree

FORMAT: Final = "regulars model"
VERSION: Final = 1
PAGE: Final = "model.json"
SCRATCH: Final = ".writing-"


@dataclass(frozen=True)
class Saved:
    """A recommender from the disk, and the items whose indices it speaks of.

    release: what wrote it; content: the identity of the encoder of each column of vectors that it was fitted on.
    """

    recommender: Recommender
    items: Vocabulary
    release: str
    content: Mapping[str, str] = field(default_factory=dict)

    def check(self, vocabulary: Vocabulary) -> None:
        """Raises VocabularyMismatch when `vocabulary` calls other items by the indices of this model."""
        if not vocabulary.extends(self.items):
            raise VocabularyMismatch(
                f"the model was fitted on {len(self.items):,} items that are not the first {len(self.items):,} of the "
                f"{len(vocabulary):,} at hand; fit it again, or use the data that it was fitted on"
            )


def save(
    recommender: Recommender, folder: str | Path, items: Vocabulary, *, content: Mapping[str, str] | None = None
) -> None:
    """Writes the recommender and the ids of its items into `folder`, in place of the model that is there.

    content: the identity of the encoder of each column of vectors that it was fitted on.
    One writer at a time; readers may read meanwhile, and a loaded model stays whole when its folder gets a new one.
    Raises CannotWrite, and CannotDo for a recommender that holds something else than arrays and known kinds.
    """
    folder = Path(folder)
    arrays: dict[str, np.ndarray] = {}
    body = {
        "release": _release(),
        "recommender": to_tree(recommender, "recommender", arrays),
        "items": to_tree(items, "items", arrays),
        "fingerprint": items.fingerprint,
        "content": dict(content or {}),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for abandoned in folder.glob(f"{SCRATCH}*"):
            shutil.rmtree(abandoned)
        with tempfile.TemporaryDirectory(dir=folder, prefix=SCRATCH) as scratch:
            _write(folder, Path(scratch), arrays, body)
    except OSError as error:
        raise CannotWrite(f"{folder} does not accept files: {error}. Choose another folder") from error


def load(folder: str | Path, *, items: Vocabulary | None = None, thorough: bool = True) -> Saved:
    """The recommender that was saved in `folder`. Runs no code of the file; arrays are mapped, not read into memory.

    items: its items where they are at hand, which are not read again then. thorough: whether every byte of the arrays
    is looked at, which takes a second for each gigabyte; otherwise damage shows only in answers.
    Raises ForeignModel when there is none, or none that this release reads; DamagedModel when a byte is not as written;
    VocabularyMismatch when it was fitted on others than `items`.
    """
    folder = Path(folder)
    page = _page(folder / PAGE)
    body = page["body"]
    if _digest(_text(body).encode()) != page.get("checksum"):
        raise DamagedModel(f"{folder / PAGE} is not as it was written; save the model again")
    path = folder / _name(str(body["arrays"]))
    if not path.is_file() or (thorough and _digest_of(path) != body["arrays"]):
        raise DamagedModel(f"{path} is missing or not as it was written; save the model again")
    if items is not None and items.fingerprint != body["fingerprint"]:
        raise VocabularyMismatch(
            f"the model in {folder} was fitted on others than the {len(items):,} items at hand; fit it again"
        )
    arrays = read_arrays(path)
    try:
        recommender = from_tree(body["recommender"], arrays)
        known = from_tree(body["items"], arrays) if items is None else items
        saved = Saved(recommender, known, body["release"], body.get("content", {}))
    except (DataError, SettingError) as error:
        raise DamagedModel(f"the model in {folder} contradicts itself: {error}") from error
    if saved.items.fingerprint != body["fingerprint"]:
        raise DamagedModel(f"the ids of the items in {folder} are not those that were written; save the model again")
    return saved


def _write(folder: Path, scratch: Path, arrays: dict[str, np.ndarray], body: dict[str, Any]) -> None:
    write_arrays(arrays, scratch / "arrays")
    _sync(scratch / "arrays")
    body["arrays"] = _digest_of(scratch / "arrays")
    page = {"format": FORMAT, "version": VERSION, "checksum": _digest(_text(body).encode()), "body": body}
    (scratch / PAGE).write_text(json.dumps(page, indent=1), encoding="utf-8")
    _sync(scratch / PAGE)
    (scratch / "arrays").replace(folder / _name(body["arrays"]))
    (scratch / PAGE).replace(folder / PAGE)
    _sync(folder)
    for older in {*folder.glob(_name("*"))} - {folder / _name(body["arrays"])}:
        older.unlink()


def _page(path: Path) -> dict[str, Any]:
    """The page of a model of ours, of a version that we read."""
    if not path.is_file():
        raise ForeignModel(f"{path.parent} holds no saved model: there is no {PAGE}")
    try:
        page = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DamagedModel(f"{path} cannot be read ({error}); save the model again") from error
    if not isinstance(page, dict) or page.get("format") != FORMAT:
        raise ForeignModel(f"{path} is not a model of Regulars")
    if page.get("version") != VERSION:
        raise ForeignModel(f"{path} has version {page.get('version')!r}; this release ({_release()}) reads {VERSION}")
    if not isinstance(page.get("body"), dict):
        raise DamagedModel(f"{path} has lost its body; save the model again")
    return page


def _name(checksum: str) -> str:
    return f"arrays-{checksum[:16]}.safetensors"


def _text(body: dict[str, Any]) -> str:
    return json.dumps(body, sort_keys=True)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    """What was written to the file or folder is on the disk when this returns."""
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _release() -> str:
    from regulars import __version__

    return __version__
