"""The protocols of a store; SQLite and PostgreSQL keep to them alike (tests/contracts/test_stores.py).

What a writing call returned is on the disk. Every call may raise StoreUnavailable (the database is away or busy) or
StoreFull (its disk is full); nothing is half written then. Calls may come from several threads.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from regulars.core import Frame

from .records import Appended, Did, Entity, Erased, Event, Exposure, Key, Placed, Version


class Events(Protocol):
    """What happened, in the order of (customer, time, arrival)."""

    def append(self, events: Sequence[Event]) -> Appended:
        """Stores those whose event_id is new, all or none; durable on return. Raises BadRecord for what is no event."""
        ...

    def append_all(self, batches: Sequence[Sequence[Event]]) -> list[Appended]:
        """`append` for each batch by one commit, which all of them wait for (writing.py)."""
        ...

    def histories(self, user_ids: Sequence[str], *, before: int | None = None, last: int = 500) -> list[list[Event]]:
        """The newest `last` events of each customer strictly before `before`, oldest first; [] for strangers.

        Those of a visitor who was merged are those of the customer.
        """
        ...

    def pasts(self, user_ids: Sequence[str], *, before: int | None = None, last: int = 500) -> list[list[Did]]:
        """`histories` of half the width, in half the time."""
        ...

    def users(self, after: str = "", limit: int = 10_000) -> list[str]:
        """The customers who have events, in the order of their ids, from the one behind `after`."""
        ...

    def users_since(self, place: int) -> list[str]:
        """The customers of whom events arrived after `place`."""
        ...

    def since(self, place: int, limit: int = 10_000) -> list[Placed]:
        """Events that arrived after `place`, in the order of arrival."""
        ...

    def last_place(self) -> int:
        """The place of the newest arrival, 0 in an empty store."""
        ...

    def count(self) -> int: ...

    def merge(self, visitor: str, customer: str) -> int:
        """Gives the events of an anonymous visitor to a customer, and later ones too; how many were moved."""
        ...

    def owner(self, user_id: str) -> str:
        """The customer that a visitor was merged into, else the id itself."""
        ...

    def erase(self, user_id: str) -> int:
        """Forgets the events of a customer, and which visitors they were, for good; how many events there were."""
        ...

    def frame(self, *, until: int | None = None) -> Frame:
        """All events (arrived until that place) as a table with the columns of Event."""
        ...

    def load(self, events: Frame) -> Appended:
        """Bulk load of a table with the columns of Event (user_id, item_id, time at least); durable on return.

        Commits in parts. An event without an event_id gets one made of what it says, so that a load that broke off, or
        is done twice, stores each once. Raises MissingColumn, BadTable and BadRecord.
        """
        ...


class Entities(Protocol):
    """Items or customers: documents by id."""

    @property
    def id_column(self) -> str:
        """What tables call the id: item_id or user_id."""
        ...

    def put(self, entities: Mapping[str, Mapping[str, Any]]) -> None:
        """Replaces or makes each; fields that are None are left out. Raises BadRecord for what is not JSON."""
        ...

    def patch(self, entities: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """Lays fields over those that are there (None takes a field away); the ids that are not there, unpatched."""
        ...

    def get(self, ids: Sequence[str]) -> list[Entity | None]: ...

    def delete(self, ids: Sequence[str]) -> int:
        """Forgets their fields and marks them; how many were there."""
        ...

    def since(self, place: int, limit: int = 10_000) -> list[Entity]:
        """What changed after `place`, deletions (`deleted`) included, in the order of changes."""
        ...

    def last_place(self) -> int: ...

    def deleted(self) -> list[str]:
        """The ids of what was deleted and not put again, in the order of that."""
        ...

    def count(self) -> int: ...

    def scan(self) -> Iterator[Entity]: ...

    def frame(self) -> Frame:
        """A table with one row for each, `id_column` and a column for each field that occurs."""
        ...

    def load(self, table: Frame) -> int:
        """Bulk put of a table that has the id column; nulls are left out."""
        ...


class Models(Protocol):
    """The versions of the models and which of them answers."""

    def register(self, version: Version) -> None:
        """Adds a version, and promotes it when its stage is "live". Raises CannotDo when its name is taken."""
        ...

    def get(self, name: str) -> Version | None: ...

    def all(self) -> list[Version]:
        """Newest first."""
        ...

    def promote(self, name: str) -> None:
        """Makes a version live and retires the one that was. Raises UnknownId."""
        ...

    def roll_back(self) -> Version:
        """Makes the version live that was so before; again goes further back. Raises CannotDo when there is none."""
        ...

    def stage(self, name: str, stage: str, share: float = 0.0) -> None:
        """Puts a version to "candidate", "shadow", "canary" (with its share) or "retired".

        Raises UnknownId, and SettingError for another stage or share.
        """
        ...

    def generation(self) -> int:
        """A number that grows with every change, for those who poll."""
        ...


class Exposures(Protocol):
    """What was shown."""

    def append(self, exposures: Sequence[Exposure]) -> None:
        """Stores those whose exposure_id is new and whose customer was not erased since; durable on return.

        Raises BadRecord.
        """
        ...

    def of(self, exposure_id: str) -> Exposure | None: ...

    def count(self) -> int: ...

    def frame(self, *, start: int = 0, end: int | None = None) -> Frame:
        """One row for each shown item: the columns of Exposure, with item_id, rank (from 1), score, source, chance."""
        ...

    def outcomes(self, *, start: int = 0, end: int | None = None, window: int = 7 * 86_400) -> Frame:
        """`frame` with what came of it within `window` seconds: clicked, purchased (the first time, or null), value.

        By the exposure_id that an event carries, else by customer and item; each event counts for the latest exposure
        before it. clicked: any event but purchases, returns, removals from the cart and impressions.
        """
        ...

    def erase(self, user_id: str) -> int:
        """Forgets what was shown to a customer; to be called before `Events.erase`, which forgets who is who."""
        ...


class Erasures(Protocol):
    """Who is to be forgotten, for good."""

    def erase(self, user_id: str) -> Erased:
        """Forgets events, what was shown, attributes, and which visitors somebody was, all or nothing.

        What stays is a hash with a key of the store, for each id that is gone.
        """
        ...

    def since(self, place: int) -> list[tuple[int, str]]:
        """Place and digest of each id that was erased after `place`, for those who remember somebody."""
        ...

    def digest(self, user_id: str) -> str:
        """The hash by which an id is to be found among those."""
        ...

    def moments(self, user_ids: Iterable[str]) -> dict[str, int]:
        """When each of them was erased last, seconds UTC; who never was is left out."""
        ...


class Keys(Protocol):
    """API keys by the digest of their secret."""

    def put(self, key: Key) -> None:
        """Adds a key or replaces the one of its name. Raises CannotDo when another has the same digest."""
        ...

    def find(self, digest: str) -> Key | None:
        """The key of a secret, if it is in use."""
        ...

    def all(self) -> list[Key]: ...

    def revoke(self, name: str) -> bool: ...


class Store(Protocol):
    """Everything that a service keeps."""

    @property
    def events(self) -> Events: ...
    @property
    def items(self) -> Entities: ...
    @property
    def customers(self) -> Entities: ...
    @property
    def models(self) -> Models: ...
    @property
    def exposures(self) -> Exposures: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def erasures(self) -> Erasures: ...

    def ping(self) -> None:
        """Raises StoreUnavailable when the database does not answer."""
        ...

    def reached(self) -> dict[str, int]:
        """The newest place ever given to events, items and customers, by these names, and the generation of "versions".

        It goes back only when an older state of the whole store was put into its place.
        """
        ...

    def backup(self, path: Path) -> None:
        """A whole copy of an SQLite file, made while others write. Raises CannotDo on PostgreSQL: use dump."""
        ...

    def dump(self, folder: Path) -> None:
        """Everything as parquet files, which `restore` of any store reads."""
        ...

    def restore(self, folder: Path) -> None:
        """Fills an empty store from a dump. Raises CannotDo when it is not empty."""
        ...

    def close(self) -> None: ...
