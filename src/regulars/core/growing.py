"""Columns that grow: rows are added behind the newest view of a room, so that adding costs what is added."""

from threading import Lock
from typing import Any, Final, TypeVar, cast

import numpy as np

C = TypeVar("C", bound="np.ndarray[Any, np.dtype[Any]]")

SPARE: Final = 4  # a new room is a quarter larger than what moves in
_turn = Lock()


class _Room(np.ndarray[Any, np.dtype[Any]]):
    """Memory [capacity, ...] of which the first `used` rows have been given away."""

    used: int


def appended(column: C, rows: C) -> C:
    """The column with the rows behind it, as np.concatenate makes it: neither is changed, nor anything made of them.

    What came from here grows in place while there is room; anything else, and what has been grown already, is copied.
    """
    n, m = len(column), len(rows)
    with _turn:
        room = _room_of(column)
        if room is None or room.used != n or n + m > len(room):
            room = _Room((n + m + max(64, (n + m) // SPARE), *column.shape[1:]), dtype=column.dtype)
            room[:n] = column
        room.used = n + m
    room[n : n + m] = rows
    return cast("C", np.asarray(room)[: n + m])


def _room_of(column: np.ndarray[Any, np.dtype[Any]]) -> _Room | None:
    """The room whose first rows the column is, as they lie there."""
    room: Any = column
    while room is not None and not isinstance(room, _Room):
        room = getattr(room, "base", None)
    if room is None or column.ctypes.data != room.ctypes.data or column.strides != room.strides:
        return None
    return room if column.dtype == room.dtype and column.shape[1:] == room.shape[1:] else None
