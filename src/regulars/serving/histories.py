"""Histories of the customers who are asked about: from the store, else as last known, with what the question tells."""

import marshal
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from regulars.core.errors import StoreUnavailable
from regulars.store.protocols import Events
from regulars.store.records import Did

from .questions import Done, Question


class Past(NamedTuple):
    """What somebody did, oldest first, and whether the store was away, so that it is only what was last known."""

    events: Sequence[Did]
    degraded: bool = False


@dataclass
class Reader:
    """Reads histories by one call for many customers, and remembers the last ones for when the store is away.

    last: the newest events of each customer that are looked at; kept: customers whose history is remembered, the last
    that were asked about; room: bytes of their histories.
    """

    events: Events
    last: int = 500
    kept: int = 20_000
    room: int = 24_000_000
    _size: int = 0
    _known: OrderedDict[str, bytes] = field(default_factory=OrderedDict)  # a tenth of the memory, one object each
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, questions: Sequence[Question]) -> list[Past]:
        """The past of each question, before the moment it is asked about; its own history and session included."""
        found: list[Past] = [_NOBODY] * len(questions)
        for at in {question.at for question in questions}:
            places = [i for i, q in enumerate(questions) if q.at == at and q.customer and q.history is None]
            if places:
                pasts = self._read([questions[place].customer for place in places], at or None)
                for place, past in zip(places, pasts, strict=True):
                    found[place] = past
        return found

    def forget(self, customer: str) -> None:
        """Erases what is remembered of a customer."""
        with self._lock:
            self._drop(customer)

    def known(self) -> list[str]:
        """The customers whose history is remembered."""
        with self._lock:
            return list(self._known)

    def forget_all(self) -> None:
        """Erases what is remembered of everybody: another store is there."""
        with self._lock:
            self._known.clear()
            self._size = 0

    def _read(self, customers: list[str], before: int | None) -> list[Past]:
        try:
            histories = self.events.pasts(customers, before=before, last=self.last)
        except StoreUnavailable:
            with self._lock:
                known = [_unpacked(self._known.get(customer, b"")) for customer in customers]
            return [Past([e for e in events if before is None or e.time < before], True) for events in known]
        if before is None:
            self._remember(customers, histories)
        return [Past(events) for events in histories]

    def _remember(self, customers: Iterable[str], histories: Iterable[list[Did]]) -> None:
        with self._lock:
            for customer, events in zip(customers, histories, strict=True):
                self._drop(customer)
                self._known[customer] = packed = _packed(events)
                self._size += len(packed)
            while len(self._known) > self.kept or self._size > self.room:
                self._size -= len(self._known.popitem(last=False)[1])

    def _drop(self, customer: str) -> None:
        self._size -= len(self._known.pop(customer, b""))


_NOBODY = Past(())


def _packed(events: Iterable[Did]) -> bytes:
    return marshal.dumps([tuple(event) for event in events])


def _unpacked(events: bytes) -> list[Did]:
    return [Did._make(event) for event in marshal.loads(events)] if events else []


def told(past: Past, question: Question, now: int) -> Sequence[Did]:
    """The past with what the question itself tells, in the order of time; what the store has already counts once."""
    if question.history is None and not question.session:
        return past.events
    said = [_did(done, now) for done in (*(question.history or ()), *question.session)]
    stored = {(event.item_id, event.kind, event.time) for event in past.events}
    new = [event for event in said if (event.item_id, event.kind, event.time) not in stored]
    return sorted((*past.events, *new), key=_time)


def _time(event: Did) -> int:
    return event.time


def _did(done: Done, now: int) -> Did:
    return Did(done.item_id, done.kind, done.time or now, done.weight, None)
