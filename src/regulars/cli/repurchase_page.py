"""The page of buy-again: the coming weeks, and how well the methods told the newest ones."""

from pathlib import Path

import polars as pl

from regulars.core import Bools, Dataset, Run
from regulars.marketing.repurchase import REPURCHASE
from regulars.report.repurchase import Known, Repurchases

from .bars import stage
from .project import CATEGORY, Project
from .reports import versions
from .whole import written

PAGE = "buy-again.html"
BESIDE = ("frequency", "weibull")  # what is tried beside the method of the shop: quick, and hard to beat


def ready() -> None:
    """Raises MissingExtra where the page could not be made, so that nothing is fitted for it in vain."""
    from regulars.report.repurchase import plots

    assert plots


def known_to(project: Project, data: Dataset, allowed: Bools | None) -> Known:
    """The log with the names, groups and days of the shop; allowed: bool [n_items], which products may be named."""
    column = project.config.items.category or CATEGORY
    grouped = column in data.item_features.columns and not data.item_features[column].dtype.is_nested()
    groups = data.item_features[column].cast(pl.String) if grouped else pl.Series([], dtype=pl.String)
    return Known(data, project.item_names(data), groups, allowed, project.config.time.zone)


def write_repurchases(project: Project, found: Repurchases, run: Run) -> Path:
    """Writes the page into the output folder."""
    from regulars.report.repurchase.page import page

    facts = {
        "Method": f"{found.chosen}: {REPURCHASE[found.chosen]}",
        "Seed": str(run.seed),
        "Versions": versions(),
    }
    with stage(run, "write the page"):
        text = page(found, shop=project.config.name, protocol=facts)
        return written(project.made(PAGE), lambda path: path.write_text(text, encoding="utf-8"))
