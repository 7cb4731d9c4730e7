"""Watching: calls of a server that has stopped answering end, and until it answers again none begins.

A server that is down refuses connections at once. One that hangs (stopped, out of memory, behind a broken network)
takes them and says nothing, and whoever waits for it waits for ever.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Protocol


class Line(Protocol):
    """A connection."""

    def fileno(self) -> int: ...


class Watch:
    """Asks a server whether it is there, whenever a call takes longer than `patience` seconds.

    probe: whether the server answers at all, within a few seconds. A call that is only slow goes on. Changes: the calls
    that are going on; away: whether the server hangs.
    """

    def __init__(self, probe: Callable[[], bool], patience: float = 2.0, pause: float = 1.0) -> None:
        self.away = False
        self._probe, self._patience, self._pause = probe, patience, pause
        self._calls: dict[int, tuple[float, Line]] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    @contextmanager
    def over(self, line: Line) -> Iterator[None]:
        """While a connection is in use."""
        call = id(line)
        with self._changed:
            self._begin()
            self._calls[call] = time.monotonic(), line
        try:
            yield
        finally:
            with self._changed:
                self._calls.pop(call, None)

    def lost(self) -> None:
        """A new connection got no answer: so hangs the server."""
        with self._changed:
            self.away = True
            self._begin()

    def close(self) -> None:
        """Ends the thread soon."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _begin(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="regulars-watch", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._closed:
            with self._changed:
                self._changed.wait(self._pause)
                late = time.monotonic() - self._patience
                slow = any(begun < late for begun, _ in self._calls.values())
            if (slow or self.away) and not self._closed:
                self.away = not self._probe()
                if self.away:
                    self._hang_up()

    def _hang_up(self) -> None:
        """Ends the calls that are going on: each finds its connection closed."""
        with self._changed:
            for _, line in self._calls.values():
                with suppress(Exception), closing(socket.socket(fileno=os.dup(line.fileno()))) as other:
                    other.shutdown(socket.SHUT_RDWR)
