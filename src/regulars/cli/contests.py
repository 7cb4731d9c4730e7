"""evaluate and compare: how good are the methods on what customers did next?"""

from typing import Annotated

import polars as pl
import typer

from regulars.core.errors import ConfigError
from regulars.evaluation import Comparison

from .app import HERE, AsJson, ConfigPath, Quiet, verb
from .console import emit, out, say, show, watched
from .contest import DECIDES, contest, cutoffs, judged, splits
from .project import Project

Methods = Annotated[list[str] | None, typer.Option("--method", "-m", help="A method or blend; may be repeated.")]


@verb("regulars evaluate als --on validation")
def evaluate(
    method: Annotated[str, typer.Argument(help="A method or blend of the configuration.")],
    config: ConfigPath = HERE,
    on: Annotated[str, typer.Option(help="Which period: validation or test.")] = "validation",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Fit one method on the past and judge its lists on what came after.

    Choose settings on the validation period; look at the test period once, at the end.
    """
    project = Project.open(config)
    if on not in ("validation", "test"):
        raise ConfigError(f"--on must be validation or test; it is {on!r}")
    with watched(quiet=quiet or as_json, seed=project.config.seed, threads=project.config.threads) as run:
        data = project.prepared(run).dataset
        split = splits(project, data)[on == "test"]
        _, comparison = judged(project, split, (method,), run)
    if as_json:
        emit(comparison.as_dict())
        return
    say(f"{split.name}: {len(split):,} customers asked")
    show(comparison.evaluations[method].frame(), method)


@verb("regulars compare --method als --method item_knn")
def compare(config: ConfigPath = HERE, method: Methods = None, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Compare methods: choose the winner on the validation period, report all of them on the test period.

    Every difference comes with a 95 % interval and a verdict; "no difference" means that the data cannot tell.
    """
    project = Project.open(config)
    with watched(quiet=quiet or as_json, seed=project.config.seed, threads=project.config.threads) as run:
        data = project.prepared(run).dataset
        result = contest(project, data, tuple(method or project.names()), run)
    summary = {
        "winner": result.winner,
        "decided_by": f"{DECIDES}@{cutoffs(project)[0]} on validation",
        "validation": result.validation.as_dict(),
        "test": result.test.as_dict(),
    }
    path = project.write("comparison.json", summary)
    if as_json:
        emit(summary)
        return
    tell(result.test, result.winner, cutoffs(project)[0])
    say(f"written to {path}")


def tell(comparison: Comparison, winner: str, k: int) -> None:
    """The comparison as tables for the terminal."""
    for metric in (f"ndcg@{k}", f"recall@{k}", f"hit_rate@{k}"):
        show(standings(comparison, metric), f"{metric} on the test period")
    show(lists(comparison), "The lists as a whole")
    show(comparison.cost(), "Cost")
    out.print(f"chosen on the validation period: [bold]{winner}[/]")


def standings(comparison: Comparison, metric: str) -> pl.DataFrame:
    """One metric, the best first: mean, 95 % interval, distance to the best with its interval, p value, verdict."""
    return (
        comparison.frame()
        .filter(pl.col("metric") == metric)
        .sort("mean", descending=True, maintain_order=True)
        .select(
            "name",
            "mean",
            _span("low", "high").alias("95 % interval"),
            "difference",
            _span("difference_low", "difference_high").alias("its interval"),
            "p",
            "verdict",
        )
    )


def lists(comparison: Comparison) -> pl.DataFrame:
    """Coverage, popularity, overlap and the rest, a column each."""
    frame = comparison.catalog()
    first = frame["metric"].str.split("@").list.last()[0]
    chosen = frame.filter(pl.col("metric").str.ends_with(f"@{first}"))
    return chosen.pivot("metric", index="name", values="value", maintain_order=True)


def _span(low: str, high: str) -> pl.Expr:
    return pl.format("{} to {}", pl.col(low).round(4), pl.col(high).round(4))
