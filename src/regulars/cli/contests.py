"""evaluate and compare: how good are the methods on what customers did next?"""

import math
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.markup import escape

from regulars.evaluation import FALLING, Comparison, direction

from .app import HERE, AsJson, ConfigPath, Device, Quiet, Seed, Threads, verb
from .bars import stage, watched
from .console import emit, say, tell
from .content import with_content
from .contest import contest, cutoffs, decides, judged
from .league import league
from .periods import splits
from .pictures import draw
from .project import COMPARISON, Project
from .tables import cell, show

INTERVALS = ("95 % interval", "interval of the difference")
SPARE = ("filled", "category diversity", "popularity")  # what a narrow terminal does without
Plots = Annotated[Path | None, typer.Option("--plots", help="A folder for pictures (SVG) of the figures.")]
Methods = Annotated[list[str] | None, typer.Option("--method", "-m", help="A method or composition; may be repeated.")]

Every = Annotated[bool, typer.Option("--all", help="Every method that the data support, at tuned settings if any.")]
Limit = Annotated[
    float | None, typer.Option(min=0.0, help="With --all: seconds that a method may take on each period.")
]


class Period(StrEnum):
    """Which of the two tests."""

    VALIDATION = "validation"
    TEST = "test"


@verb("regulars evaluate als --on validation")
def evaluate(
    method: Annotated[str, typer.Argument(help="A method, blend, pipeline or route.")],
    config: ConfigPath = HERE,
    on: Annotated[Period, typer.Option(help="Which period.")] = Period.VALIDATION,
    seed: Seed = None,
    threads: Threads = None,
    device: Device = None,
    plots: Plots = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Fit one method on the past and judge its lists on what came after.

    Choose settings on the validation period; look at the test period once, at the end.
    """
    project = Project.open(config)
    with watched(quiet=quiet or as_json, **project.how(seed, threads, device)) as run:
        prepared, _ = with_content(project, project.prepared(run), run)
        split = splits(project, prepared)[on is Period.TEST]
        _, comparison = judged(project, split, (method,), run)
        with stage(run, "measure the intervals"):
            result = comparison.as_dict() if as_json else comparison.evaluations[method].frame()
            made = draw(comparison, method, plots) if plots else []
    if isinstance(result, dict):
        emit(result)
        return
    say(f"{split.name}: {len(split):,} customers asked")
    show(result, method)
    tell_pictures(made)


@verb("regulars compare --method als --method item_knn")
def compare(
    config: ConfigPath = HERE,
    method: Methods = None,
    every: Every = False,
    limit: Limit = None,
    seed: Seed = None,
    threads: Threads = None,
    device: Device = None,
    plots: Plots = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare methods: choose the winner on the validation period, report all of them on the test period.

    Every difference comes with a 95 % interval and a verdict; "no difference" means that the data cannot tell.
    With --all every method takes part that the data support, at the settings that `regulars tune` found where it did.
    """
    if every and method:
        raise typer.BadParameter("--all takes every method; name single ones with --method, without --all")
    project = Project.open(config)
    project = project.tuned_by_search() if every else project
    absent: Mapping[str, str] = {}
    with watched(quiet=quiet or as_json, **project.how(seed, threads, device)) as run:
        prepared, _ = with_content(project, project.prepared(run), run)
        if every:
            played = league(project, prepared, run, math.inf if limit is None else limit)
            result, absent = played.contest, played.absent
        else:
            result = contest(project, prepared, tuple(method or project.names()), run)
        with stage(run, "measure the differences"):
            summary = {
                "winner": result.winner,
                "decided_by": f"{decides(project)} on validation",
                "validation": result.validation.as_dict(),
                "test": result.test.as_dict(),
                "absent": dict(absent),
                "tuned": dict(project.tuned),
                "curves": result.curves,
            }
            made = draw(result.test, result.winner, plots) if plots else []
    path = project.write(COMPARISON, summary)
    if as_json:
        emit(summary)
        return
    if every:
        tell_league(result.test, result.winner, decides(project))
        for name, reason in absent.items():
            tell(f"[yellow]without[/] {escape(name)}: {escape(reason)}")
    else:
        tell_contest(result.test, result.winner, cutoffs(project)[0])
    say(f"written to {path}")
    tell_pictures(made)


def tell_pictures(made: list[Path]) -> None:
    """Where the pictures are, if any were asked for."""
    if made:
        say(f"pictures: {', '.join(str(path) for path in made)}")


def tell_contest(comparison: Comparison, winner: str, k: int) -> None:
    """The comparison as tables for the terminal."""
    for metric in (f"ndcg@{k}", f"recall@{k}", f"hit_rate@{k}", *(m for m in FALLING if m in comparison.metrics)):
        show(standings(comparison, metric), f"{metric} on the test period", spare=("p", "difference"), whole=INTERVALS)
    show(lists(comparison), f"The {k} items of each list, all lists together", spare=SPARE)
    show(costs(comparison), "Cost: seconds to fit, of CPU time to fit, to answer; megabytes", spare=("CPU",))
    tell(f"chosen on the validation period: [bold]{escape(winner)}[/]")


def tell_league(comparison: Comparison, winner: str, metric: str) -> None:
    """One table of all: how good, how sure, at what cost; and who cannot be told from the best."""
    ranked = standings(comparison, metric).select("name", "mean", INTERVALS[0], "verdict")
    table = ranked.join(costs(comparison).drop("CPU"), on="name", how="left", maintain_order="left")
    title = f"{metric} on the test period; seconds to fit and to answer, megabytes"
    show(table, title, spare=("peak MB", "answer"), whole=(INTERVALS[0],))
    alike = ranked.filter(pl.col("verdict") == "no difference")["name"].to_list()
    best = escape(ranked["name"][0])
    said = f"no difference between {best} and {escape(', '.join(alike))}" if alike else f"{best} is ahead of all others"
    tell(f"{said}; p values are corrected for {ranked.height - 1} comparisons (Holm)")
    tell(f"chosen on the validation period: [bold]{escape(winner)}[/]")


def standings(comparison: Comparison, metric: str) -> pl.DataFrame:
    """One metric, the best first: mean, 95 % interval, distance to the best with its interval, p value, verdict."""
    return (
        comparison.frame()
        .filter(pl.col("metric") == metric)
        .sort("mean", descending=direction(metric) > 0, maintain_order=True)
        .select(
            "name",
            "mean",
            _span("low", "high").alias(INTERVALS[0]),
            "difference",
            _span("difference_low", "difference_high").alias(INTERVALS[1]),
            "p",
            "verdict",
        )
    )


def lists(comparison: Comparison) -> pl.DataFrame:
    """Coverage, popularity, overlap and the rest, a column each."""
    frame = comparison.catalog()
    first = frame["metric"].str.split("@").list.last()[0]
    chosen = frame.filter(pl.col("metric").str.ends_with(f"@{first}"))
    table = chosen.pivot("metric", index="name", values="value", maintain_order=True)
    return table.rename(lambda name: name.removesuffix(f"@{first}").replace("_", " "))


def costs(comparison: Comparison) -> pl.DataFrame:
    """What each recommender took."""
    words = {"fit_seconds": "fit", "fit_cpu_seconds": "CPU", "answer_seconds": "answer", "peak_mb": "peak MB"}
    table = comparison.cost()
    return table.select("name", *(pl.col(name).alias(word) for name, word in words.items() if name in table.columns))


def _span(low: str, high: str) -> pl.Expr:
    ends = (pl.col(name).map_elements(cell, return_dtype=pl.String) for name in (low, high))
    return pl.format("{} to {}", *ends)
