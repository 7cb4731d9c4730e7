"""The outbox of a client: events that wait to be sent, in the background, until they are stored."""

import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence

from regulars.core.errors import ServiceError

from .schemas import Event, Taken

log = logging.getLogger(__name__)

MOST = 100_000  # events that wait
BATCH = 500  # events of one request
PAUSE_SECONDS = 0.05  # for more events to come
LONGEST_PAUSE = 30.0  # seconds between two tries


class Outbox:
    """Sends events in their order; each has its event_id before the first try, so that none is stored twice.

    refused: events that the service did not take. Changes: what waits; runs a thread from the first event on.
    """

    def __init__(self, send: Callable[[Sequence[Event]], Taken]) -> None:
        self.refused = 0
        self._send = send
        self._waiting: deque[Event] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def put(self, event: Event) -> str:
        """Takes an event; its event_id. Raises ServiceError when too many wait, or after `close`."""
        event.event_id = event.event_id or uuid.uuid4().hex
        if event.time is None and event.age is None:
            event.time = int(time.time())
        with self._changed:
            if self._closed or len(self._waiting) >= MOST:
                reason = "the client is closed" if self._closed else f"{MOST:,} events wait already"
                raise ServiceError(f"this event was not taken: {reason}")
            self._waiting.append(event)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return event.event_id

    def flush(self, timeout: float) -> bool:
        """Waits until nothing waits; whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, timeout)

    def close(self, timeout: float) -> None:
        """Sends what waits, as far as it goes in time, and says in the log what is left."""
        if not self.flush(timeout):
            log.error("%d events were not sent", len(self._waiting))
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(1.0)

    def _run(self) -> None:
        pause = 0.0
        while self._more(pause):
            batch = [self._waiting[place] for place in range(min(BATCH, len(self._waiting)))]
            try:
                taken = self._send(batch)
            except ServiceError as error:
                if not _hopeless(error):
                    pause = min(max(2 * pause, 0.5), LONGEST_PAUSE)
                    log.warning("%d events wait: %s", len(self._waiting), error)
                    continue
                self._note(len(batch), str(error))
            else:
                if taken.refused:
                    self._note(len(taken.refused), taken.refused[0].reason)
            pause = 0.0
            self._forget(len(batch))

    def _more(self, pause: float) -> bool:
        """Waits for events, and between two tries; whether there is something to send."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            self._changed.wait_for(lambda: self._closed, pause or PAUSE_SECONDS)
            return bool(self._waiting) and not self._closed

    def _forget(self, sent: int) -> None:
        with self._changed:
            for _ in range(sent):
                self._waiting.popleft()
            self._changed.notify_all()

    def _note(self, refused: int, reason: str) -> None:
        self.refused += refused
        log.error("%d events were refused: %s", refused, reason)


def _hopeless(error: ServiceError) -> bool:
    """Whether the same events will be refused again."""
    return error.status in (400, 413, 415, 422)
