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
from regulars.evaluation import Splitter, TimeSplit
from regulars.tuning import Exam, Facts, Nested, Plan, Study, nested
from regulars.tuning import advise as advised
from regulars.tuning import tune as search_settings
from regulars.tuning.advice import overview, table

from .app import HERE, AsJson, ConfigPath, Quiet, Seed, Threads, verb
from .bars import stage, watched
from .console import Exit, emit, say, tell
from .content import with_content
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
Folds = Annotated[
    int,
    typer.Option("--nested", min=0, help="Search again before so many earlier tests, and judge on each what is kept."),
]
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
    folds: Folds = 0,
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
    from regulars.report import studies

    project = Project.open(config)
    plan = _plan(project, trials, minutes, search)
    file = study or project.made(STUDY)
    if fresh:
        for old in (file, *file.parent.glob(f"{file.stem}-fold*{file.suffix}")):
            old.unlink(missing_ok=True)
    with watched(quiet=quiet or as_json, **project.how(seed, threads)) as run:
        prepared, _ = with_content(project, project.prepared(run), run)
        data, exam = _question(project, prepared)
        names, absent = _entrants(project, data, method)
        spaces = {name: project.space(name) for name in names}
        result = search_settings(spaces, data, exam=exam, plan=plan, file=file, run=run)
        tables = found(project, result)
        folded = None
        if folds and not result.stopped:
            ground, asked = _undated(exam, prepared.dataset, project.splitter())
            folded = nested(spaces, ground, folds=folds, exam=asked, plan=plan, file=file, run=run)
        with stage(run, "draw the study"):
            page = studies.html(result, project.config.name, folded)
            made = [written(project.made("tuning.html"), lambda path: path.write_text(page, encoding="utf-8"))]
            made += studies.draw(result, plots) if plots else []
    path = written(project.made(TUNED), lambda path: path.write_text(text(result, tables), encoding="utf-8"))
    if write and tables:
        write_into(config, tables)
    if as_json:
        more = {} if folded is None else {"nested": folded.frame().fill_nan(None).to_dicts()}
        emit({**result.as_dict(), **more, "absent": absent, "study": str(file), "tuned": str(path)})
    else:
        tell_study(result, absent)
        if folded is not None:
            tell_nested(folded)
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
    return Exam(splitter, project.judged_by, k, project.filters(data), given.customers)


def _entrants(project: Project, data: Dataset, asked: Sequence[str] | None) -> tuple[list[str], dict[str, str]]:
    """The methods that are tuned, and why others are not: those that the data cannot support, unless asked for."""
    names = list(asked or project.config.tune.methods)
    if composed := [name for name in names if name in project.composed]:
        raise ConfigError(
            f"{composed[0]} is a blend, a pipeline or a route; tune the methods that it is made of: "
            + ", ".join(project.parts(composed[0]))
        )
    if names:
        return names, {}
    names = [name for name in project.names() if name not in project.composed]
    facts = Facts.of(data)
    refused = {name: one.said for name in names for one in advised(facts, [project.kind(name)]) if not one.possible}
    return [name for name in names if name not in refused], refused


def _undated(exam: Exam, data: Dataset, splitter: Splitter) -> tuple[Dataset, Exam]:
    """The data and the exam of nested folds: a test from a date becomes the last days of the log until its end."""
    if not isinstance(splitter, TimeSplit) or not splitter.date:
        return data, replace(exam, splitter=splitter)
    _, end = splitter.window(data)
    return data.before(end), replace(exam, splitter=replace(splitter, date=""))


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


def tell_nested(folded: Nested) -> None:
    """What tuning promised and what it kept, method by method."""
    rows = folded.summary()
    gains = [pl.Series(name, [_gain(value) for value in rows[name]]) for name in ("promised", "kept")]
    shown = rows.select("method", "folds", *gains, "better", "worse", "chosen")
    show(shown, f"{folded.figure}: settings chosen inside, judged on the test of each fold")
    tell(escape(folded.said()))


def _gain(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:+.1%}"
