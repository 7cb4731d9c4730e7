"""Fetching: versions are loaded and warmed up in a thread of their own, while what follows the store goes on."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from regulars.store import Version

from .loading import Loaded


class Fetching:
    """Loads one version after another; `done` is called whenever one is there. Changes: what was asked for."""

    def __init__(self, load: Callable[[Version], Loaded], done: Callable[[], object]) -> None:
        self._load, self._done = load, done
        self._asked: dict[str, Future[Loaded]] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def taken(self, version: Version) -> Loaded | None:
        """The version if it is there, which is then forgotten here; else None, and it is on its way.

        Raises what loading it raised.
        """
        with self._lock:
            future = self._asked.get(version.name)
            if future is None:
                self._pool = self._pool or ThreadPoolExecutor(1, "regulars-loading")
                future = self._asked[version.name] = self._pool.submit(self._load, version)
                future.add_done_callback(lambda _: self._done())
                return None
            if not future.done():
                return None
            del self._asked[version.name]
        return future.result()

    def keep(self, names: Iterable[str]) -> None:
        """Forgets what nobody waits for any more."""
        with self._lock:
            for name in self._asked.keys() - set(names):
                self._asked.pop(name).cancel()

    def wait(self, seconds: float) -> bool:
        """Waits until what was asked for is there; whether anything was."""
        with self._lock:
            waiting = list(self._asked.values())
        wait(waiting, seconds)
        return bool(waiting)

    def close(self) -> None:
        """Loads nothing more."""
        self.keep(())
        if self._pool is not None:
            self._pool.shutdown(wait=False)
