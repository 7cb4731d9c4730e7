"""Kept: what `buy-again` learned, so that it learns once for the same tables."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from regulars.core import Dataset, Recommender, Run
from regulars.core.errors import ConfigError, ModelError, SettingError
from regulars.data import Prepared
from regulars.data.prepared import manifest
from regulars.marketing.repurchase import REPURCHASE
from regulars.models.kinds.saving import load, save

from .console import say
from .project import Project

PREFERRED = {"lstm": "torch", "trees": "lightgbm"}  # the better one first, with what it needs
FOLDER, NOTE = "buy-again", "fitted.json"  # in the output folder; in it


def foretelling(name: str, where: str = "method of buy-again") -> str:
    """The method of a name; without one, the LSTM where torch is installed, trees where LightGBM is, else gaps.

    where: what names it. Raises SettingError for a name that is none.
    """
    if not name:
        return next((best for best, needed in PREFERRED.items() if find_spec(needed)), "weibull")
    if name not in REPURCHASE:
        raise SettingError(f"{where} must be one of {', '.join(REPURCHASE)}; it is {name!r}")
    return name


@dataclass(frozen=True)
class Kept:
    """Where one thing that was learned is kept: a folder with the model and a note of what it was learned from.

    old: whether a model of other tables is good enough, as long as it knows their products by the same numbers.
    """

    folder: Path
    about: str
    old: bool = False
    fresh: bool = False

    @classmethod
    def of(cls, project: Project, prepared: Prepared, name: str, *, old: bool = False, fresh: bool = False) -> "Kept":
        """name: of what is learned."""
        tables = manifest(prepared.folder).get("fingerprint", "")
        return cls(project.made(FOLDER) / name, f"{tables} {project.config.items.category}", old, fresh)

    def model(self, data: Dataset, learn: Callable[[Run], Recommender], run: Run) -> tuple[Any, Dataset]:
        """The model, kept or learned now, and `data` with the items in its order.

        Raises ConfigError when an old one is wanted and none is there, VocabularyMismatch when it speaks of others.
        """
        if self.old or (not self.fresh and self._said().get("about") == f"{self.about} {run.seed}"):
            return self._read(data)
        unfinished = self.folder / f"unfinished-{hashlib.sha256(self.about.encode()).hexdigest()[:16]}"
        model = learn(replace(run, checkpoints=unfinished))
        save(model, self.folder, data.items)
        note = json.dumps({"about": f"{self.about} {run.seed}", "events": len(data)})
        (self.folder / NOTE).write_text(note, encoding="utf-8")
        for left in self.folder.glob("unfinished-*"):
            shutil.rmtree(left, ignore_errors=True)
        return model, data

    def _read(self, data: Dataset) -> tuple[Any, Dataset]:
        if not self.folder.is_dir():
            raise ConfigError(f"{self.folder.name} is not fitted yet; leave --fitted out once")
        try:
            saved = load(self.folder)
            found = saved.recommender, data.as_indexed(saved.items)
        except ModelError as error:
            raise type(error)(f"{error} (regulars buy-again --fresh makes it anew)") from error
        say(f"{self.folder.name} as it was fitted on {self._said().get('events', 0):,} events; --fresh fits it anew")
        return found

    def _said(self) -> dict[str, Any]:
        try:
            said = json.loads((self.folder / NOTE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}
