"""Spill: events in memory while they are few, else on disk in runs sorted by customer; read back a range at a time."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from regulars.core import Longs
from regulars.kernels.logs import grouped

Columns = dict[str, np.ndarray[Any, Any]]  # user, item, time, ... of some events, all of one length
PART = 4_000_000  # events sorted at a time


@dataclass(frozen=True)
class _Run:
    """Events sorted by customer in one file, one column after another; starts: where each customer's begin."""

    path: Path
    rows: int
    starts: Longs

    def read(self, low: int, high: int, dtypes: Mapping[str, np.dtype[Any]]) -> Columns:
        """The events of the customers low .. high - 1."""
        last = len(self.starts) - 1
        begin, end = int(self.starts[min(low, last)]), int(self.starts[min(high, last)])
        found: Columns = {}
        offset = 0
        for name, dtype in dtypes.items():
            place = offset + begin * dtype.itemsize
            found[name] = np.fromfile(self.path, dtype=dtype, count=end - begin, offset=place)
            offset += self.rows * dtype.itemsize
        return found


class Spill:
    """Grows: events, and how many of them each customer has.

    Memory: about three times PART events (or one customer's, if that is more) and 8 bytes for each customer and run.
    """

    def __init__(self, folder: Path, dtypes: Mapping[str, str]) -> None:
        self.folder = folder
        self.dtypes = {name: np.dtype(dtype) for name, dtype in dtypes.items()}
        self.rows = 0
        self._runs: list[_Run] = []
        self._waiting: list[Columns] = []
        self._waits = 0

    def add(self, columns: Columns) -> None:
        """Some more events."""
        self._waiting.append(columns)
        self._waits += len(columns["user"])
        self.rows += len(columns["user"])
        if self._waits >= PART:
            self._flush()

    def parts(self) -> Iterator[tuple[int, int, Columns]]:
        """(first customer, one behind the last, their events in the order they came), all customers in turn.

        Each event is handed out once and then gone.
        """
        if not self._runs:
            columns = self._taken()
            yield 0, int(columns["user"].max(initial=-1)) + 1, columns
            return
        if self._waits:
            self._flush()
        bounds = self._bounds()
        for low, high in pairwise(bounds.tolist()):
            yield low, high, self._read(low, high)
        shutil.rmtree(self.folder)

    def _read(self, low: int, high: int) -> Columns:
        pieces = [run.read(low, high, self.dtypes) for run in self._runs]
        return {name: np.concatenate([piece.pop(name) for piece in pieces]) for name in self.dtypes}

    def _taken(self) -> Columns:
        waiting, self._waiting, self._waits = self._waiting, [], 0
        return {
            name: np.concatenate([columns.pop(name) for columns in waiting]).astype(dtype, copy=False)
            for name, dtype in self.dtypes.items()
        }

    def _flush(self) -> None:
        """Writes what waits as one run."""
        columns = self._taken()
        users = columns["user"]
        order, starts = grouped(users, int(users.max()) + 1)
        self.folder.mkdir(exist_ok=True)
        run = _Run(self.folder / f"{len(self._runs):06d}.run", len(users), starts)
        with run.path.open("wb") as out:
            for name in self.dtypes:
                out.write(columns.pop(name)[order].data)
        self._runs.append(run)

    def _bounds(self) -> Longs:
        """Where the parts begin: as many customers as have at most PART events together, at least one."""
        n = max(len(run.starts) for run in self._runs) - 1
        ends = np.zeros(n, dtype=np.int64)
        for run in self._runs:
            ends[: len(run.starts) - 1] += run.starts[1:]
            ends[len(run.starts) - 1 :] += run.rows
        bounds = [0]
        while bounds[-1] < n:
            done = ends[bounds[-1] - 1] if bounds[-1] else 0
            bounds.append(max(bounds[-1] + 1, int(np.searchsorted(ends, done + PART, side="right"))))
        return np.array(bounds, dtype=np.int64)
