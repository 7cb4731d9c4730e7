"""Mailing: lists for every customer of the service's store, through its scenarios."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from regulars.core import Run
from regulars.core.errors import ConfigError
from regulars.serving.batch import TOGETHER, everybody, mailed, rows_of
from regulars.serving.questions import Question
from regulars.serving.wiring import open_service
from regulars.store import open_store

from .bars import watched
from .console import emit, say
from .project import Project
from .service import setup_of, store_address
from .tables import show
from .whole import written


def mail(
    project: Project, config: Path, asked: Question, customers: Sequence[str], *, as_json: bool, quiet: bool
) -> None:
    """Asks a scenario for every customer, or for some; writes recommendations-SCENARIO.parquet and .csv."""
    setup = setup_of(project, config, Run(**project.how()))
    store = open_store(store_address(project), create=False)
    service = open_service(setup, store, scheduled=False)
    try:
        if not service.ready():
            raise ConfigError(f"the service cannot answer yet: {service.follower.problems}")
        service.follower.catch_up()
        service.engine.check(asked)
        parts = [list(customers)] if customers else everybody(store, TOGETHER)
        with watched(quiet=quiet or as_json) as run:
            frames = list(mailed(service.engine, asked, parts, run))
    finally:
        service.close()
    frame = pl.concat(frames) if frames else rows_of([])
    if customers:
        emit(frame.to_dicts()) if as_json else show(
            frame.drop("exposure_id"), asked.scenario, spare=("score", "source")
        )
        return
    stem = f"recommendations-{asked.scenario}"
    files = [
        written(project.made(f"{stem}.parquet"), frame.write_parquet),
        written(project.made(f"{stem}.csv"), frame.write_csv),
    ]
    facts = {
        "scenario": asked.scenario,
        "customers": frame["user_id"].n_unique(),
        "rows": frame.height,
        "files": [str(file) for file in files],
    }
    if as_json:
        emit(facts)
    else:
        say(f"{frame.height:,} lines for {facts['customers']:,} customers: {' and '.join(map(str, files))}")
