"""The tables of items and customers: read whole, one row for each id, the others quarantined."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import polars as pl

from regulars.core import Run
from regulars.core.run import Progress

from .codes import Codes
from .context import as_typed
from .layout import Layout, as_key
from .quarantine import Quarantine
from .report import FileCount, TableReport

KEYS = {"items": ("item", "item_id"), "customers": ("user", "user_id")}


@dataclass(frozen=True)
class Features:
    """One row for each id of the column `key`, and what was found on reading them."""

    key: str
    frame: pl.DataFrame
    report: TableReport


def features(layout: Layout, quarantine: Quarantine, run: Run) -> Features:
    """Reads a table of items or customers. The first row of an id counts, later ones are quarantined."""
    meaning, key = KEYS[layout.what]
    codes = Codes(pl.Int64 if layout.whole_ids[meaning] else pl.String)
    frames: list[pl.DataFrame] = []
    files: list[FileCount] = []
    missing: Counter[str] = Counter()
    for place, reading in enumerate(layout.readings):
        rows = used = 0
        for chunk in reading.chunks():
            for refused in chunk.refused:
                quarantine.texts(layout.what, reading.name, refused.lines, refused.reason, refused.texts)
                rows += len(refused.lines)
            found = layout.complete(chunk.rows)
            ids = as_key(found[layout.column(meaning)], layout.whole_ids[meaning])
            blank, again = ids.is_null().to_numpy(), np.zeros(len(ids), dtype=np.bool_)
            known = len(codes)
            present = ids.drop_nulls()
            met = codes.codes(present)
            again[~blank] = (met < known) | ~pl.Series(met).is_first_distinct().to_numpy()
            for reason, some in ((f"no {_one(layout)}", blank), (f"the same {_one(layout)} was there before", again)):
                quarantine.rows(
                    layout.what, reading.name, pl.Series(chunk.lines[some]), reason, chunk.rows.filter(some)
                )
            keep = ~blank & ~again
            frames.append(found.drop(layout.column(meaning)).insert_column(0, ids.alias(f"\x00{key}")).filter(keep))
            rows += found.height
            used += int(keep.sum())
            missing.update({name: found[name].null_count() for name in found.columns})
            run.on_epoch(Progress(f"read {layout.what}", int(100 * (place + chunk.share)), 100 * len(layout.readings)))
        files.append(FileCount(reading.name, reading.note, rows, used, rows - used))
    frame = pl.concat(frames) if frames else pl.DataFrame(schema={f"\x00{key}": pl.String})
    others = [as_typed(column) for column in frame.get_columns()[1:] if column.dtype not in (pl.Null, pl.Object)]
    renamed = [column.alias(f"other_{key}") if column.name == key else column for column in others]
    table = pl.DataFrame([frame.get_columns()[0].alias(key), *renamed])
    report = TableReport(
        layout.what,
        tuple(files),
        dict(layout.mapped.columns),
        quarantine.reasons(layout.what),
        {name: n for name, n in missing.items() if n},
        layout.mapped.notes,
    )
    return Features(key, table, report)


def _one(layout: Layout) -> str:
    return "item" if layout.what == "items" else "customer"
