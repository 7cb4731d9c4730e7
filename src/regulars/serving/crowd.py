"""Crowd: everybody with events, read in the background and held in memory, so that all can be looked at in a moment.

Nothing is read before somebody asks for an audience, and everything is let go when nobody has asked for an hour.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from regulars.core import Bools, Floats, Histories, Vocabulary
from regulars.core.errors import Interrupted, NotYet, StoreError, StoreUnavailable
from regulars.store.protocols import Events

from .checking import VISITOR
from .coding import Coding

TOGETHER: Final = 512  # customers of a group
ASKED: Final = 3_600.0  # seconds without a question after which nothing is held any more
FRESH: Final = 3_600.0  # seconds after which customers are read again though nothing is known to have happened
MOST: Final = 20_000_000  # events in memory; where there are more, fewer of each customer are held
_FEWEST: Final = 10
_LITTLE: Final = 64  # customers who are joined to the newest group rather than being one
_PAUSE: Final = 2.0  # seconds between two looks for new events
_log = logging.getLogger(__name__)
Vectors = Mapping[str, Floats]


@dataclass(frozen=True)
class Look:
    """How histories are read at the moment. encode: the vectors of customers, by the name of who makes them.

    encoders: those names. They change when a version does.
    """

    coding: Coding
    items: Vocabulary
    encoders: frozenset[str]
    encode: Callable[[Sequence[str], Histories], Vectors]


@dataclass(frozen=True, eq=False)
class Group:
    """Some customers. present: bool [n], those who were not read again since; read: when, by the monotonic clock."""

    customers: Sequence[str]
    history: Histories
    vectors: Vectors
    present: Bools
    read: float


class Part(NamedTuple):
    """Some customers as they are at this moment: rows of a group."""

    group: Group
    rows: np.ndarray


class Crowd:
    """Holds the histories of all customers, and their vectors.

    looks: how they are read at the moment. last: newest events of each that are held. Changes: the groups, by one
    thread and by those who ask, one at a time.
    """

    def __init__(self, events: Events, looks: Callable[[], Look], *, last: int, most: int = MOST) -> None:
        self._events, self._looks, self._last, self._most = events, looks, last, most
        self._turn, self._wake = threading.RLock(), threading.Event()
        self._thread: threading.Thread | None = None
        self._asked = 0.0
        self._closed = False
        self._groups: list[Group] = []
        self._where: dict[str, tuple[Group, int]] = {}
        self._due: dict[str, None] = {}  # who is to be read again, in this order
        self._behind: str | None = ""  # the customer behind whom nobody was read yet; None when all were
        self._place, self._held = -1, last
        self._coding: Coding | None = None

    def parts(self, *, stopped: Callable[[], object] = bool) -> list[Part]:
        """Everybody, what happened until now included. Raises NotYet while they are being read, Interrupted."""
        with self._turn:
            self._begin()
            look = self._seen()
            if self._behind is not None:
                raise NotYet(f"the customers are being read; {len(self._where):,} are, ask again in a while")
            with suppress(StoreUnavailable):  # then as last known
                while self._catch_up(look):
                    if stopped():
                        raise Interrupted("nobody waits for this audience any more")
            if any(not look.encoders <= group.vectors.keys() for group in self._groups):
                raise NotYet("the models are being asked about the customers; ask again in a while")
            return [Part(group, np.flatnonzero(group.present)) for group in self._groups]

    def of(self, customers: Sequence[str]) -> list[Part]:
        """Some of them as they were when everybody was last looked at."""
        with self._turn:
            found: dict[int, tuple[Group, list[int]]] = {}
            for group, row in (self._where[one] for one in customers if one in self._where):
                found.setdefault(id(group), (group, []))[1].append(row)
            return [Part(group, np.array(rows)) for group, rows in found.values()]

    @property
    def customers(self) -> int:
        """How many are held."""
        return len(self._where)

    @property
    def last(self) -> int:
        """So many of the newest events of each customer are looked at."""
        return self._held

    def forget(self, customer: str) -> None:
        """Drops somebody, who is read again if there is anything."""
        with self._turn:
            if customer in self._where:
                self._leave(customer)
                self._due[customer] = None

    def known(self) -> list[str]:
        """The customers who are held."""
        with self._turn:
            return list(self._where)

    def forget_all(self) -> None:
        """Drops everybody; they are read again."""
        with self._turn:
            self._drop()

    def close(self) -> None:
        """Ends the thread."""
        self._closed = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(30)

    # ---- the thread

    def _begin(self) -> None:
        self._asked = time.monotonic()
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="regulars-crowd", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._closed:
            with self._turn:
                if time.monotonic() - self._asked > ASKED:
                    self._drop()
                    self._thread = None
                    return
            begun = time.monotonic()
            busy = self._guarded()
            self._wake.wait(time.monotonic() - begun if busy else _PAUSE)  # half of a core at most

    def _guarded(self) -> bool:
        try:
            with self._turn:
                return self._step()
        except StoreError:
            return False  # the follower tells of it
        except Exception:
            _log.exception("the customers cannot be read")
            return False

    def _step(self) -> bool:
        """One thing that is to be done; whether there may be more."""
        look = self._seen()
        if self._behind is not None:
            users = self._events.users(self._behind, TOGETHER)
            self._behind = users[-1] if users else None
            self._read(users, look)
            return True
        return self._catch_up(look) or self._renew(look)

    # ---- what is done under the turn

    def _drop(self) -> None:
        self._groups, self._where, self._due = [], {}, {}
        self._behind, self._place, self._held = "", -1, self._last
        self._coding = None

    def _seen(self) -> Look:
        """How to read now. What was read in other words is dropped."""
        look = self._looks()
        if self._coding is not None and not _alike(self._coding, look.coding):
            self._drop()
        self._coding = look.coding
        if self._place < 0:
            self._place = self._events.last_place()  # what comes while they are read is read again
            self._held = self._room()
        return look

    def _room(self) -> int:
        """Events of each customer, so that all of them have room."""
        events = self._events.count()
        return self._last if events <= self._most else max(_FEWEST, int(self._last * self._most / events))

    def _catch_up(self, look: Look) -> bool:
        """Reads again those who did something; whether there are more."""
        place = self._events.last_place()
        if place > self._place:
            self._due.update(dict.fromkeys(self._events.users_since(self._place)))
            self._place = place
        if not self._due:
            return False
        users = list(self._due)[:TOGETHER]
        self._read(users, look)
        for user in users:
            del self._due[user]
        return bool(self._due)

    def _renew(self, look: Look) -> bool:
        """Reads a group again that needs it; whether there was one."""
        until = time.monotonic() - FRESH
        for group in self._groups:
            thin = 2 * int(group.present.sum()) < len(group.customers)
            if thin or group.read < until or not look.encoders <= group.vectors.keys():
                self._read(_present(group), look)
                return True
        if len(self._groups) <= 2 * (len(self._where) // TOGETHER) + 8:
            return False
        small = sorted(self._groups, key=lambda group: len(group.customers))[:2]
        self._read([*_present(small[0]), *_present(small[1])], look)
        return True

    def _read(self, users: Sequence[str], look: Look) -> None:
        """Makes a group of these customers, who leave those that they are in."""
        if self._groups and self._behind is None and len(users) < _LITTLE:
            newest = _present(self._groups[-1])
            users = list(dict.fromkeys([*users, *(newest if len(newest) < _LITTLE else ())]))
        wanted = [user for user in users if not VISITOR.fullmatch(user)]
        pasts = self._events.pasts(wanted, last=self._held)
        for user in users:
            self._leave(user)
        known = [(user, past) for user, past in zip(wanted, pasts, strict=True) if past]
        if known:
            customers = [user for user, _ in known]
            history = look.coding.histories([past for _, past in known], look.items)
            vectors = look.encode(customers, history)
            group = Group(customers, history, vectors, np.ones(len(known), dtype=np.bool_), time.monotonic())
            self._groups.append(group)
            self._where.update((user, (group, row)) for row, user in enumerate(customers))

    def _leave(self, user: str) -> None:
        group, row = self._where.pop(user, (None, 0))
        if group is not None:
            group.present[row] = False
            if not group.present.any():
                self._groups.remove(group)


def _present(group: Group) -> list[str]:
    return [group.customers[row] for row in np.flatnonzero(group.present).tolist()]


def _alike(one: Coding, other: Coding) -> bool:
    """Whether what was read by one can be read by the other."""
    shorter = min(len(one.kinds), len(other.kinds))
    return one.kinds[:shorter] == other.kinds[:shorter] and one.weights == other.weights
