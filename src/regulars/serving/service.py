"""Service: what stands behind the routes; wiring.py assembles the real one, tests another."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol

from regulars.store import Appended, Event, Store, Version

from .questions import Answer, Question, Reach, Reaching
from .shop import Shop


class Answers(Protocol):
    """Questions that wait together are answered together."""

    async def answer(self, question: Question) -> Answer:
        """Raises Overloaded when too many wait."""
        ...


class Writes(Protocol):
    """Events of many requests that are committed together."""

    @property
    def waiting(self) -> int: ...

    def submit(self, events: Sequence[Event]) -> Future[Appended]:
        """Done when they are on the disk. Raises BadRecord, StoreUnavailable."""
        ...


class Asks(Protocol):
    """What the routes ask the engine beside questions."""

    @property
    def history(self) -> int:
        """So many of the newest events of a customer are looked at."""
        ...

    def check(self, question: Question) -> object:
        """Raises QuestionError or UnknownScenario without asking anything."""
        ...

    def audience(self, item_id: str, wish: Reach, *, stopped: Callable[[], bool]) -> Reaching:
        """Gives up when `stopped` says so. Raises NotYet while the customers are read."""
        ...

    def forget(self, customer: str) -> None:
        """Drops what is remembered of a customer."""
        ...


class Exposes(Protocol):
    """The exposures on their way to the store; lost: so many since the start."""

    @property
    def waiting(self) -> int: ...
    @property
    def lost(self) -> int: ...

    def flush(self, timeout: float) -> bool:
        """Waits until all are written; whether they are."""
        ...


class Folders(Protocol):
    """The folders of the versions of the models."""

    def known(self, name: str) -> Version:
        """Raises UnknownId."""
        ...

    def path(self, name: str) -> Path: ...


class Service(Protocol):
    """One replica."""

    @property
    def store(self) -> Store: ...
    @property
    def batcher(self) -> Answers: ...
    @property
    def writer(self) -> Writes: ...
    @property
    def engine(self) -> Asks: ...
    @property
    def exposing(self) -> Exposes: ...
    @property
    def versions(self) -> Folders: ...
    @property
    def scenarios(self) -> Mapping[str, Any]: ...

    def shop(self) -> Shop:
        """What the replica knows at this moment."""
        ...

    def ready(self) -> bool:
        """Whether there is something to answer with."""
        ...

    def problems(self) -> Mapping[str, str]:
        """What does not work, by part."""
        ...

    def figures(self) -> Mapping[str, float]:
        """What is worth watching, by name."""
        ...

    def refresh(self) -> None:
        """Looks soon at what changed in the store."""
        ...

    def close(self) -> None: ...
