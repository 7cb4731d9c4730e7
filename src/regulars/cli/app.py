"""The application that the verbs hang on, and the guard that turns errors into messages and exit codes."""

import functools
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ParamSpec, TypeVar

import typer

from regulars.config import FILE
from regulars.core.errors import RegularsError

from .console import Exit, code_of, complain, err

P = ParamSpec("P")
R = TypeVar("R")

app = typer.Typer(
    name="regulars",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Recommendations for every customer and the whole catalog, from a shop's own tables.",
    epilog="Start with: regulars demo",
)

ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="The shop's configuration file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of tables.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars.")]
HERE = Path(FILE)


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
                err.print("stopped; what is on disk is whole, run the same command again to go on")
                raise typer.Exit(Exit.INTERRUPTED) from stop

        app.command(epilog=f"Example: {example}")(guarded)
        return guarded

    return register


def main() -> None:
    """Entry point of the console script."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    app()
