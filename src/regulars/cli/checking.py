"""check: from the tables of the configuration to a checked dataset."""

from typing import Annotated

import typer
from rich.markup import escape

from .app import HERE, AsJson, ConfigPath, Maps, Quiet, mapped, verb
from .bars import watched
from .console import Exit, emit, say, tell
from .content import content_json, tell_content, with_content
from .findings import tell_check
from .project import Project


@verb("regulars check --strict")
def check(
    config: ConfigPath = HERE,
    maps: Maps = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 5 when rows were quarantined.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Read the shop's tables, keep every row that can be used, quarantine every other with its reason."""
    given = mapped(maps)
    project = Project.open(config).mapping(given)
    with watched(quiet=quiet or as_json) as run:
        prepared, coverages = with_content(project, project.prepared(run), run)
    if as_json:
        emit({**prepared.check.json(), "content": content_json(coverages)})
    else:
        tell_check(prepared.check, prepared.folder)
        tell_content(coverages, prepared.dataset.items.ids)
        tell(f"the checked dataset is in {escape(str(project.output / 'prepared'))}")
        if given:
            line = ", ".join(f'{meaning} = "{column}"' for meaning, column in given.items())
            say(f"the mapping held for this check alone; to keep it, write under [events.columns] in {config}: {line}")
    if strict and prepared.check.quarantined:
        raise typer.Exit(Exit.FOUND)
