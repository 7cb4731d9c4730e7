"""The tables of items and customers: read whole, one row for each id, the others quarantined."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from regulars.core import Bools, Progress, Run

from .codes import Codes
from .context import as_typed
from .layout import Layout, as_key
from .quarantine import Quarantine
from .reading import Chunk
from .report import FileCount, TableReport

KEYS = {"items": ("item", "item_id"), "customers": ("user", "user_id")}
_KEY = "\x00key"  # no column of a shop is called so


@dataclass(frozen=True)
class Features:
    """One row for each id, which is the first column, and what was found on reading them."""

    frame: pl.DataFrame
    report: TableReport


def features(layout: Layout, quarantine: Quarantine, run: Run) -> Features:
    """Reads a table of items or customers. The first row of an id counts, later ones are quarantined."""
    meaning, key = KEYS[layout.what]
    intake = _Intake(layout, quarantine, Codes(pl.Int64 if layout.whole_ids[meaning] else pl.String))
    frames: list[pl.DataFrame] = []
    files: list[FileCount] = []
    for place, reading in enumerate(layout.readings):
        rows = used = 0
        for chunk in reading.chunks():
            frames.append(intake.kept(chunk, reading.name))
            rows += chunk.rows.height + sum(len(refused.lines) for refused in chunk.refused)
            used += frames[-1].height
            run.on_epoch(Progress(f"read {layout.what}", int(100 * (place + chunk.share)), 100 * len(layout.readings)))
        files.append(FileCount(reading.name, reading.note, rows, used, rows - used))
    report = TableReport(
        layout.what,
        tuple(files),
        dict(layout.mapped.columns),
        quarantine.reasons(layout.what),
        {name: n for name, n in intake.missing.items() if n},
        layout.mapped.notes,
    )
    return Features(_table(frames, key), report)


@dataclass
class _Intake:
    """Takes the chunks of a table one by one. Grows: the ids met so far, and how many values are missing."""

    layout: Layout
    quarantine: Quarantine
    ids: Codes
    missing: Counter[str] = field(default_factory=Counter)

    def kept(self, chunk: Chunk, file: str) -> pl.DataFrame:
        """The rows of new ids, the ids first; the others are quarantined."""
        what = self.layout.what
        for refused in chunk.refused:
            self.quarantine.texts(what, file, refused.lines, refused.reason, refused.texts)
        meaning, _ = KEYS[what]
        column = self.layout.column(meaning)
        found = self.layout.complete(chunk.rows)
        self.missing.update({name: found[name].null_count() for name in found.columns})
        ids = as_key(found[column], self.layout.whole_ids[meaning])
        blank = ids.is_null().to_numpy()
        again = self._again(ids, blank)
        one = "item" if what == "items" else "customer"
        for reason, some in ((f"no {one}", blank), (f"the same {one} was there before", again)):
            self.quarantine.rows(what, file, pl.Series(chunk.lines[some]), reason, chunk.rows.filter(some))
        return found.drop(column).insert_column(0, ids.alias(_KEY)).filter(~blank & ~again)

    def _again(self, ids: pl.Series, blank: Bools) -> Bools:
        """Which rows have an id that was met before, in this chunk or an earlier one."""
        known = len(self.ids)
        met = self.ids.codes(ids.drop_nulls())
        again = np.zeros(len(ids), dtype=np.bool_)
        again[~blank] = (met < known) | ~pl.Series(met).is_first_distinct().to_numpy()
        return again


def _table(frames: list[pl.DataFrame], key: str) -> pl.DataFrame:
    """All rows, the ids under the name `key`; texts become numbers where every one of them is written like one."""
    frame = pl.concat(frames) if frames else pl.DataFrame(schema={_KEY: pl.String})
    others = [as_typed(column) for column in frame.get_columns()[1:] if column.dtype not in (pl.Null, pl.Object)]
    renamed = [column.alias(f"other_{key}") if column.name == key else column for column in others]
    return pl.DataFrame([frame.get_columns()[0].alias(key), *renamed])
