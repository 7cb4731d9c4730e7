"""What was shown, in a database: one row for each answer."""

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import polars as pl

from regulars.core import Frame
from regulars.core.errors import BadRecord

from .checking import askable, check_all, check_ids, check_whole
from .database import Database, Row
from .erasing import Erasures
from .framing import framed
from .outcomes import joined
from .records import Exposure
from .schema import EXPOSURES

_FOREVER = 2**63 - 1
_TEXTS = ("scenario", "version", "arm", "context")
_LINES = {"items": pl.String, "scores": pl.Float64, "sources": pl.String, "chances": pl.Float64}
_OWNER = "coalesce((SELECT customer FROM aliases WHERE visitor = exposures.user_id), user_id)"
_ROW = EXPOSURES.listed.replace("user_id", f"{_OWNER} AS user_id")  # one may arrive while its visitor is merged
_COLUMNS = [
    *("exposure_id", "user_id", "scenario", "time", "item_id", "rank", "score", "source", "chance"),
    *("version", "arm", "context"),
]


class ExposureLog:
    """The table of exposures of a database."""

    def __init__(self, database: Database, erasures: Erasures) -> None:
        self._database, self._erasures = database, erasures

    def append(self, exposures: Sequence[Exposure]) -> None:
        for one in exposures:
            _check(one)
        if not exposures:
            return
        with self._database.writing() as transaction:
            users = list({one.user_id for one in exposures})
            found = transaction.each("SELECT customer FROM aliases WHERE visitor = {key}", users)
            owners = {user: rows[0][0] if rows else user for user, rows in zip(users, found, strict=True)}
            gone = self._erasures.gone(transaction, users, min(one.time for one in exposures))
            left = [one for one in exposures if one.user_id not in gone]
            transaction.add(EXPOSURES, [[_row(one, owners[one.user_id]) for one in left]])

    def of(self, exposure_id: str) -> Exposure | None:
        found = self._database.rows(f"SELECT {_ROW} FROM exposures WHERE exposure_id = ?", askable([exposure_id]))
        return _exposure(found[0]) if found else None

    def count(self) -> int:
        return int(self._database.rows("SELECT count(*) FROM exposures")[0][0])

    def erase(self, user_id: str) -> int:
        check_ids([user_id], "the customer")
        with self._database.writing() as transaction:
            found = transaction.rows("SELECT customer FROM aliases WHERE visitor = ?", (user_id,))
            owner = found[0][0] if found else user_id
            theirs = "user_id = ? OR user_id IN (SELECT visitor FROM aliases WHERE customer = ?)"
            return transaction.run(f"DELETE FROM exposures WHERE {theirs}", (owner, owner))

    def frame(self, *, start: int = 0, end: int | None = None) -> Frame:
        sql = f"SELECT {_ROW} FROM exposures WHERE time >= ? AND time < ? ORDER BY time, exposure_id"
        with self._database.snapshot() as snapshot:
            answers = framed(snapshot.parts(sql, (start, _FOREVER if end is None else end)), EXPOSURES.columns)
        return _lines(answers)

    def outcomes(self, *, start: int = 0, end: int | None = None, window: int = 7 * 86_400) -> Frame:
        last = _FOREVER if end is None else end + window
        shown = self.frame(start=start, end=None if end is None else last + 1)
        sql = (
            "SELECT user_id, item_id, kind, time, value, coalesce(exposure_id, '') FROM events "
            "WHERE time >= ? AND time <= ? ORDER BY time, place"
        )
        columns = {"user_id": pl.String(), "item_id": pl.String(), "kind": pl.String(), "time": pl.Int64()}
        columns |= {"value": pl.Float64(), "followed": pl.String()}
        with self._database.snapshot() as snapshot:
            events = framed(snapshot.parts(sql, (start - window, last)), columns)
        found = joined(shown, events, window)
        return found if end is None else found.filter(pl.col("time") < end)


def _check(one: Exposure) -> None:
    check_ids([one.exposure_id], "exposure_id")
    said = f"of exposure {one.exposure_id!r}"
    if one.user_id:
        check_ids([one.user_id], f"user_id {said}")
    check_whole(one.time, f"time {said} (seconds UTC)")
    check_all(one.items, (*one.sources, *(getattr(one, name) for name in _TEXTS)), f"an item or a text {said}")
    lengths = {len(one.items), len(one.scores), len(one.sources), len(one.chances)}
    if len(lengths) > 1:
        raise BadRecord(f"items, scores, sources and chances {said} must be as many; they are {sorted(lengths)}")


def _row(one: Exposure, owner: str) -> Row:
    lines = (json.dumps(one.items), _numbers(one.scores), _sources(tuple(one.sources)), _chances(tuple(one.chances)))
    return (one.exposure_id, owner, one.scenario, one.time, *lines, *(text or None for text in one[8:]))


def _numbers(values: Sequence[float]) -> str:
    """JSON has no NaN and no infinity: null stands for both."""
    return json.dumps([value if math.isfinite(value) else None for value in map(float, values)])


_sources, _chances = lru_cache(1_024)(json.dumps), lru_cache(1_024)(_numbers)  # most answers have those of others


def _exposure(row: Row) -> Exposure:
    exposure_id, user_id, scenario, moment, *lines = row
    items, scores, sources, chances, *rest = lines
    return Exposure(
        exposure_id,
        user_id,
        scenario,
        moment,
        tuple(json.loads(items)),
        _read(scores),
        tuple(json.loads(sources)),
        _read(chances),
        *(text or "" for text in rest),
    )


def _read(numbers: str) -> tuple[float, ...]:
    return tuple(math.nan if number is None else number for number in json.loads(numbers))


def _lines(answers: Frame) -> Frame:
    """One row for each shown item."""
    lists: list[Any] = [pl.col(name).str.json_decode(pl.List(kind)) for name, kind in _LINES.items()]
    table = answers.with_columns(*lists, *(pl.col(name).fill_null("") for name in _TEXTS))
    table = table.with_columns(rank=pl.int_ranges(1, pl.col("items").list.len() + 1))
    lines = table.filter(pl.col("items").list.len() > 0).explode(*_LINES, "rank")
    named = {"items": "item_id", "scores": "score", "sources": "source", "chances": "chance"}
    filled = lines.rename(named).with_columns(pl.col("score", "chance").fill_null(float("nan")))
    return filled.select(_COLUMNS)
