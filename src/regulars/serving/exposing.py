"""Exposing: what was shown is written to the store in the background; no answer waits for it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable

from regulars.core.errors import StoreError
from regulars.store.protocols import Exposures
from regulars.store.records import Exposure

log = logging.getLogger(__name__)

_BATCH = 1_000  # exposures of one write
_PAUSE = 0.2  # seconds between two writes, so that many answers share one
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
        self._writing = 0
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="exposures", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many are not written yet."""
        return len(self._queue) + self._writing

    def put(self, exposures: Iterable[Exposure]) -> None:
        """Takes them without waiting, and wakes nobody; those that find the queue full are lost, and counted."""
        for exposure in exposures:
            if self._closed.is_set() or self.waiting >= self._most:
                self.lost += 1
            else:
                self._queue.append(exposure)

    def flush(self, timeout: float = 10.0) -> bool:
        """Waits until everything is written; whether it is."""
        end = time.monotonic() + timeout
        while self.waiting and time.monotonic() < end:
            time.sleep(_PAUSE / 20)
        return not self.waiting

    def close(self, timeout: float = 10.0) -> None:
        """Writes what waits, as far as the store takes it, and counts the rest as lost."""
        self._closed.set()
        self._thread.join(timeout)
        self.lost += self.waiting
        self._queue.clear()

    def _work(self) -> None:
        pause = _PAUSE
        while not self._closed.wait(pause):
            pause = self._written()
        self._written()

    def _written(self) -> float:
        """Writes what waits, and says how many seconds to wait before the next look."""
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
            self._writing = len(batch)
            try:
                self._write(batch)
            except StoreError as error:
                log.warning("exposures wait: %s", error)
                self._queue.extendleft(reversed(batch))
                return _AWAY
            finally:
                self._writing = 0
        return _PAUSE

    def _write(self, batch: list[Exposure]) -> None:
        """One transaction; one for each where the store refuses one of them for good, so that only that is lost."""
        try:
            self._exposures.append(batch)
            self.written += len(batch)
        except StoreError:
            raise
        except Exception:
            if len(batch) > 1:
                for exposure in batch:
                    self._write([exposure])
                return
            log.exception("an exposure was refused by the store")
            self.lost += 1
