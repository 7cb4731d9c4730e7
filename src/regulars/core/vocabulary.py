"""Vocabulary: the shop's ids <-> indices; it only ever grows."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import polars as pl

from .arrays import MISSING, Ints
from .errors import BadTable, UnknownId

_FEW = 512  # up to so many ids a dictionary answers sooner than a join
_CHUNKS = 64  # from so many pieces on ids are put into one


class _Line:
    """What the vocabularies share that grew out of one another: the position of each id. Grows with the longest."""

    def __init__(self, ids: pl.Series) -> None:
        names = ids.to_list()
        self.positions: dict[Any, int] = dict(zip(names, range(len(names)), strict=True))
        if ids.dtype != pl.String:
            self.positions.update(zip(map(str, names), range(len(names)), strict=True))
        self.names = names
        self.length = len(names)
        self.lock = Lock()

    def grown(self, length: int, new: pl.Series) -> bool:
        """Whether it could take the ids that come behind the first `length`; no when others came there before."""
        with self.lock:
            if self.length != length:
                return False
            for place, name in enumerate(new.to_list(), length):
                self.positions[name] = place
                self.positions[str(name)] = place
                self.names.append(name)
            self.length += len(new)
            return True


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Ids in the order of their first appearance; the index of an id never changes.

    ids: Int64 or String, without nulls and without repeats. Ids are compared by their text, so that 42 from one
    file is "42" from another, while "042" is somebody else.
    """

    ids: pl.Series

    def __post_init__(self) -> None:
        ids = as_ids(self.ids)
        if ids.null_count() or ids.n_unique() != len(ids):
            raise BadTable(f"a vocabulary needs {len(ids)} different ids; {ids.n_unique()} differ. Drop the repeats")
        object.__setattr__(self, "ids", ids)

    @classmethod
    def of(cls, ids: Iterable[Any] | pl.Series) -> "Vocabulary":
        """The vocabulary of `ids`, repeats and nulls left out."""
        return cls(as_ids(ids).drop_nulls().unique(maintain_order=True))

    def __len__(self) -> int:
        return self._length

    @cached_property
    def _length(self) -> int:
        return len(self.ids)

    def __reduce__(self) -> tuple[type["Vocabulary"], tuple[pl.Series]]:
        return Vocabulary, (self.ids,)  # to another process goes what counts, not what was looked up

    def index(self, ids: Iterable[Any] | pl.Series) -> Ints:
        """Index of each id, MISSING for the unknown; int32 [len(ids)]."""
        wanted = as_ids(ids)
        if wanted.dtype != self.ids.dtype:
            wanted = _text(wanted)
        if len(wanted) <= _FEW or ("_line" in self.__dict__ and len(wanted) <= len(self) // 8):
            positions = self._line.positions
            places = np.array([positions.get(i, MISSING) for i in wanted.to_list()], dtype=np.int32)
            places[places >= len(self)] = MISSING  # of those that grew out of this one
            return places
        lookup = self._lookup if wanted.dtype == self.ids.dtype else self._text_lookup
        found = pl.DataFrame({"id": wanted}).join(lookup, on="id", how="left", maintain_order="left")
        return found["index"].fill_null(MISSING).to_numpy().astype(np.int32, copy=False)

    def places(self, ids: Iterable[Any]) -> list[int]:
        """Like `index` for a few ids, each as it is or as its text, at the cost of looking up each."""
        positions, n = self._line.positions, len(self)
        found = [positions.get(one, MISSING) for one in ids]
        return [place if place < n else MISSING for place in found]

    def ids_at(self, places: Iterable[int]) -> list[Any]:
        """The ids of a few indices from 0 on, at the cost of looking up each."""
        names = self._line.names
        return [names[place] for place in places]

    def known(self, ids: Iterable[Any] | pl.Series, what: str = "id") -> Ints:
        """Like `index`, for callers who must have every one of them.

        Raises UnknownId naming the first that is not there.
        """
        wanted = as_ids(ids)
        found = self.index(wanted)
        if (found == MISSING).any():
            first = wanted[int(np.argmax(found == MISSING))]
            example = f", the first is {self.ids[0]!r}" if len(self) else ""
            raise UnknownId(f"{what} {first!r} is unknown; {len(self):,} are known{example}")
        return found

    def names(self, index: Ints) -> pl.Series:
        """The id of each index, null for MISSING; a Series of len(index)."""
        rows = pl.Series(index.ravel(), dtype=pl.Int64)
        return self.ids.gather(rows.set(rows < 0, None))

    def extended(self, ids: Iterable[Any] | pl.Series) -> "Vocabulary":
        """This vocabulary with the ids that it lacks at its end; nothing is renumbered."""
        new = as_ids(ids).drop_nulls().unique(maintain_order=True)
        new = new.filter(pl.Series(self.index(new) == MISSING))
        if not len(new):
            return self
        if new.dtype != self.ids.dtype:
            return Vocabulary(pl.concat([_text(self.ids), _text(new)]))
        ids = pl.concat([self.ids, new])
        longer = object.__new__(Vocabulary)  # nothing is there twice: to look again costs as much as all that is there
        object.__setattr__(longer, "ids", ids if ids.n_chunks() < _CHUNKS else ids.rechunk())
        line = self.__dict__.get("_line")
        if line is not None and line.grown(len(self), new):
            longer.__dict__["_line"] = line
        return longer

    def extends(self, older: "Vocabulary") -> bool:
        """Whether every index of `older` still means the same id here."""
        line = self.__dict__.get("_line")
        if self is older or (line is not None and line is older.__dict__.get("_line")):
            return len(older) <= len(self)
        return len(older) <= len(self) and older.fingerprint == _fingerprint(self.ids.head(len(older)))

    @cached_property
    def fingerprint(self) -> str:
        """A short text that changes with any id or its place."""
        return _fingerprint(self.ids)

    @cached_property
    def _line(self) -> _Line:
        return _Line(self.ids)

    @cached_property
    def _lookup(self) -> pl.DataFrame:
        return pl.DataFrame({"id": self.ids, "index": np.arange(len(self), dtype=np.int32)})

    @cached_property
    def _text_lookup(self) -> pl.DataFrame:
        return self._lookup.with_columns(pl.col("id").cast(pl.String))


def as_ids(values: Iterable[Any] | pl.Series) -> pl.Series:
    """`values` as a Series of ids: Int64 where they are whole numbers that fit, else String."""
    if isinstance(values, pl.Series):
        ids = values
    elif isinstance(values, np.ndarray):
        ids = pl.Series(values.tolist() if values.dtype == object else values, strict=False)
    else:
        ids = pl.Series(list(values), strict=False)
    if ids.dtype.is_integer():
        fitting = ids.cast(pl.Int64, strict=False)
        return fitting if fitting.null_count() == ids.null_count() else ids.cast(pl.String)
    if ids.dtype.is_float():
        whole = ids.cast(pl.Int64, strict=False)
        if not (whole.is_null() & ids.is_not_null()).any() and (whole.cast(pl.Float64) == ids).all():
            return whole
    return _text(ids)


def _text(ids: pl.Series) -> pl.Series:
    if ids.dtype == pl.Object:
        return pl.Series([None if value is None else str(value) for value in ids], dtype=pl.String)
    return ids if ids.dtype == pl.String else ids.cast(pl.String)


def _fingerprint(ids: pl.Series) -> str:
    digest = hashlib.sha256(f"{len(ids)}".encode())
    for start in range(0, len(ids), 1_000_000):
        part = _text(ids.slice(start, 1_000_000))
        digest.update(str(part.str.join("\x00").item()).encode())
    return digest.hexdigest()[:32]
