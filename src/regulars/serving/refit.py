"""Refit: the models fitted again on schedule, by a process of its own that stands behind the answers; one at a time."""

import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from regulars.core import Settings, setting
from regulars.core.errors import CannotDo, StoreError

from .versions import Versions

LOCK: Final = ".refit.lock"
_LOOK = 5.0  # seconds between two looks whether it is time
_AGAIN: Final = 600.0  # seconds until one that failed is tried again, if the schedule is not shorter
_TOLD: Final = 2_000  # characters of what a failed one said last
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Guard(Settings):
    """What a new version must not lose against the one that answers, so as not to be promoted by itself.

    lost: share of the items of the catalog; worse: share of the NDCG on the newest days, each measured when it was
    fitted, by a fit that had not seen those days.
    """

    lost: float = setting(0.2, low=0.0, high=1.0)
    worse: float = setting(0.3, low=0.0, high=1.0)

    def doubts(self, new: Mapping[str, Any], live: Mapping[str, Any]) -> list[str]:
        """What speaks against a version, by the facts of both; empty if nothing does."""
        found = []
        items, before = _figure(new, "items"), _figure(live, "items")
        if items < (1 - self.lost) * before:
            found.append(f"its catalog has {items:,.0f} items, that of the live version {before:,.0f}")
        ndcg, was = _figure(new, "ndcg"), _figure(live, "ndcg")
        if ndcg < (1 - self.worse) * was:
            found.append(f"its NDCG on the newest days is {ndcg:.4f}, that of the live version was {was:.4f}")
        return found


def _figure(facts: Mapping[str, Any], name: str) -> float:
    """A fact that is a number; NaN, which speaks against nobody, when it was not measured."""
    value = facts.get(name)
    return float(value) if isinstance(value, int | float) else float("nan")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else refits the versions in a folder meanwhile; a process that dies lets go.

    Raises CannotDo when somebody does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a+b") as file:
        if not _locked(file):
            raise CannotDo(f"another refit of {folder} is going on; wait for it")
        yield


def _locked(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def stand_back() -> None:
    """This process gets what processors the others leave."""
    if hasattr(os, "nice"):
        os.nice(10)


class Refitting:
    """Runs `command` whenever the newest version is `hours` old; what fails leaves the models as they are.

    The command refits and promotes by itself, and does nothing when another replica was first. The figures are for
    metrics; `said` is what the last one that failed told.
    """

    def __init__(
        self, command: Sequence[str], hours: float, versions: Versions, *, done: Callable[[], object] = lambda: None
    ) -> None:
        self._command, self._seconds, self._versions, self._done = tuple(command), hours * 3600, versions, done
        self._begun = time.time()
        self._next = 0.0  # not before this moment, after a failure
        self._closed = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self.refits = self.failures = 0
        self.seconds = 0.0  # that the last one took
        self.said = ""
        self._thread = threading.Thread(target=self._run, name="regulars-refit", daemon=True)

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stops the schedule and the process that is fitting; the version that it was making leaves nothing."""
        self._closed.set()
        if (process := self._process) is not None:
            process.terminate()
        if self._thread.is_alive():
            self._thread.join(15)

    def due(self, now: float) -> bool:
        """Whether the newest version is old enough, or there never was one since the start."""
        made = max((version.made for version in self._versions.models.all()), default=0)
        return now >= max((made or self._begun) + self._seconds, self._next)

    def refit(self) -> bool:
        """One refit, now, in a process of its own; whether it ended well."""
        begun = time.monotonic()
        with tempfile.TemporaryFile() as told:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=told, stderr=told)
            try:
                code = self._process.wait()
            finally:
                self._process = None
            self.seconds = time.monotonic() - begun
            told.seek(max(0, told.tell() - _TOLD))
            said = told.read().decode(errors="replace").strip()
        if self._closed.is_set():
            return False
        if code:
            self.failures, self.said = self.failures + 1, said
            _log.error("the refit failed with code %s, the models stay as they are: %s", code, said)
            return False
        self.refits, self.said = self.refits + 1, ""
        self._done()
        return True

    def _run(self) -> None:
        while not self._closed.wait(min(_LOOK, self._seconds)):
            try:
                if self.due(time.time()) and not self.refit():
                    self._next = time.time() + min(self._seconds, _AGAIN)
            except (StoreError, OSError) as error:
                _log.warning("no refit now: %s", error)
                self._next = time.time() + min(self._seconds, _AGAIN)
