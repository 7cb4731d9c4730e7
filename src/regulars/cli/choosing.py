"""tune and advise: which settings are best for this shop, and which methods its data can support."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.markup import escape

from regulars.core import Dataset
from regulars.core.errors import ConfigError
from regulars.data import Prepared
from regulars.evaluation import Splitter
from regulars.tuning import Exam, Facts, Plan, Study
from regulars.tuning import advise as advised
from regulars.tuning import tune as search_settings
from regulars.tuning.advice import overview, table

from .app import HERE, AsJson, ConfigPath, Quiet, Seed, Threads, verb
from .bars import stage, watched
from .console import Exit, emit, say, tell
from .contests import Methods, Plots, tell_pictures
from .periods import tested
from .project import TUNED, Project
from .tables import show
from .tuned import found, text, write_into
from .whole import written

STUDY = "study.db"
Trials = Annotated[
    int | None,
    typer.Option(min=1, help="Trials of all methods together, earlier runs included; default: 15 for each method."),
]
Minutes = Annotated[float | None, typer.Option(min=0.0, help="Stop after so many minutes; default: no limit.")]
SearchBy = Annotated[str | None, typer.Option("--search", help="bayes learns from trials, grid tries combinations.")]
StudyPath = Annotated[
    Path | None, typer.Option("--study", help="The study file (SQLite) that is begun or gone on with.")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Begin the study anew instead of going on with it.")]
Write = Annotated[bool, typer.Option("--write", help="Put the best settings into regulars.toml.")]


@verb("regulars tune --method als --minutes 10")
def tune(
    config: ConfigPath = HERE,
    method: Methods = None,
    trials: Trials = None,
    minutes: Minutes = None,
    search: SearchBy = None,
    study: StudyPath = None,
    fresh: Fresh = False,
    write: Write = False,
    seed: Seed = None,
    threads: Threads = None,
    plots: Plots = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Search the settings of methods on the validation period; the test period is not looked at.

    Every finished trial is kept at once: stop whenever you like, the same command goes on. The best settings are
    written to tuned.toml in the output folder, where `regulars compare --all` finds them.
    """
    project = Project.open(config)
    plan = _plan(project, trials, minutes, search)
    file = study or project.made(STUDY)
    if fresh:
        file.unlink(missing_ok=True)
    with watched(quiet=quiet or as_json, **project.how(seed, threads)) as run:
        data, exam = _question(project, project.prepared(run))
        names, absent = _entrants(project, data, method)
        spaces = {name: project.space(name) for name in names}
        result = search_settings(spaces, data, exam=exam, plan=plan, file=file, run=run)
        tables = found(project, result)
        with stage(run, "draw the study"):
            made = _pictures(project, result, plots)
    path = written(project.made(TUNED), lambda path: path.write_text(text(result, tables), encoding="utf-8"))
    if write and tables:
        write_into(config, tables)
    if as_json:
        emit({**result.as_dict(), "absent": absent, "study": str(file), "tuned": str(path)})
    else:
        tell_study(result, absent)
        say(f"the best settings are in {config if write else path}; the study is in {file}")
        tell_pictures(made)
    if result.stopped:
        say("stopped; every finished trial is kept, the same command goes on")
        raise typer.Exit(Exit.INTERRUPTED)


@verb("regulars advise")
def advise(config: ConfigPath = HERE, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Say which methods this shop's data can support, and what each of the others would need."""
    project = Project.open(config)
    with watched(quiet=quiet or as_json) as run:
        facts = Facts.of(project.prepared(run).dataset)
    given = advised(facts)
    if as_json:
        said = [{"method": one.method, "works_here": str(one.verdict), "why": one.said} for one in given]
        emit({"shop": overview(facts), "methods": said})
        return
    for sentence in overview(facts):
        tell(escape(sentence))
    show(table(given), "What the methods find here")


def _plan(project: Project, trials: int | None, minutes: float | None, search: str | None) -> Plan:
    """What the command line says, else what the file says."""
    plan = project.plan()
    return replace(
        plan,
        trials=plan.trials if trials is None else trials,
        minutes=plan.minutes if minutes is None else minutes,
        search=search or plan.search,
    )


def _question(project: Project, prepared: Prepared) -> tuple[Dataset, Exam]:
    """What may be looked at, which ends where the test begins, and how trials are judged."""
    test, earlier = tested(project, prepared)
    return test.train, exam_of(project, earlier, test.train)


def exam_of(project: Project, splitter: Splitter, data: Dataset) -> Exam:
    """How a trial is judged, by [tune]."""
    given = project.config.tune
    k = given.k or project.config.recommend.k
    return Exam(splitter, given.metric, k, project.filters(data), given.customers)


def _entrants(project: Project, data: Dataset, asked: Sequence[str] | None) -> tuple[list[str], dict[str, str]]:
    """The methods that are tuned, and why others are not: those that the data cannot support, unless asked for."""
    names = list(asked or project.config.tune.methods)
    if blends := [name for name in names if name in project.config.blends]:
        raise ConfigError(
            f"{blends[0]} is a blend; tune the methods that it is made of: {', '.join(project.parts(blends[0]))}"
        )
    if names:
        return names, {}
    names = [name for name in project.names() if name not in project.config.blends]
    facts = Facts.of(data)
    refused = {name: one.said for name in names for one in advised(facts, [project.kind(name)]) if not one.possible}
    return [name for name in names if name not in refused], refused


def _pictures(project: Project, study: Study, plots: Path | None) -> list[Path]:
    """The page of the study, and single pictures where they are asked for."""
    from regulars.report import studies

    page = studies.html(study, project.config.name)
    made = [written(project.made("tuning.html"), lambda path: path.write_text(page, encoding="utf-8"))]
    return made + (studies.draw(study, plots) if plots else [])


def tell_study(study: Study, absent: dict[str, str]) -> None:
    """The methods in the order of their best trials, and what was found."""
    rows = study.standings()
    shown = rows.select(
        "method",
        "trials",
        pl.col("pruned").alias("stopped early"),
        "failed",
        pl.col("start").alias("at first"),
        "best",
        pl.Series("gain", [_gain(value) for value in rows["gain"]]),
        "seconds",
    )
    show(shown, f"{study.figure} on the validation period", spare=("failed", "seconds", "stopped early"))
    for name, reason in (*rows.filter(pl.col("reason") != "").select("method", "reason").rows(), *absent.items()):
        tell(f"[yellow]without[/] {escape(name)}: {escape(reason)}")
    for name in study.names()[:1]:
        said = ", ".join(f"{key} = {value}" for key, value in study.changed(name).items()) or "the defaults"
        tell(f"best: [bold]{escape(name)}[/] with {escape(said)}")


def _gain(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:+.1%}"
