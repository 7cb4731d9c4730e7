"""The application that the verbs hang on, and the guard that turns errors into messages and exit codes."""

import functools
import io
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ParamSpec, TypeVar

import typer

from regulars import __version__
from regulars.config import FILE
from regulars.core.errors import RegularsError

from .console import Exit, code_of, complain, say, tell

P = ParamSpec("P")
R = TypeVar("R")

app = typer.Typer(
    name="regulars",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: regulars demo",
)

ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="The shop's configuration file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of tables.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Of what is drawn at random; default: seed of regulars.toml.")]
Threads = Annotated[
    int | None, typer.Option(min=0, help="To fit with, 0 for all cores; default: threads of regulars.toml.")
]
Device = Annotated[
    str | None, typer.Option(help="Where networks learn: cpu, cuda, cuda:1, mps; default: device of regulars.toml.")
]
Maps = Annotated[
    list[str] | None,
    typer.Option("--map", help="Our name = your column of the events, as user=card_no; may be repeated."),
]
HERE = Path(FILE)


def mapped(pairs: list[str] | None) -> dict[str, str]:
    """What --map says: meaning -> the shop's column."""
    found = dict(pair.partition("=")[::2] for pair in pairs or ())
    if bad := next((name for name, column in found.items() if not name.strip() or not column.strip()), None):
        raise typer.BadParameter(f"--map wants our name = your column, such as user=card_no; it is {bad!r}")
    return {name.strip(): column.strip() for name, column in found.items()}


def _version(asked: bool) -> None:
    if asked:
        tell(f"regulars {__version__}")
        raise typer.Exit


@app.callback()
def regulars(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Recommendations for every customer and the whole catalog, from a shop's own tables."""


def verb(example: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function a command: its docstring and `example` are its help, its errors become exit codes."""

    def register(work: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(work)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return work(*args, **kwargs)
            except RegularsError as error:
                complain(error)
                raise typer.Exit(code_of(error)) from error
            except KeyboardInterrupt as stop:
                say("stopped; what is on disk is whole, run the same command again to go on")
                raise typer.Exit(Exit.INTERRUPTED) from stop

        app.command(epilog=f"Example: {example}")(guarded)
        return guarded

    return register


def main() -> None:
    """Entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without unicode is no reason to stop
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    app()
