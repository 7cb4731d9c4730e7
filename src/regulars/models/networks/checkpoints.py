"""Checkpoints: the state of a fit on disk, whole or not at all, from which it goes on as if nothing had happened.

    NAME.json                      where the fit is, how it went, and of what fit it is; names the file of arrays
    NAME-<checksum>.safetensors    the weights, the best weights and the state of the optimizer

The page is replaced in one step after the arrays are on the disk: whenever the writer is killed, the older checkpoint
or the newer one is there.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from regulars.core.errors import CannotWrite, DamagedModel, TrainingError

from ..kinds.array_file import read_arrays, write_arrays

FORMAT: Final = "regulars checkpoint"
VERSION: Final = 1
PART: Final = 0.05  # of the time that goes into checkpoints after epochs, at most
MINUTES: Final = 10.0  # within a long epoch, one is written whenever so many have passed

Arrays = dict[str, np.ndarray]


@dataclass
class State:
    """Where a fit is: `epoch` of them are done, and `step` steps of the next one, whose losses and targets sum up to
    `total` and `targets`; the mean loss of the very first step; the loss and figure of each epoch, the best one (from
    1), and all arrays by name."""

    epoch: int = 0
    step: int = 0
    total: float = 0.0
    targets: int = 0
    first: float | None = None
    losses: list[float] = field(default_factory=list)
    figures: list[float] = field(default_factory=list)
    best: int = 0
    arrays: Arrays = field(default_factory=dict)


@dataclass
class Keeper:
    """Writes the states of one fit into a folder, and knows when the next one is due. Changes: the two times.

    fit: what makes it this fit and no other, by name ("data", "settings", ...): values of JSON.
    """

    folder: Path
    name: str
    fit: Mapping[str, Any]
    cost: float = 0.0
    written: float = field(default_factory=time.monotonic)

    @property
    def page(self) -> Path:
        return self.folder / f"{self.name}.json"

    def read(self) -> State | None:
        """The state that was left here, if one was. Raises TrainingError when it is of another fit."""
        if not self.page.exists():
            return None
        try:
            said = json.loads(self.page.read_bytes())
            if said["format"] != FORMAT:
                raise ValueError(f"its format is {said['format']!r}")
            if said["version"] == VERSION:
                self._check(said["fit"])
                path = self.folder / said["arrays"]
                if _checksum(path) != path.stem.rpartition("-")[2]:
                    raise ValueError(f"{path.name} is not as it was written")
                return State(**said["state"], arrays=read_arrays(path))
        except (ValueError, KeyError, TypeError, OSError, DamagedModel) as error:
            raise TrainingError(f"the checkpoint {self.page} is damaged ({error}); {self._way_out()}") from error
        raise TrainingError(
            f"the checkpoint {self.page} has version {said['version']!r}; this release reads {VERSION}. Go on with "
            f"the release that wrote it, or {self._way_out()}"
        )

    def _check(self, other: Mapping[str, Any]) -> None:
        different = {key: (other.get(key), value) for key, value in self.fit.items() if other.get(key) != value}
        if not different:
            return
        parts = []
        for key, (then, now) in different.items():
            parts.append(_difference(key, then, now))
        raise TrainingError(
            f"the checkpoint {self.page} is of another fit: {'; '.join(parts)}. Fit with what it was begun with to "
            f"go on, or {self._way_out()}"
        )

    def _way_out(self) -> str:
        return "delete it to begin anew (regulars fit --fresh)"

    def due(self, *, after_epoch: bool) -> bool:
        """Whether it is time for the next one: after an epoch as long as writing stays a small part of all time."""
        passed = time.monotonic() - self.written
        return passed * PART >= self.cost if after_epoch else passed >= MINUTES * 60

    def write(self, state: State) -> None:
        """Puts the state in the place of the older one. Raises CannotWrite, which leaves the older one."""
        begun = time.monotonic()
        scratch = self.folder / f".{self.name}.part"
        said = {key: value for key, value in asdict(_bare(state)).items() if key != "arrays"}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_arrays({name: np.ascontiguousarray(array) for name, array in state.arrays.items()}, scratch)
            arrays = self.folder / f"{self.name}-{_checksum(scratch)}.safetensors"
            _put(scratch, arrays)
            content = {"format": FORMAT, "version": VERSION, "fit": self.fit, "state": said, "arrays": arrays.name}
            scratch.write_text(json.dumps(content, indent=1), encoding="utf-8")
            _put(scratch, self.page)
            self._forget(but=arrays)
        except OSError as error:
            raise CannotWrite(
                f"the checkpoint {self.page} cannot be written: {error}. Name another folder, or make room in this one"
            ) from error
        self.written = time.monotonic()
        self.cost = self.written - begun

    def remove(self) -> None:
        """The fit has ended: nothing is left to go on from."""
        self.page.unlink(missing_ok=True)
        self._forget()
        with suppress(OSError):  # of others that lie there, too
            self.folder.rmdir()

    def _forget(self, but: Path | None = None) -> None:
        for older in self.folder.glob(f"{self.name}-*.safetensors"):
            if older != but and len(older.stem) == len(self.name) + 17:
                older.unlink(missing_ok=True)


def _bare(state: State) -> State:
    """The state without its arrays, which are not copied for it."""
    return State(**{**vars(state), "arrays": {}})


def _difference(key: str, then: Any, now: Any) -> str:
    """What differs, value by value where they have names."""
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        names = [name for name in {**then, **now} if then.get(name) != now.get(name)]
        return ", ".join(f"{name} was {then.get(name)!r} and is {now.get(name)!r}" for name in names)
    return f"its {key} is another" if key == "data" else f"its {key} was {then!r} and is {now!r}"


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _put(scratch: Path, path: Path) -> None:
    """`scratch` becomes `path` when all of it is on the disk."""
    for place in (scratch, path.parent):
        if place == path.parent:
            scratch.replace(path)
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
