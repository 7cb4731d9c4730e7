"""init: from a folder of files to a configuration."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.markup import escape

from regulars.core.errors import ConfigError
from regulars.data import Findings, inspect
from regulars.data.files import expanded

from . import whole
from .app import HERE, AsJson, ConfigPath, Maps, mapped, verb
from .console import emit, say, tell
from .tables import show
from .template import written


@verb("regulars init exports/*.csv")
def init(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders with the shop's tables.")],
    config: ConfigPath = HERE,
    maps: Maps = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a configuration that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at a shop's files, guess what they mean, and write a commented regulars.toml.

    Where a guess is wrong, say it: --map user=card_no --map time=till_time.
    """
    if config.exists() and not force:
        raise ConfigError(f"{config} is there already; use --force to replace it, or --config for another name")
    findings = inspect(_tables(paths), mapped(maps))
    text = written(findings, config.parent)
    whole.written(config, lambda path: path.write_text(text, encoding="utf-8"))
    if as_json:
        emit({"config": str(config), **findings.json()})
        return
    tell_findings(findings)
    say(f"{config} is written; read it, mend what was guessed wrong, then run: regulars check")


def _tables(paths: Iterable[Path]) -> Iterator[Path]:
    """The files that the paths stand for, without those that Regulars made in an output folder among them."""
    for given in paths:
        for file in expanded(str(given)):
            inner = [folder for folder in file.parents if given in folder.parents]
            if not any((folder / "prepared" / "manifest.json").exists() for folder in inner):
                yield file


def tell_findings(findings: Findings) -> None:
    """The tables that were found, and the files that cannot be read."""
    rows = [
        {
            "table": table.what,
            "files": ", ".join(table.paths[:3]) + (f" and {len(table.paths) - 3} more" if table.paths[3:] else ""),
            "rows": table.rows,
            "columns": ", ".join(f"{meaning} = {column}" for meaning, column in table.columns.items()),
        }
        for table in findings.tables
    ]
    show(pl.DataFrame(rows), "Tables")
    for table in findings.tables:
        empty = () if table.rows else (f"{table.paths[0]} has a header and no rows",)
        for note in (*table.notes, *empty):
            tell(f"[yellow]look at[/] {escape(note)}")
    for refusal in findings.refused:
        tell(f"[yellow]cannot be read[/] {escape(refusal)}")
