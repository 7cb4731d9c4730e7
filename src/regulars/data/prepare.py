"""Prepare: from a shop's tables to a checked dataset on disk, in bounded memory, nothing lost."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import polars as pl

from regulars.core import QUIET, Frame, Progress, Run, Vocabulary, aligned
from regulars.core.errors import CannotWrite, EmptyData

from .arrange import arrange, describe_context
from .catalog import Features, features
from .checks import Checks
from .intake import Intake
from .layout import Layout, layout
from .prepared import MANIFEST, QUARANTINE, REPORT, VERSION, Prepared, manifest
from .quarantine import Quarantine
from .shrink import shrink
from .sources import Sources
from .summary import advice, far_beyond, summary

DEFAULT = Checks()


def prepare(
    sources: Sources,
    folder: str | Path | None = None,
    checks: Checks = DEFAULT,
    run: Run = QUIET,
    *,
    again: bool = False,
) -> Prepared:
    """Reads, checks and sorts a shop's tables into `folder`; every row is used or in its quarantine.csv.

    folder: without one the dataset is kept in memory alone. What was prepared from the same unchanged tables is taken
    as it is, unless `again`. The folder changes only when all is done, so that an interrupt leaves it whole.
    Raises MissingColumn, UnreadableFile, EmptyData, CannotWrite; Interrupted when a callback of `run` says so.
    """
    if folder is None:
        with tempfile.TemporaryDirectory() as scratch:
            where = Path(scratch) / "shop"
            _prepare(sources, where, checks, run, again=True)
            return Prepared.load(where, mapped=False)
    where = Path(folder).absolute()
    _prepare(sources, where, checks, run, again=again)
    return Prepared.load(where)


def _prepare(sources: Sources, where: Path, checks: Checks, run: Run, *, again: bool) -> None:
    with _workplace(where) as work:
        run.on_epoch(Progress("look at the tables", 0, 1))
        tables = _layouts(sources, work)
        run.on_epoch(Progress("look at the tables", 1, 1))
        mark = _fingerprint(sources, checks, tables)
        if not again and mark and manifest(where).get("fingerprint") == mark:
            return
        made = work / "made"
        made.mkdir()
        _make(tables, sources, checks, made, run)
        _write(made / MANIFEST, {"version": VERSION, "fingerprint": mark, **manifest(made)})
        _swap(made, where)


def _layouts(sources: Sources, work: Path) -> tuple[Layout, ...]:
    logs = [layout(table, "events", work=work) for table in sources.logs]
    others = (("items", sources.items, "item"), ("customers", sources.customers, "user"))
    return (
        *logs,
        *(layout(table, what, work=work, hint=logs[0].column(key)) for what, table, key in others if table is not None),
    )


def _make(tables: tuple[Layout, ...], sources: Sources, checks: Checks, made: Path, run: Run) -> None:
    """Fills the folder `made`."""
    with Quarantine(made / QUARANTINE) as quarantine:
        logs = tuple(table for table in tables if table.what == "events")
        described = [features(table, quarantine, run) for table in tables if table.what != "events"]
        intake = Intake(logs, sources, checks, made / "spill", quarantine)
        intake.read(run)
        if not intake.spill.rows:
            raise EmptyData(_nothing(intake))
        found = arrange(intake, made, run)
        outliers = far_beyond(intake, found)
        stay = shrink(made, intake, found, checks)
        if not found.events:
            raise EmptyData(_nothing(intake))
        cut = checks.min_user_events > 1, checks.min_item_events > 1
        sizes = (
            _vocabulary(
                intake.users.ids()[stay[0]], _of(described, "customers"), made / "customers.parquet", "user_id", cut[0]
            ),
            _vocabulary(
                intake.items.ids()[stay[1]], _of(described, "items"), made / "items.parquet", "item_id", cut[1]
            ),
        )
        report = summary(intake, found, described, outliers, sizes)
    (made / "origin.npy").unlink()
    _write(made / REPORT, report.json())
    _write(made / MANIFEST, {"kinds": intake.kinds.names, "context": describe_context(intake, made)})


def _of(described: list[Features], what: str) -> Features | None:
    return next((table for table in described if table.report.name == what), None)


def _vocabulary(ids: pl.Series, table: Features | None, path: Path, key: str, only: bool) -> int:
    """Writes ids and features in the order of their numbers; how many. only: nobody joins without an event."""
    vocabulary = Vocabulary(ids)
    described: Frame = pl.DataFrame()
    if table is not None:
        vocabulary = vocabulary if only else vocabulary.extended(table.frame[key])
        described = aligned(table.frame, vocabulary, key)
    pl.DataFrame([vocabulary.ids.alias(key), *described.get_columns()]).write_parquet(path)
    return len(vocabulary)


def _nothing(intake: Intake) -> str:
    rows = sum(intake.rows.values())
    if not rows:
        names = ", ".join(reading.name for reading in intake.files)
        return f"{names} has a header and no rows; nothing is left to work with"
    found = intake.quarantine.reasons("events")
    reasons = ", ".join(f"{reason} ({n:,})" for reason, n in found.items())
    first = next((f" {one.file}, line {one.line}: {one.row}." for one in intake.quarantine.examples), "")
    told = next(filter(None, map(advice, found)), " Are the columns the right ones? See [events.columns].")
    return f"none of the {rows:,} rows of events can be used: {reasons}.{first}{told}"


def _fingerprint(sources: Sources, checks: Checks, tables: tuple[Layout, ...]) -> str:
    """What the folder was made of; empty when a source cannot tell whether it changed."""
    stamps = [reading.stamp for table in tables for reading in table.readings]
    if not all(stamps):
        return ""
    said = [
        (t.table.columns, t.table.separator, t.table.encoding, t.table.kind, t.table.query, t.table.table)
        for t in tables
    ]
    rules = (sources.kinds, sources.zone, sources.time_format, sources.day_first, asdict(checks), VERSION)
    return hashlib.sha256(json.dumps([stamps, said, rules], default=dict, sort_keys=True).encode()).hexdigest()


@contextmanager
def _workplace(where: Path) -> Iterator[Path]:
    """A folder beside `where` that is gone at the end, whatever happens; remains of a killed run are swept away."""
    old = where.with_name(f".{where.name}.old")
    work = where.with_name(f".{where.name}.partial-{os.getpid()}")
    try:
        where.parent.mkdir(parents=True, exist_ok=True)
        if old.exists() and not where.exists():
            old.rename(where)  # a run was killed between two renames
        for remains in (old, *where.parent.glob(f".{where.name}.partial-*")):
            if remains.exists() and not _alive(remains):
                shutil.rmtree(remains)
        _replaceable(where)
        work.mkdir()
    except OSError as error:
        raise CannotWrite(f"{where} cannot be written: {error}. Choose another output folder") from error
    try:
        yield work
    except OSError as error:
        raise CannotWrite(f"{where} cannot be written: {error}. Is the disk full?") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _alive(remains: Path) -> bool:
    """Whether the run that made a partial folder still goes on."""
    pid = remains.name.rpartition("-")[2]
    if not pid.isdigit() or int(pid) == os.getpid():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _replaceable(where: Path) -> None:
    if where.exists() and (not where.is_dir() or any(where.iterdir())) and not (where / MANIFEST).exists():
        raise CannotWrite(
            f"{where} is there already and holds no prepared data; choose another output folder, or empty it"
        )


def _swap(made: Path, where: Path) -> None:
    """Puts the finished folder in its place."""
    old = where.with_name(f".{where.name}.old")
    if where.exists():
        where.rename(old)
    made.rename(where)
    shutil.rmtree(old, ignore_errors=True)


def _write(path: Path, said: object) -> None:
    path.write_text(json.dumps(said, indent=1, ensure_ascii=False), encoding="utf-8")
