"""What the command line says and how: the terminal, exit codes, JSON for machines."""

import json
import sys
from enum import IntEnum
from typing import Any

from rich.console import Console
from rich.markup import escape

from regulars.core.errors import ConfigError, DataError, Interrupted, RegularsError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


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
    _tell(err, f"[bold red]error[/] ({kind}): {escape(str(error))}")


def say(text: str) -> None:
    """One line for people; it goes to the error stream so that --json stays clean."""
    _tell(err, escape(text))


def tell(text: str) -> None:
    """One line of the result, with marks for the terminal; what a shop wrote must be escaped."""
    _tell(out, text)


def _tell(console: Console, text: str) -> None:
    """Lines are broken between words in a terminal, and nowhere else: paths and messages stay whole in a log."""
    console.print(text, soft_wrap=not console.is_terminal)


def emit(value: Any) -> None:
    """One JSON document on the output stream."""
    plain = "utf" not in (getattr(sys.stdout, "encoding", "") or "").lower()
    json.dump(value, sys.stdout, indent=2, default=str, allow_nan=False, ensure_ascii=plain)
    sys.stdout.write("\n")
