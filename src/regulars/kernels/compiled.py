"""Compiled: which kernels are compiled now, rather than found among those that were."""

from collections.abc import Callable
from typing import Any

from numba.core import event


def tell_what_is_compiled(tell: Callable[[str], object]) -> None:
    """From now on `tell` gets the name of each kernel whose compilation begins; what that calls is left out."""
    event.register("numba:compile", _Telling(tell))  # type: ignore[no-untyped-call]


class _Telling(event.Listener):
    """Changes: how deep in one another the compilations are."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell, self._depth = tell, 0

    def on_start(self, event: Any) -> None:
        if not self._depth:
            function = event.data["dispatcher"].py_func
            self._tell(f"{function.__module__.removeprefix('regulars.')}.{function.__name__}")
        self._depth += 1

    def on_end(self, event: Any) -> None:
        self._depth -= 1
