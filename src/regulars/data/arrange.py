"""Arrange: spilled events -> the columns of a dataset in the order of (user, time), a range of customers at a time."""

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from regulars.core import Progress, Run
from regulars.kernels.logs import bursts, order_of, repeats, sessions_by_gap, sessions_by_key

from .event_ids import PLACES
from .intake import FILE_SHIFT, Intake
from .outliers import BURST
from .returns import net_weights
from .spill import Columns
from .storage import Column

COLUMNS = {"user": "i4", "item": "i4", "time": "i8", "weight": "f4", "kind": "i1"}
REPEATED = "the same row was there before"
SAME_EVENT = "the same event id was there before"


@dataclass
class Arranged:
    """What was found while arranging. Grows with every part."""

    users: np.ndarray[Any, Any]  # events of each customer
    most: np.ndarray[Any, Any]  # the most within an hour
    items: np.ndarray[Any, Any]  # events of each item
    kinds: Counter[int] = field(default_factory=Counter)
    used: Counter[int] = field(default_factory=Counter)  # by file
    duplicates: int = 0
    returns: int = 0
    orphans: int = 0
    sessions: int = 0
    first: int = 0
    last: int = 0
    events: int = 0


def arrange(intake: Intake, folder: Path, run: Run) -> Arranged:
    """Writes the columns of the dataset into `folder`, with `origin` beside them."""
    found = Arranged(
        np.zeros(len(intake.users), np.int64),
        np.zeros(len(intake.users), np.int32),
        np.zeros(len(intake.items), np.int64),
    )
    (folder / "context").mkdir()
    remove = _repeats_go(intake)
    total = max(1, intake.spill.rows)
    done = 0
    with ExitStack() as open_files:
        columns = {
            name: open_files.enter_context(Column(path, dtype))
            for name, (path, dtype) in files_of(intake, folder).items()
        }
        for low, high, spilled in intake.spill.parts():
            done += len(spilled["user"])
            made = _arranged(spilled, low, high, intake, found, remove)
            for name, column in columns.items():
                column.append(made[name])
            run.on_epoch(Progress("sort events", int(1000 * done / total), 1000))
    return found


def _arranged(spilled: Columns, low: int, high: int, intake: Intake, found: Arranged, remove: bool) -> Columns:
    """The events of the customers low .. high - 1 in order, without repeats, with net weights and sessions."""
    order = order_of(spilled["user"] - np.int32(low), spilled["time"], high - low)
    records = {name: spilled.pop(name)[order] for name in list(spilled)}
    records = _without_repeats(records, intake, found, remove)
    records["weight"] = _netted(records, intake, found)
    records["number_of_session"] = _sessions(records, intake, found)
    count(records, found, low, high)
    if intake.timed:
        bursts(records["user"], records["time"], BURST, low, found.most[low:high])
    return records


def files_of(intake: Intake, folder: Path) -> dict[str, tuple[Path, str]]:
    """Where each column of the dataset is written, and its type; those of the context by number."""
    files = {name: (folder / f"{name}.npy", dtype) for name, dtype in (COLUMNS | {"origin": "i8"}).items()}
    files |= {"event": (folder / PLACES, "i8")} if intake.event_ids is not None else {}
    context = {"number_of_session": "i4"} | {f"money_{name}": "f8" for name in intake.money}
    context |= {f"context_{n}": one.storage for n, one in enumerate(intake.contexts) if not one.left_out}
    return files | {
        name: (folder / "context" / f"{n:03d}.npy", dtype) for n, (name, dtype) in enumerate(context.items())
    }


def describe_context(intake: Intake, folder: Path) -> list[dict[str, str | bool]]:
    """Name, kind and gaps of each column of the context, in the order of their files; their texts go beside them."""
    found: list[dict[str, str | bool]] = [{"name": "session", "kind": "whole", "missing": False}]
    found += [{"name": name, "kind": "number", "missing": name in intake.gaps} for name in intake.money]
    for context in intake.contexts:
        if not context.left_out:
            if context.kind == "text":
                path = folder / "context" / f"{len(found):03d}.parquet"
                context.words.ids().alias("word").to_frame().write_parquet(path)
            found.append({"name": context.name, "kind": context.kind, "missing": context.missing})
    return found


def _repeats_go(intake: Intake) -> bool:
    choice = intake.checks.duplicates
    if choice != "auto":
        return choice == "quarantine"
    return has_ids(intake) or "quantity" in intake.money or not intake.only_days


def has_ids(intake: Intake) -> bool:
    """Whether the logs give every event an id of its own."""
    return any(layout.column("event_id") for layout in intake.layouts)


def _without_repeats(records: Columns, intake: Intake, found: Arranged, remove: bool) -> Columns:
    twins = repeats(records["user"], records["time"], records["key"], not has_ids(intake))
    again = twins >= 0
    found.duplicates += int(again.sum())
    if not remove or not again.any():
        return records
    reason = SAME_EVENT if has_ids(intake) else REPEATED
    refuse({name: records[name][again] for name in ("user", "item", "time", "origin")}, reason, intake)
    return {name: values[~again] for name, values in records.items()}


def refuse(records: Columns, reason: str, intake: Intake) -> None:
    """Quarantines events that were read already: what they said is told in our words."""
    rows = pl.DataFrame(
        {
            "user_id": intake.users.ids().gather(records["user"]).cast(pl.String),
            "item_id": intake.items.ids().gather(records["item"]).cast(pl.String),
            "time": pl.from_epoch(pl.Series(records["time"]), time_unit="s"),
        }
    )
    origin = records["origin"]
    for file in np.unique(origin >> FILE_SHIFT):
        some = (origin >> FILE_SHIFT) == file
        lines = pl.Series(origin[some] & ((1 << FILE_SHIFT) - 1))
        intake.quarantine.rows("events", intake.files[int(file)].name, lines, reason, rows.filter(some))


def _netted(records: Columns, intake: Intake, found: Arranged) -> np.ndarray[Any, Any]:
    pieces = records["money_quantity"] if "quantity" in intake.money else np.ones(len(records["user"]))
    weight, returns, orphans = net_weights(
        records["user"], records["item"], records["kind"], records["weight"], pieces, intake.kinds.names
    )
    found.returns += returns
    found.orphans += orphans
    return weight


def _sessions(records: Columns, intake: Intake, found: Arranged) -> np.ndarray[Any, Any]:
    user = records["user"]
    if intake.has_sessions:
        session = sessions_by_key(user, records["session"], found.sessions)
    else:
        gap = int(intake.checks.session_gap_minutes * 60) if intake.timed else np.iinfo(np.int64).max
        session = sessions_by_gap(user, records["time"], gap, found.sessions)
    found.sessions = int(session.max()) + 1 if len(session) else found.sessions
    return np.asarray(session)


def count(records: Columns, found: Arranged, low: int, high: int) -> None:
    """Adds the events of the customers low .. high - 1 to what was found."""
    if not len(records["user"]):
        return
    user, time = records["user"], records["time"]
    found.users[low:high] += np.bincount(user - low, minlength=high - low)
    found.items += np.bincount(records["item"], minlength=len(found.items))
    found.kinds.update(dict(enumerate(np.bincount(records["kind"]).tolist())))
    found.used.update(dict(enumerate(np.bincount(records["origin"] >> FILE_SHIFT).tolist())))
    first, last = int(time.min()), int(time.max())
    found.first = min(found.first, first) if found.events else first
    found.last = max(found.last, last) if found.events else last
    found.events += len(user)
