"""store: what the service keeps, copied, moved and looked at."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import polars as pl
import typer

from regulars.core.errors import CannotWrite, SettingError
from regulars.store import Store, open_store

from .app import HERE, AsJson, ConfigPath, verb
from .console import emit, say
from .project import Project
from .service import store_address
from .tables import show

DONE = {
    "backup": "{path} is a whole copy; to go back to it, stop the service and put it in the place of the store",
    "dump": "{path} has everything as parquet files; regulars store restore reads it into an empty store",
    "restore": "the store has what is in {path}",
}


@verb("regulars store backup copies/monday.db")
def store(
    act: Annotated[str, typer.Argument(help=f"One of info, {', '.join(DONE)}.")] = "info",
    path: Annotated[str, typer.Argument(help="The file of a backup, the folder of a dump; info needs none.")] = "",
    config: ConfigPath = HERE,
    address: Annotated[str, typer.Option("--store", help="Another store than that of regulars.toml.")] = "",
    as_json: AsJson = False,
) -> None:
    """Tell what the store of the service has, or copy it while the service runs.

    backup makes a copy of an SQLite file; dump writes everything as parquet files, from either database; restore fills
    an empty store from a dump, also of the other database.
    """
    acts: dict[str, Callable[[Store, Path], None]] = {"backup": _backup, "dump": _dump, "restore": _restore}
    if act != "info" and act not in acts:
        raise SettingError(f"store can info, {', '.join(acts)}; asked for was {act!r}")
    if (act == "info") == bool(path):
        wanted = "info needs no path" if path else f"{act} needs a path, such as: regulars store {act} copies/monday"
        raise SettingError(wanted)
    url = address or store_address(Project.open(config))
    opened = open_store(url, create=act == "restore")
    try:
        if act in acts:
            acts[act](opened, Path(path))
        found = _found(opened, url)
    finally:
        opened.close()
    if as_json:
        emit(found)
        return
    if act in acts:
        say(DONE[act].format(path=path))
    show(pl.DataFrame({"of": list(found), "": [str(value) for value in found.values()]}), "store")


def _backup(opened: Store, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"{path.parent} cannot be made: {error.strerror or error}") from error
    opened.backup(path)


def _dump(opened: Store, path: Path) -> None:
    opened.dump(path)


def _restore(opened: Store, path: Path) -> None:
    opened.restore(path)


def _found(opened: Store, url: str) -> dict[str, Any]:
    """What is in the store; the address without its password."""
    newest = opened.events.since(opened.events.last_place() - 1, limit=1)
    live = [version.name for version in opened.models.all() if version.stage == "live"]
    parts = urlsplit(url)
    host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or ""
    return {
        "address": f"{parts.scheme}://{host}{parts.path}",
        "events": opened.events.count(),
        "items": opened.items.count(),
        "customers": opened.customers.count(),
        "exposures": opened.exposures.count(),
        "versions": len(opened.models.all()),
        "live": live[0] if live else "none",
        "keys": sum(not key.revoked for key in opened.keys.all()),
        "last stored event, of": _moment(newest[0].event.time) if newest else "none",
    }


def _moment(seconds: int) -> str:
    """A time as people read it; years beyond 9999 stay numbers."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (OverflowError, ValueError, OSError):
        return str(seconds)
