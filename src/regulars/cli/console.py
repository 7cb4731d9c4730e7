"""What the command line says and how: the terminal, progress bars, exit codes, JSON for machines."""

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from regulars.core import Progress as Step
from regulars.core import Run
from regulars.core.errors import ConfigError, DataError, Interrupted, RegularsError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
log = logging.getLogger(__name__)
_WAIT = 2.0  # seconds before a bar appears; what ends sooner needs none


class Exit(IntEnum):
    """What the exit code of every command means."""

    DONE = 0
    FAILED = 1  # an error that is not the user's to mend; the traceback is shown
    USAGE = 2  # the command line cannot be understood
    DATA = 3  # the shop's tables cannot be used as they are
    CONFIG = 4  # regulars.toml cannot be understood, or a file that a command needs is not there
    FOUND = 5  # `check --strict`: rows were quarantined
    INTERRUPTED = 130  # stopped by the user; what is on disk is whole


def code_of(error: RegularsError) -> Exit:
    """The exit code for an error that the user can act on."""
    if isinstance(error, DataError):
        return Exit.DATA
    return Exit.INTERRUPTED if isinstance(error, Interrupted) else Exit.CONFIG


def complain(error: RegularsError) -> None:
    """The error in one paragraph on the error stream."""
    kind = "configuration" if isinstance(error, ConfigError) else type(error).__name__
    err.print(f"[bold red]error[/] ({kind}): {escape(str(error))}")


def say(text: str) -> None:
    """One line for people; it goes to the error stream so that --json stays clean."""
    err.print(text)


def emit(value: Any) -> None:
    """One JSON document on the output stream."""
    json.dump(value, sys.stdout, indent=2, default=str, allow_nan=False, ensure_ascii=False)
    sys.stdout.write("\n")


def show(frame: pl.DataFrame, title: str = "") -> None:
    """A table for the terminal: numbers to the right, floats with four digits."""
    table = Table(title=title or None, title_justify="left", title_style="bold")
    for name, kind in frame.schema.items():
        table.add_column(name, justify="right" if kind.is_numeric() else "left", overflow="fold")
    for row in frame.iter_rows():
        table.add_row(*(cell(value) for value in row))
    out.print(table)


def cell(value: Any) -> str:
    """One value as people read it."""
    if value is None or (isinstance(value, float) and value != value):
        return "-"
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else escape(str(value))


@contextmanager
def watched(*, quiet: bool, seed: int = 0, threads: int = 0) -> Iterator[Run]:
    """A Run whose work draws bars on the error stream once it takes longer than two seconds."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    with Progress(*columns, console=err, transient=True, disable=quiet) as bars:
        yield Run(seed=seed, threads=threads, on_epoch=_Bars(bars))


class _Bars:
    """Draws one bar per task; it changes as the work goes on."""

    def __init__(self, bars: Progress) -> None:
        self.bars = bars
        self.begun: dict[str, float] = {}
        self.drawn: dict[str, TaskID] = {}

    def __call__(self, step: Step) -> None:
        now = time.monotonic()
        if now - self.begun.setdefault(step.task, now) < _WAIT and step.task not in self.drawn:
            return
        if step.task not in self.drawn:
            self.drawn[step.task] = self.bars.add_task(step.task, total=step.total, figures="")
        figures = "  ".join(f"{name} {value:.4g}" for name, value in step.figures)
        self.bars.update(self.drawn[step.task], completed=step.done, total=step.total, figures=figures)
        if step.done >= step.total:
            self.bars.remove_task(self.drawn.pop(step.task))
            self.begun.pop(step.task)
