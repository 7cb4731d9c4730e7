"""report: one page to show, from what the other commands left in the output folder."""

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from importlib.metadata import version
from typing import Any

import polars as pl

from regulars.core import Dataset, Frame, Queries, Recommender
from regulars.core.errors import CannotDo, ConfigError, UnreadableFile
from regulars.data import Prepared
from regulars.models import METHODS
from regulars.ranking import Unseen, passing
from regulars.report import Figures, Report, html
from regulars.report.choice import products

from .app import HERE, AsJson, ConfigPath, Quiet, verb
from .bars import stage, watched
from .compositions import described
from .console import emit, say
from .curves import frame
from .likeness import similar_items
from .project import Project
from .whole import written

_SIMILAR = 6
_PACKAGES = ("regulars", "numpy", "scipy", "numba", "polars")


@verb("regulars report")
def report(config: ConfigPath = HERE, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Write report.html: the shop, the check, the comparison, lists with reasons, what to do next."""
    project = Project.open(config)
    with watched(quiet=quiet or as_json) as run:
        prepared = project.prepared(run)
        with stage(run, "write the report"):
            page = html(contents(project, prepared))
            path = written(project.made("report.html"), lambda path: path.write_text(page, encoding="utf-8"))
    emit({"report": str(path)}) if as_json else say(f"the report is in {path}")


def contents(project: Project, prepared: Prepared) -> Report:
    """What the page is made from. Raises ConfigError when nothing was compared or recommended yet."""
    compared = project.compared()
    saved, data = project.fitted(prepared.dataset)
    return Report(
        shop=project.config.name,
        data=data,
        item_names=project.item_names(data),
        check=prepared.check,
        validation=Figures.read(compared["validation"]),
        test=Figures.read(compared["test"]),
        winner=compared["winner"],
        recommendations=_recommendations(project),
        similar=similar_to(project, saved.recommender, data),
        curves=frame({**compared.get("curves", {}), **_fitted(project).get("curves", {})}),
        settings=settings(project),
        protocol=protocol(project, compared),
    )


def _fitted(project: Project) -> dict[str, Any]:
    """What `regulars fit` noted of the model; nothing when it is not there."""
    try:
        said = json.loads((project.output / "model.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _recommendations(project: Project) -> Frame:
    path = project.output / "recommendations.parquet"
    if not path.exists():
        raise ConfigError(f"{path} is not there yet; make it with: regulars recommend")
    try:
        return pl.read_parquet(path, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UnreadableFile(f"{path} is damaged; make it again with: regulars recommend") from error


def similar_to(project: Project, recommender: Recommender, data: Dataset) -> Frame:
    """item_id, similar_item_id, rank, score for a product of the head and one of the tail that may be recommended.

    No rows when the recommender finds no similar items.
    """
    allowed = passing([rule for rule in project.filters(data) if not isinstance(rule, Unseen)], Queries.of([]))
    shown = None if allowed.mask is None else allowed.mask[0]
    items = data.items.known(products(data, shown))
    try:
        found = similar_items(recommender, items, _SIMILAR, allowed)
    except CannotDo:
        return pl.DataFrame()
    table = found.frame(data.items.names(items), data.items)
    return table.rename({"item_id": "similar_item_id", "user_id": "item_id"})


def settings(project: Project) -> dict[str, Mapping[str, object]]:
    """The settings of each method that was compared, defaults included."""
    project = project.as_compared()
    compared = {row["name"] for row in project.compared()["test"]["metrics"]}
    names = [*project.names(), *(name for name in METHODS if name in compared and name not in project.names())]
    methods = {name: project.method(name) for name in names if name not in project.composed}
    told: dict[str, Mapping[str, object]] = {name: _settings(method) for name, method in methods.items()}
    return told | {name: {what: ", ".join(of)} for name, what, of in described(project.config)}


def _settings(method: object) -> dict[str, object]:
    return asdict(method) if is_dataclass(method) and not isinstance(method, type) else {}


def protocol(project: Project, compared: Mapping[str, Any]) -> dict[str, str]:
    """What else is needed to do it again."""
    return {
        "winner chosen by": str(compared["decided_by"]),
        "validation": str(compared["validation"]["split"]),
        "test": str(compared["test"]["split"]),
        "recommended again": "no"
        if project.config.recommend.exclude_seen
        else "yes, items bought before may come back",
        "seed": str(project.config.seed),
        "versions": versions(),
        "machine": f"Python {platform.python_version()}, {platform.machine()}",
    }


def versions() -> str:
    """Of the packages that the figures depend on."""
    return ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
