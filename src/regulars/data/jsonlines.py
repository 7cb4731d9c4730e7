"""JSON Lines: one object on each line; also one array of objects, as some shops export it."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from regulars.core.errors import UnreadableFile

from .opening import DAMAGED, FileReading, blocks, first_bytes, opened
from .reading import Chunk, Refused, Schema, flat

NOT_JSON = "no JSON object on this line"


@dataclass(frozen=True)
class JsonLines(FileReading):
    """One file of JSON Lines; nested objects are spread out: {"user": {"id": 1}} gives the column user.id."""

    note: str = "JSON Lines"

    def schema(self) -> Schema:
        """The fields of the first rows; all are text, because the next row may think otherwise of its type."""
        first = next(self.chunks(), None)
        return {name: pl.String() for name in first.rows.columns} if first else {}

    def chunks(self, columns: tuple[str, ...] = ()) -> Iterator[Chunk]:
        if first_bytes(self.path, 256).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"[":
            yield self._array(columns)
            return
        for line, data, share in self._blocks():
            yield _chunk(line, data, share, columns)

    def _blocks(self) -> Iterator[tuple[int, bytes, float]]:
        """(number of the first line, whole lines, share read)."""
        rest, line = b"", 1
        for data, share in blocks(self.path):
            data = rest + data
            cut = data.rfind(b"\n") + 1
            rest = data[cut:]
            if cut:
                yield line, data[:cut], share
                line += data.count(b"\n", 0, cut)
        if rest.strip():
            yield line, rest, 1.0

    def _array(self, columns: tuple[str, ...]) -> Chunk:
        try:
            with opened(self.path) as file:
                objects = json.loads(file.read().decode("utf-8-sig"))
        except (ValueError, *DAMAGED) as error:
            raise UnreadableFile(f"{self.path} begins like a JSON array and is none: {error}") from error
        numbered = [(place, thing) for place, thing in enumerate(objects, start=1) if isinstance(thing, dict)]
        others = [(place, thing) for place, thing in enumerate(objects, start=1) if not isinstance(thing, dict)]
        rows = _picked(_frame([thing for _, thing in numbered]), columns)
        refused = Refused([place for place, _ in others], [json.dumps(thing) for _, thing in others], NOT_JSON)
        lines = np.array([place for place, _ in numbered], dtype=np.int64)
        return Chunk(rows, lines, (refused,) if others else ())


def _chunk(line: int, data: bytes, share: float, columns: tuple[str, ...]) -> Chunk:
    texts = (
        data.removeprefix(b"\xef\xbb\xbf").splitlines()
        if b"\r" in data
        else data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    )
    filled = [(place, text) for place, text in enumerate(texts, start=line) if text.strip()]
    try:
        rows = pl.read_ndjson(io.BytesIO(b"\n".join(text for _, text in filled)), infer_schema_length=None)
        if rows.height == len(filled) and rows.width:
            lines = np.array([place for place, _ in filled], dtype=np.int64)
            return Chunk(_picked(_texts(flat(rows)), columns), lines, share=share)
    except pl.exceptions.PolarsError:
        pass  # some line is broken: find it
    return _one_by_one(filled, share, columns)


def _one_by_one(filled: list[tuple[int, bytes]], share: float, columns: tuple[str, ...]) -> Chunk:
    places: list[int] = []
    objects: list[dict[str, Any]] = []
    refused = Refused([], [], NOT_JSON)
    for place, text in filled:
        try:
            thing = json.loads(text)
        except ValueError:
            thing = None
        if isinstance(thing, dict) and thing:
            places.append(place)
            objects.append(thing)
        else:
            refused.lines.append(place)
            refused.texts.append(text.decode("utf-8", errors="replace"))
    rows = _picked(_frame(objects), columns)
    return Chunk(rows, np.array(places, dtype=np.int64), (refused,) if refused.lines else (), share)


def _frame(objects: list[dict[str, Any]]) -> pl.DataFrame:
    """Everything as text: the types of a broken file are not to be relied on."""
    spread = [dict(_spread(thing)) for thing in objects]
    names = list(dict.fromkeys(name for row in spread for name in row))
    return pl.DataFrame({name: pl.Series([row.get(name) for row in spread], dtype=pl.String) for name in names})


def _spread(thing: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str | None]]:
    for name, value in thing.items():
        if isinstance(value, dict):
            yield from _spread(value, f"{prefix}{name}.")
        elif value is None or isinstance(value, str):
            yield prefix + name, value
        else:
            yield prefix + name, json.dumps(value)


def _texts(rows: pl.DataFrame) -> pl.DataFrame:
    """Every plain value as text; 42 and "42" are one id."""
    return rows.with_columns(
        pl.col(name).cast(pl.String)
        for name, dtype in rows.schema.items()
        if not dtype.is_nested() and dtype != pl.String
    )


def _picked(rows: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    return rows.select(name for name in columns if name in rows.columns) if columns else rows
