"""load: the shop's tables into the store of the service."""

from dataclasses import asdict
from typing import Annotated

import typer

from regulars.store import open_store

from .app import HERE, AsJson, ConfigPath, Quiet, verb
from .bars import watched
from .console import emit, say
from .project import Project
from .service import load_tables, store_address


@verb("regulars load")
def load(
    config: ConfigPath = HERE,
    again: Annotated[
        bool, typer.Option("--again", help="Look at every row, though these tables are in the store already.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Bring the events, items and customers of the shop's tables into the store of the service.

    It may be run again, and goes on where it was stopped: an event that is there is not stored twice, an item or
    customer gets the fields of its row where the tables have changed.
    """
    project = Project.open(config)
    store = open_store(store_address(project))
    try:
        with watched(quiet=quiet or as_json) as run:
            filled, _ = load_tables(project, store, run, again=again)
    finally:
        store.close()
    if as_json:
        emit(asdict(filled))
        return
    say(
        f"{filled.events:,} events are stored, {filled.known:,} were there; "
        f"{filled.items:,} items, {filled.customers:,} customers"
        + (f"; {filled.erased:,} who were erased did not come back with what was before" if filled.erased else "")
    )
