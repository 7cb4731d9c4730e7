"""Exposing: what was shown is written to the store in the background; no answer waits for it."""

import logging
import threading
from collections import deque
from collections.abc import Iterable

from regulars.core.errors import StoreError
from regulars.store.protocols import Exposures
from regulars.store.records import Exposure

log = logging.getLogger(__name__)

_BATCH = 1_000  # exposures of one write
_PAUSE = 0.05  # seconds between two writes, so that many answers share one
_AWAY = 1.0  # seconds before a store that was away is tried again


class Exposing:
    """A bounded queue of exposures and the thread that empties it.

    waiting: exposures that may wait; what comes on top is counted as `lost`, as is what the store refuses for good.
    While the store is away they wait.
    """

    def __init__(self, exposures: Exposures, waiting: int = 20_000) -> None:
        self.lost = 0
        self.written = 0
        self._exposures = exposures
        self._most = waiting
        self._queue: deque[Exposure] = deque()
        self._changed = threading.Condition()
        self._writing = 0
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="exposures", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many are not written yet."""
        return len(self._queue) + self._writing

    def put(self, exposures: Iterable[Exposure]) -> None:
        """Takes them without waiting; those that find the queue full are lost, and counted."""
        with self._changed:
            for exposure in exposures:
                if self._closed or self.waiting >= self._most:
                    self.lost += 1
                else:
                    self._queue.append(exposure)
            self._changed.notify_all()

    def flush(self, timeout: float = 10.0) -> bool:
        """Waits until everything is written; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self.waiting, timeout)

    def close(self, timeout: float = 10.0) -> None:
        """Writes what waits, as far as the store takes it, and counts the rest as lost."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(timeout)
        with self._changed:
            self.lost += self.waiting
            self._queue.clear()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closed)
                if not self._queue:
                    return
                batch = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
                self._writing = len(batch)
            pause = self._write(batch)
            with self._changed:
                self._changed.notify_all()
                if not self._closed:
                    self._changed.wait_for(lambda: self._closed, pause)
                elif pause >= _AWAY:
                    return

    def _write(self, batch: list[Exposure]) -> float:
        """Seconds to pause after a write."""
        try:
            self._exposures.append(batch)
        except StoreError as error:
            log.warning("exposures wait: %s", error)
            with self._changed:
                self._writing = 0
                self._queue.extendleft(reversed(batch))
            return _AWAY
        except Exception:
            log.exception("%d exposures were refused by the store", len(batch))
            with self._changed:
                self._writing = 0
                self.lost += len(batch)
            return _PAUSE
        with self._changed:
            self._writing = 0
            self.written += len(batch)
        return _PAUSE
