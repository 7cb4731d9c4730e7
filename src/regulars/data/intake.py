"""Intake: every row of the logs, either spilled as an event with numbers for ids, or in quarantine."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl

from regulars.core import Longs, Progress, Run

from .checks import Checks
from .codes import Codes
from .columns import Mapped
from .context import kept
from .event_ids import EventIdsWriter
from .events import Cleaned, Cleaner, Kinds
from .layout import MONEY, Layout, columns_of
from .moments import Clock
from .quarantine import Quarantine
from .reading import Chunk, Reading
from .sources import Sources
from .spill import Columns, Spill
from .times import Slashes, slashes

FILE_SHIFT = 40  # origin of an event: number of its file << 40 | its line
_PLAIN = 10  # files without such times that settle that there are none
_SURE = 20  # rows that settle whether the day or the month comes first


@dataclass
class Intake:
    """The logs of a shop on their way in. Grows with every chunk."""

    layouts: tuple[Layout, ...]
    sources: Sources
    checks: Checks
    spill_folder: Path
    quarantine: Quarantine
    files: list[Reading] = field(default_factory=list)
    rows: Counter[int] = field(default_factory=Counter)  # by file
    missing: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    gaps: set[str] = field(default_factory=set)  # quantity, price, value, rating: those that some event lacks
    zero_quantity: int = 0
    only_days: bool = True

    def __post_init__(self) -> None:
        from . import kinds

        whole = [layout.whole_ids for layout in self.layouts]
        self.whole = {meaning: all(one[meaning] for one in whole) for meaning in ("user", "item")}
        self.users = Codes(pl.Int64 if self.whole["user"] else pl.String)
        self.items = Codes(pl.Int64 if self.whole["item"] else pl.String)
        self.kinds = Kinds(kinds.weights(self.sources.kinds))
        self.contexts, self.left_out = kept(columns_of(self.layouts))
        self.money = [n for n in MONEY if any(layout.column(n) for layout in self.layouts)]
        if "price" in self.money and "value" not in self.money:
            self.money.append("value")
        self.timed = any(layout.column("time") for layout in self.layouts)
        self.has_sessions = any(layout.column("session") for layout in self.layouts)
        named = self.sources.event_ids and any(layout.column("event_id") for layout in self.layouts)
        self.event_ids = EventIdsWriter(self.spill_folder.parent) if named else None
        self.spill = Spill(self.spill_folder, self._dtypes())

    def _dtypes(self) -> dict[str, str]:
        """The columns of an event on its way, and their types."""
        columns = {"user": "i4", "item": "i4", "time": "i8", "weight": "f4", "kind": "i1", "origin": "i8", "key": "u8"}
        columns |= {"session": "u8"} if self.has_sessions else {}
        columns |= {f"money_{name}": "f8" for name in self.money}
        columns |= {"event": "i8"} if self.event_ids is not None else {}
        return columns | {f"context_{place}": context.storage for place, context in enumerate(self.contexts)}

    def read(self, run: Run) -> None:
        """Reads all logs to their end."""
        sizes = [reading.size for layout in self.layouts for reading in layout.readings]
        total, done = max(1, sum(sizes)), 0
        for layout in self.layouts:
            cleaner = Cleaner(layout, self._clock(layout), self.kinds, self.checks, self.whole)
            for reading in layout.readings:
                self.files.append(reading)
                for chunk in reading.chunks():
                    self._take(chunk, cleaner, reading)
                    share = (done + chunk.share * reading.size) / total
                    figures = (("events", float(self.spill.rows)), ("customers", float(len(self.users))))
                    run.on_epoch(Progress("read events", int(1000 * share), 1000, figures))
                done += reading.size
            self.missing.update({name: n for name, n in cleaner.missing.items() if n})
            self.zero_quantity += cleaner.zero_quantity
            self.only_days &= cleaner.only_days
        if self.event_ids is not None:
            self.event_ids.close()
        self.notes += [f"{column} is left out: its values are no numbers, texts or times" for column in self.left_out]
        for context in self.contexts:
            if context.left_out:
                self.notes.append(f"{context.name} is left out: it has over a million different texts")

    def _take(self, chunk: Chunk, cleaner: Cleaner, reading: Reading) -> None:
        file = len(self.files) - 1
        for refused in chunk.refused:
            self.quarantine.texts("events", reading.name, refused.lines, refused.reason, refused.texts)
            self.rows[file] += len(refused.lines)
        self.rows[file] += chunk.rows.height
        if not chunk.rows.height:
            return
        cleaned = cleaner.clean(chunk)
        for reason, rows in cleaned.refused:
            lines = pl.Series(chunk.lines[rows])
            self.quarantine.rows("events", reading.name, lines, reason, chunk.rows.filter(rows))
        if len(cleaned.rows):
            self.spill.add(self._columns(cleaned, chunk.lines[cleaned.rows] + (file << FILE_SHIFT)))

    def _columns(self, cleaned: Cleaned, origin: Longs) -> Columns:
        columns: Columns = {"user": self.users.codes(cleaned.users), "item": self.items.codes(cleaned.items)}
        columns["origin"] = origin
        if self.event_ids is not None:
            n = len(origin)
            columns["event"] = np.full(n, -1) if cleaned.ids is None else self.event_ids.add(cleaned.ids)
        for name in ("time", "weight", "kind", "key", *(("session",) if self.has_sessions else ())):
            columns[name] = cleaned.columns[name]
        for name in self.money:
            found = cleaned.columns.get(name, np.full(len(origin), np.nan))
            columns[f"money_{name}"] = found
            if np.isnan(found).any():
                self.gaps.add(name)
        for place, context in enumerate(self.contexts):
            if context.name in cleaned.extras.columns:
                values = cleaned.extras[context.name]
            else:
                values = pl.Series([None], dtype=context.dtype).new_from_index(0, len(origin))
            columns[f"context_{place}"] = context.stored(values)
        return columns

    def _clock(self, layout: Layout) -> Clock:
        """How to read the times of a log; where 02/03/2024 occurs, the whole column is asked which comes first."""
        clock = Clock(self.sources.zone, self.sources.time_format)
        column = layout.day or layout.column("time")
        if self.sources.day_first is not None:
            return replace(clock, day_first=self.sources.day_first)
        if not column or layout.schema[column] != pl.String or clock.form:
            return clock
        found = asked(layout.readings, column)
        if not found.any:
            return clock
        first = found.day_first >= found.month_first
        example = "31/12" if first else "12/31"
        if not found.day_first and not found.month_first:
            self.notes.append(
                f"{column}: nothing tells whether the day or the month comes first; read as {example}. "
                "Set day_first under [time] to be sure"
            )
        else:
            other = min(found.day_first, found.month_first)
            mixed = f"; {other} rows can only be read the other way and are" if other else ""
            self.notes.append(f"{column}: read as {example}{mixed}")
        return replace(clock, day_first=first)


def asked(readings: Sequence[Reading], column: str) -> Slashes:
    """What the column says about the order of day and month.

    Reads on until that is settled; of a file whose first part has no such times only that part is looked at, and of
    many such files the first ten.
    """
    found = Slashes()
    plain = 0
    for reading in readings:
        if column not in reading.schema():
            continue
        here = Slashes()
        for chunk in reading.chunks((column,)):
            here += slashes(chunk.rows[column].cast(pl.String))
            if max(found.day_first + here.day_first, found.month_first + here.month_first) >= _SURE:
                return found + here
            if chunk.rows.height and not here.any:
                plain += 1
                break
        found += here
        if plain == _PLAIN:
            return found
    return found


def joined_columns(layouts: Sequence[Layout]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The meanings of all logs' columns, and what was guessed about them."""
    mapped: Sequence[Mapped] = [layout.mapped for layout in layouts]
    columns: dict[str, str] = {}
    for one in mapped:
        for meaning, column in one.columns.items():
            before = columns.get(meaning, "").split(", ") if meaning in columns else []
            columns[meaning] = ", ".join(dict.fromkeys([*before, column]))
    return columns, tuple(dict.fromkeys(note for one in mapped for note in one.notes))
