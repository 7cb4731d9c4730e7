"""Spill: events on disk, in the order they came, and then a range of customers at a time."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from regulars.core import Longs

Records = np.ndarray[Any, Any]  # structured: user, item, time, ... of each event
PART = 4_000_000  # events sorted at a time


class Spill:
    """Grows: records in files of a folder, and how many events each customer has.

    Memory: 8 bytes for each customer while events come in; one part of at most PART events (or one customer's) after.
    """

    def __init__(self, folder: Path, dtype: np.dtype[Any]) -> None:
        self.folder, self.dtype = folder, dtype
        self.counts = np.zeros(0, dtype=np.int64)
        self.rows = 0
        self._files: list[Path] = []
        folder.mkdir(parents=True)

    def add(self, records: Records) -> None:
        """Some more events."""
        path = self.folder / f"{len(self._files):06d}.events"
        records.tofile(path)
        self._files.append(path)
        self.rows += len(records)
        found = np.bincount(records["user"])
        if len(found) > len(self.counts):
            self.counts = np.concatenate([self.counts, np.zeros(len(found) - len(self.counts), dtype=np.int64)])
        self.counts[: len(found)] += found

    def parts(self) -> Iterator[tuple[int, int, Records]]:
        """(first customer, one behind the last, their events in the order they came), all customers in turn.

        Each event is handed out once and then gone.
        """
        bounds = self._bounds()
        if len(bounds) == 2:
            yield int(bounds[0]), int(bounds[1]), self._all()
        else:
            self._split(bounds)
            for part, (low, high) in enumerate(zip(bounds[:-1], bounds[1:], strict=True)):
                path = self._part(part)
                yield int(low), int(high), np.fromfile(path, dtype=self.dtype)
                path.unlink()
        shutil.rmtree(self.folder)

    def _all(self) -> Records:
        found = [np.fromfile(path, dtype=self.dtype) for path in self._files]
        return np.concatenate(found) if len(found) != 1 else found[0]

    def _bounds(self) -> Longs:
        """Where the parts begin: as many customers as have at most PART events together, at least one."""
        ends = np.cumsum(self.counts)
        bounds = [0]
        while bounds[-1] < len(self.counts):
            done = ends[bounds[-1] - 1] if bounds[-1] else 0
            bounds.append(max(bounds[-1] + 1, int(np.searchsorted(ends, done + PART, side="right"))))
        return np.array(bounds if len(bounds) > 1 else [0, 0], dtype=np.int64)

    def _split(self, bounds: Longs) -> None:
        """Moves the events from files in the order of time to files of customers."""
        part_of = np.repeat(np.arange(len(bounds) - 1, dtype=np.uint16), np.diff(bounds))
        for path in self._files:
            records = np.fromfile(path, dtype=self.dtype)
            parts = part_of[records["user"]]
            order = np.argsort(parts, kind="stable")
            cuts = np.searchsorted(parts[order], np.arange(len(bounds)))
            records = records[order]
            for part in np.flatnonzero(np.diff(cuts)):
                with self._part(int(part)).open("ab") as out:
                    records[cuts[part] : cuts[part + 1]].tofile(out)
            path.unlink()

    def _part(self, part: int) -> Path:
        return self.folder / f"{part:06d}.part"
