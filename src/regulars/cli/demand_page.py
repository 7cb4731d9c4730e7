"""The page of a forecast: what every store will sell of every product, and how far off earlier forecasts were."""

from pathlib import Path

from regulars.core import Run
from regulars.forecasting import Combination, Forecaster
from regulars.report.demand import Demand

from .bars import stage
from .project import Project
from .reports import versions
from .whole import written

PAGE = "forecast.html"


def ready() -> None:
    """Raises MissingExtra where the page could not be made, so that nothing is fitted for it in vain."""
    from regulars.report.demand import plots

    assert plots


def write_demand(project: Project, found: Demand, way: Forecaster, run: Run) -> Path:
    """Writes the page into the output folder."""
    from regulars.report.demand.page import page

    members = way.members if isinstance(way, Combination) else (way,)
    facts = {
        "Method": ("weighed by how well they did before: " if len(members) > 1 else "") + "; ".join(map(str, members)),
        "Seed": str(run.seed),
        "Versions": versions(),
    }
    with stage(run, "write the page"):
        text = page(found, shop=project.config.name, protocol=facts)
        return written(project.made(PAGE), lambda path: path.write_text(text, encoding="utf-8"))
