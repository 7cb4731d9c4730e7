"""Forgetting: who was erased through one replica is forgotten by the others, too, within seconds."""

import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from regulars.core.errors import StoreError
from regulars.store.protocols import Erasures

PAUSE: Final = 2.0  # seconds between two looks
_log = logging.getLogger(__name__)


class Forgetting:
    """A thread that looks who was erased.

    known: the ids that are remembered; forget: drops one of them. The store tells keyed hashes alone, so the ids are
    hashed, too, when there is any. Changes: how far it has looked.
    """

    def __init__(
        self,
        erasures: Erasures,
        known: Callable[[], Iterable[str]],
        forget: Callable[[str], None],
        *,
        pause: float = PAUSE,
    ) -> None:
        self._erasures, self._known, self._forget, self._pause = erasures, known, forget, pause
        self._place = -1
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="regulars-forgetting", daemon=True)
        self._thread.start()

    def look(self) -> None:
        """Forgets whom the store has erased since the last look. Raises StoreUnavailable."""
        found = self._erasures.since(self._place)
        if not found:
            return
        digests = {digest for _, digest in found}
        for name in list(self._known()):
            if self._erasures.digest(name) in digests:
                self._forget(name)
        self._place = found[-1][0]

    def close(self) -> None:
        """Ends the thread."""
        self._closed.set()
        self._thread.join(10)

    def _run(self) -> None:
        with suppress(StoreError):  # nothing is remembered at the start
            self._place = max((place for place, _ in self._erasures.since(-1)), default=-1)
        while not self._closed.wait(self._pause):
            try:
                self.look()
            except StoreError:
                continue  # the follower tells of it
            except Exception:
                _log.exception("who was erased cannot be forgotten")
