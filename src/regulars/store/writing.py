"""Group commit: what many callers append at the same moment becomes durable by one commit."""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future

from regulars.core.errors import BadRecord, StoreError, StoreUnavailable

from .checking import check_events
from .protocols import Events
from .records import Appended, Event

_log = logging.getLogger(__name__)
_Waiting = tuple[Sequence[Event], "Future[Appended]"]


class Writer:
    """A thread that commits all that waits in one transaction; a Future is done when its events are on the disk.

    limit: of events that wait; beyond it callers are refused at once, so that a slow disk is seen and not hidden.
    most: events of one transaction. After an error of the store every caller of that transaction gets it; nothing of
    it was written, and all may send the same events again.
    """

    def __init__(self, events: Events, *, limit: int = 100_000, most: int = 5_000) -> None:
        self._events = events
        self._limit = limit
        self._most = most
        self._queue: deque[_Waiting] = deque()
        self._waiting = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="regulars-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Events that are not committed yet."""
        return self._waiting

    def submit(self, events: Sequence[Event]) -> "Future[Appended]":
        """Hands events over; the Future tells when they are durable.

        Raises BadRecord for events that cannot be stored, StoreUnavailable when too many wait or after `close`.
        """
        check_events(events)
        future: Future[Appended] = Future()
        with self._changed:
            if self._closed:
                raise StoreUnavailable("the writer was closed")
            if self._waiting and self._waiting + len(events) > self._limit:
                raise StoreUnavailable(f"{self._waiting} events wait to be written already; send these again later")
            self._queue.append((events, future))
            self._waiting += len(events)
            self._changed.notify()
        return future

    def append(self, events: Sequence[Event]) -> Appended:
        """Waits until the events are durable."""
        return self.submit(events).result()

    def close(self) -> None:
        """Commits what waits and ends the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while batch := self._next():
            self._commit([(events, future) for events, future in batch if future.set_running_or_notify_cancel()])
            with self._changed:
                self._waiting -= sum(len(events) for events, _ in batch)

    def _commit(self, asked: Sequence[_Waiting]) -> None:
        try:
            results = self._events.append_all([events for events, _ in asked])
        except BadRecord as error:
            if len(asked) == 1:
                asked[0][1].set_exception(error)
            else:
                for one in asked:  # what the database cannot hold is one caller's mistake, and not the others'
                    self._commit([one])
        except Exception as error:
            if not isinstance(error, StoreError):
                _log.exception("events could not be written")
            for _, future in asked:
                future.set_exception(error)
        else:
            for (_, future), result in zip(asked, results, strict=True):
                future.set_result(result)

    def _next(self) -> list[_Waiting]:
        """All that waits, up to one transaction; empty when the writer is closed and nothing waits."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closed)
            batch: list[_Waiting] = []
            taken = 0
            while self._queue and (not batch or taken + len(self._queue[0][0]) <= self._most):
                batch.append(self._queue.popleft())
                taken += len(batch[-1][0])
            return batch
