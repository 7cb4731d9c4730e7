"""Loaded: how far the tables of a shop are in its store, so that a load that was stopped goes on where it was."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from regulars.core.errors import CannotWrite


@dataclass(frozen=True)
class Mark:
    """A note in a file. Each step of a load writes the next one.

    about: of which tables and which store; documents: whether items and customers are in; events: so many of the log,
    which begins with those; place: of the newest event in the store then; whole: nothing is left to do.
    """

    path: Path
    about: str
    documents: bool = False
    events: int = 0
    place: int = 0
    whole: bool = False

    @classmethod
    def read(cls, path: Path, about: str, place: int) -> "Mark":
        """What is noted about these tables and this store; place: of its newest event now.

        A store that is behind the note is another one, and gets everything.
        """
        said = _said(path)
        if not about or said.get("about") != about or place < int(said.get("place", 0)):
            return cls(path, about)
        return cls(path, about, bool(said["documents"]), int(said["events"]), int(said["place"]), bool(said["whole"]))

    @staticmethod
    def unfinished(path: Path) -> bool:
        """Whether a load was stopped before its end."""
        said = _said(path)
        return bool(said) and not said.get("whole", False)

    def noted(self, **changes: Any) -> Self:
        """The next note, on the disk. Raises CannotWrite."""
        mark = replace(self, **changes)
        said = {name: getattr(mark, name) for name in ("about", "documents", "events", "place", "whole")}
        scratch = mark.path.with_name(f".{mark.path.name}.part")
        try:
            mark.path.parent.mkdir(parents=True, exist_ok=True)
            scratch.write_text(json.dumps(said), encoding="utf-8")
            scratch.replace(mark.path)
        except OSError as error:
            raise CannotWrite(f"{mark.path} cannot be written: {error}") from error
        return mark


def _said(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    names = {"about": str, "documents": bool, "events": int, "place": int, "whole": bool}
    known = isinstance(said, dict) and all(isinstance(said.get(name), kind) for name, kind in names.items())
    return said if known else {}
