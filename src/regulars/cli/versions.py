"""versions: which fitted models the service answers from."""

from datetime import UTC, datetime
from typing import Annotated

import polars as pl
import typer

from regulars.core.errors import SettingError
from regulars.serving.loading import verify
from regulars.serving.versions import Versions
from regulars.store import Version, open_store

from .app import HERE, AsJson, ConfigPath, verb
from .console import emit, say
from .project import Project
from .service import VERSIONS, store_address
from .tables import show

ACTS = ("list", "promote", "rollback", "shadow", "canary", "candidate", "retire")
_DONE = {
    "promote": "answers now",
    "shadow": "answers the same questions unseen; its lists are in the log of exposures, arm shadow",
    "candidate": "waits",
    "retire": "is retired",
}


@verb("regulars versions canary 20261122-114500 --share 0.05")
def versions(
    act: Annotated[str, typer.Argument(help=f"One of {', '.join(ACTS)}.")] = "list",
    name: Annotated[str, typer.Argument(help="Of a version; rollback needs none.")] = "",
    config: ConfigPath = HERE,
    share: Annotated[float, typer.Option("--share", help="Of the customers that a canary answers, up to 1.")] = 0.05,
    as_json: AsJson = False,
) -> None:
    """List the versions of the models, make one live, go back to the one before, or try one out.

    A shadow answers the same questions unseen; a canary answers a share of the customers, always the same ones.
    Running services follow within a second.
    """
    if act not in ACTS:
        raise SettingError(f"versions can {', '.join(ACTS)}; asked for was {act!r}")
    project = Project.open(config)
    store = open_store(store_address(project), create=False)
    try:
        kept = Versions(project.output / VERSIONS, store.models)
        said = "" if act == "list" else _acted(kept, act, name, share)
        found = kept.models.all()
    finally:
        store.close()
    if as_json:
        emit([_row(one) | {"facts": dict(one.facts)} for one in found])
        return
    if said:
        say(said)
    if found:
        show(pl.DataFrame([_row(one) for one in found], infer_schema_length=None), "versions", spare=("made", "items"))
    else:
        say("there is no version yet; make one with: regulars refit")


def _acted(kept: Versions, act: str, name: str, share: float) -> str:
    """What was done, in words."""
    if act == "rollback":
        return f"{kept.models.roll_back().name} answers again"
    if not name:
        raise SettingError(f"versions {act} needs the name of a version; regulars versions lists them")
    version = kept.known(name)
    if act in ("promote", "shadow", "canary"):
        verify(kept.path(version.name))
    if act == "promote":
        kept.models.promote(version.name)
    elif act == "canary":
        kept.models.stage(version.name, "canary", share)
        return f"{version.name} answers {share:.1%} of the customers"
    else:
        kept.models.stage(version.name, "retired" if act == "retire" else act)
    return f"{version.name} {_DONE[act]}"


def _row(version: Version) -> dict[str, object]:
    facts = version.facts
    return {
        "version": version.name,
        "stage": f"{version.stage} {version.share:.1%}" if version.share else version.stage,
        "made": datetime.fromtimestamp(version.made, UTC).strftime("%Y-%m-%d %H:%M"),
        "items": facts.get("items"),
        "events": facts.get("events"),
        "ndcg": facts.get("ndcg"),
        "methods": ", ".join(map(str, facts.get("methods", ()))),
    }
