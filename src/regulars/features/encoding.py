"""encode_columns: columns of texts and pictures become columns of vectors, each content encoded once and kept."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from regulars.core import QUIET, Bools, Floats, Frame, Longs, Progress, Run
from regulars.core.errors import BadTable, MissingColumn

from .encoders import Content, ContentEncoder
from .file_keys import FileKeys
from .pictures import HEAVIEST, trouble
from .vector_cache import VectorCache, key_of

SUFFIX: Final = "_vector"
EXAMPLES: Final = 5
_BLOCK: Final = {"text": 2048, "picture": 128}  # contents encoded between two words of progress
_EVERY: Final = 5.0  # seconds of work that a kill may cost at most, a block aside


@dataclass(frozen=True)
class Unreadable:
    """A content that is there and gives no vector: its row, what it is (a path, or how it begins), and why."""

    row: int
    content: str
    why: str


@dataclass(frozen=True)
class Coverage:
    """What became of a column. rows = told (have a vector) + missing (empty) + unreadable.

    identity: of the encoder; computed: contents that were not known from before; examples: the first that cannot be
    read.
    """

    column: str
    identity: str
    rows: int
    told: int
    missing: int
    unreadable: int
    computed: int
    examples: tuple[Unreadable, ...] = ()


def joined(items: Frame, columns: Sequence[str], name: str) -> pl.Series:
    """Several columns of texts as one, ". " between them; null where all are empty. Raises MissingColumn."""
    if lost := [column for column in columns if column not in items.columns]:
        raise MissingColumn(f"the texts {lost} are not in the table of items; it has {items.columns}")
    parts = [pl.col(column).cast(pl.String).str.strip_chars() for column in columns]
    kept = [pl.when(part != "").then(part.str.strip_suffix(".")) for part in parts]
    texts = items.select(pl.concat_str(kept, separator=". ", ignore_nulls=True)).to_series()
    return texts.set(texts == "", None).alias(name)


def encode_columns(
    items: Frame, plan: Mapping[str, ContentEncoder], *, cache: Path | None = None, run: Run = QUIET
) -> tuple[Frame, tuple[Coverage, ...]]:
    """The table with a column of vectors `NAME_vector` for each column NAME of the plan, null where there is none.

    A content is encoded once, however many rows hold it; `cache` keeps the vectors by encoder and content, so that only
    what is new or changed is ever computed. What cannot be read is counted, not fatal. A callback of `run` may raise
    `Interrupted`: what was computed is kept, the same call goes on from there. In memory are the vectors and one block
    of contents. Raises MissingColumn, BadTable for a column that holds neither texts nor bytes, CannotWrite.
    """
    told = []
    for column, encoder in plan.items():
        if column not in items.columns:
            raise MissingColumn(f"{column} is to be encoded; the table has {items.columns}")
        vectors, coverage = _encoded(items[column], encoder, cache, run)
        items = items.with_columns(vectors)
        told.append(coverage)
    return items, tuple(told)


def _encoded(values: pl.Series, encoder: ContentEncoder, cache: Path | None, run: Run) -> tuple[pl.Series, Coverage]:
    pictures = encoder.reads == "picture"
    contents = _Contents(values, pictures, FileKeys(cache if pictures else None))
    try:
        contents.look(run)
    finally:
        contents.files.keep()
    identity, width = encoder.identity, encoder.width
    vectors = np.full((len(contents.keys), width), np.nan, dtype=np.float32)
    store = VectorCache.of(cache, identity, width) if cache is not None else None
    known = store.fill(contents.keys, vectors) if store else np.zeros(len(vectors), dtype=np.bool_)
    new = np.flatnonzero(~known)
    _compute(contents, encoder, new, vectors, store, run)
    table = vectors[contents.place] if len(vectors) else np.full((len(values), width), np.nan, dtype=np.float32)
    table[contents.place < 0] = np.nan
    there: Bools = np.asarray(~np.isnan(table).any(axis=1))
    lost = [*contents.lost, *np.flatnonzero(~there & (contents.place >= 0)).tolist()]
    coverage = Coverage(
        values.name,
        identity,
        rows=len(values),
        told=int(there.sum()),
        missing=len(values) - int(there.sum()) - len(lost),
        unreadable=len(lost),
        computed=len(new),
        examples=tuple(contents.example(row) for row in sorted(lost)[:EXAMPLES]),
    )
    return _column(f"{values.name}{SUFFIX}", table, there), coverage


def _compute(
    contents: "_Contents",
    encoder: ContentEncoder,
    new: Longs,
    vectors: Floats,
    store: VectorCache | None,
    run: Run,
) -> None:
    """Fills the vectors of the contents `new`, which are kept from time to time, whatever ends the work."""
    task, size = f"encode {contents.values.name}", _BLOCK[encoder.reads]
    kept, last = 0, time.monotonic()
    done = 0
    try:
        for start in range(0, len(new), size):
            run.on_epoch(Progress(task, start, len(new)))
            some = new[start : start + size]
            vectors[some] = encoder.encode([contents.one(int(row)) for row in contents.first[some]])
            done = start + len(some)
            if time.monotonic() - last > _EVERY:
                _keep(contents, new[kept:done], vectors, store)
                kept, last = done, time.monotonic()
        if len(new):
            run.on_epoch(Progress(task, len(new), len(new)))
    finally:
        _keep(contents, new[kept:done], vectors, store)
    if store is not None and len(new):
        store.gather()


def _keep(contents: "_Contents", some: Longs, vectors: Floats, store: VectorCache | None) -> None:
    """What could not be read is not kept: it is tried again, for the file may be mended."""
    good = some[~np.isnan(vectors[some]).any(1)]
    if store is not None and len(good):
        store.add([contents.keys[place] for place in good.tolist()], vectors[good])


def _column(name: str, table: Floats, there: Bools) -> pl.Series:
    width = table.shape[1]
    column = pl.Series(name, np.nan_to_num(table, copy=False).reshape(-1), dtype=pl.Float32)
    made = column.reshape((len(table), width)) if len(table) else pl.Series(name, [], pl.Array(pl.Float32, width))
    return pl.select(pl.when(pl.Series("there", there)).then(made).alias(name)).to_series() if len(table) else made


@dataclass
class _Contents:
    """The contents of a column, each once. Changes: filled by `look`.

    files: their keys, if they are paths; keys: of the different ones; first: a row that holds each; place: of each row
    among them, -1 where there is nothing; lost: rows whose file is not there or cannot be read.
    """

    values: pl.Series
    pictures: bool
    files: FileKeys
    keys: list[bytes] = field(default_factory=list)
    first: Longs = field(default_factory=lambda: np.empty(0, np.int64))
    place: Longs = field(default_factory=lambda: np.empty(0, np.int64))
    lost: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        legal = (pl.String, pl.Binary, pl.Null, pl.Categorical, pl.Enum)
        if self.values.dtype not in legal:
            raise BadTable(
                f"{self.values.name} is to be encoded and holds {self.values.dtype}; give texts, paths of pictures, or "
                "the bytes of their files. A column of vectors needs no encoder: leave it as it is"
            )
        if self.values.dtype not in (pl.String, pl.Binary):
            self.values = self.values.cast(pl.String)

    def look(self, run: Run) -> None:
        """Finds out which contents there are, a block at a time."""
        found: dict[bytes, int] = {}
        first: list[int] = []
        place = np.full(len(self.values), -1, dtype=np.int64)
        for row, key in enumerate(self._every(run)):
            if key is None:
                continue
            if key not in found:
                found[key] = len(first)
                first.append(row)
            place[row] = found[key]
        self.keys, self.first, self.place = list(found), np.array(first, dtype=np.int64), place

    def _every(self, run: Run) -> Iterator[bytes | None]:
        """The key of each content; None where there is none, or where its file cannot be read."""
        for start in range(0, len(self.values), 4096):
            if self.pictures:
                run.on_epoch(Progress(f"look at {self.values.name}", start, len(self.values)))
            for offset, value in enumerate(self.values.slice(start, 4096).to_list()):
                if value is None or not value.strip():
                    yield None
                elif self.pictures and isinstance(value, str):
                    yield self._file(value, start + offset)
                else:
                    yield key_of(value.encode() if isinstance(value, str) else value)

    def _file(self, path: str, row: int) -> bytes | None:
        try:
            file = Path(path)
            if file.is_file() and file.stat().st_size <= HEAVIEST:  # no folder, and no pipe that would never end
                return self.files.key(file)
        except (OSError, ValueError):  # a path with a null byte is a ValueError
            pass
        self.lost.append(row)
        return None

    def one(self, row: int) -> Content:
        """As the encoder takes it."""
        value = self.values[row]
        return Path(value) if self.pictures and isinstance(value, str) else value

    def example(self, row: int) -> Unreadable:
        value = self.values[row]
        shown = f"{len(value):,} bytes" if isinstance(value, bytes) else value[:80]
        return Unreadable(row, shown, trouble(self.one(row)) if self.pictures else "it holds no words")
