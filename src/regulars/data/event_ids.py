"""Event ids: the shop's own names for its events, on disk beside the dataset, for the store of the service.

No model reads them. They lie in the order in which the log was read, one behind the other; a column of the dataset says
where each event's is.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from regulars.core import Longs

from .storage import Column, read_column

PLACES: Final = "event.npy"  # int64 [n_events], -1 for an event without an id
_BYTES, _ENDS = "event_ids.npy", "event_ids_ends.npy"  # UTF-8, and where each id ends


class EventIdsWriter:
    """Grows: ids in the order they come."""

    def __init__(self, folder: Path) -> None:
        self._bytes, self._ends = Column(folder / _BYTES, "u1"), Column(folder / _ENDS, "i8")

    def add(self, ids: pl.Series) -> Longs:
        """The place of each of some texts; -1 for a null."""
        known = ids.is_not_null().to_numpy()
        places = np.where(known, np.cumsum(known) - 1 + self._ends.rows, -1).astype(np.int64)
        found = ids.filter(pl.Series(known, dtype=pl.Boolean))
        ends = np.cumsum(found.str.len_bytes().to_numpy()).astype(np.int64) + self._bytes.rows
        self._bytes.append(np.frombuffer("".join(found.to_list()).encode(), dtype=np.uint8))
        self._ends.append(ends)
        return places

    def close(self) -> None:
        """Makes whole files of them."""
        for column in (self._bytes, self._ends):
            column.__exit__(None, None, None)


@dataclass(frozen=True)
class EventIds:
    """The ids of a prepared dataset. folder: of the dataset."""

    folder: Path

    @classmethod
    def of(cls, folder: Path) -> "EventIds | None":
        """None where the log has none."""
        return cls(folder) if (folder / PLACES).exists() else None

    def between(self, low: int, high: int) -> pl.Series:
        """Of the events low .. high - 1; null for one without an id."""
        places = np.asarray(self._places[low:high])
        ids: list[str | None] = [None] * len(places)
        known = np.flatnonzero(places >= 0)
        ends = self._ends[places[known]]
        begins = np.where(places[known] > 0, self._ends[places[known] - 1], 0)
        for row, begin, end in zip(known.tolist(), begins.tolist(), ends.tolist(), strict=True):
            ids[row] = self._bytes[begin:end].tobytes().decode()
        return pl.Series(ids, dtype=pl.String)

    @cached_property
    def _places(self) -> np.ndarray[Any, Any]:
        return read_column(self.folder / PLACES)

    @cached_property
    def _ends(self) -> np.ndarray[Any, Any]:
        return read_column(self.folder / _ENDS)

    @cached_property
    def _bytes(self) -> np.ndarray[Any, Any]:
        return read_column(self.folder / _BYTES)
