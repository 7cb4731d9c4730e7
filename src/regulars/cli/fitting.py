"""fit, recommend and similar: a model folder, and answers from it for everybody."""

from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
import typer

from regulars.core import Ints
from regulars.core.errors import UnknownId
from regulars.models.kinds.saving import load, save

from .answering import Answers, answered
from .app import HERE, AsJson, ConfigPath, Quiet, verb
from .console import emit, out, say, show, watched
from .learning import chosen, learn, with_fallback
from .likeness import similar_items
from .project import Project


@verb("regulars fit --method als")
def fit(
    config: ConfigPath = HERE,
    method: Annotated[str, typer.Option("--method", "-m", help="A method or blend; default: the chosen one.")] = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Fit the chosen method, and the ladder that stands in for it, on all events; save the model folder."""
    project = Project.open(config)
    name = method or chosen(project)
    with watched(quiet=quiet or as_json, seed=project.config.seed, threads=project.config.threads) as run:
        data = project.prepared(run).dataset
        learned = learn(project, data, (name, *project.config.recommend.fallback), run)
    save(with_fallback(project, name, learned), project.made("model"), data.items)
    facts = {"model": str(project.model), "method": name, "seconds": round(learned[name].seconds, 3)}
    project.write("model.json", facts)
    if as_json:
        emit(facts)
        return
    out.print(f"{name}, fitted in {learned[name].seconds:.1f} s on {len(data):,} events, is in {project.model}")


@verb("regulars recommend --customer 1364 --customer 2070")
def recommend(
    config: ConfigPath = HERE,
    customer: Annotated[
        list[str] | None, typer.Option("--customer", help="A customer's id; may be repeated. Default: everybody.")
    ] = None,
    k: Annotated[int, typer.Option("-k", help="Items per customer; default: [recommend] k.")] = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Recommend to every customer, with a reason in words; write recommendations.parquet and .csv."""
    project = Project.open(config)
    with watched(quiet=quiet or as_json) as run:
        data = project.prepared(run).dataset
        saved = load(project.model)
        saved.check(data.items)
        answers = Answers(saved.recommender, data, project.filters(data), project.item_names(data))
        users = data.users.known(customer, "customer") if customer else _everybody(data.n_users)
        frame = answered(answers, users, k or project.config.recommend.k, run)
    if customer:
        emit(frame.to_dicts()) if as_json else show(_named(frame, data.items.ids, answers.names))
        return
    files = [project.made(f"recommendations.{kind}") for kind in ("parquet", "csv")]
    put(frame, files)
    facts = {"customers": frame["user_id"].n_unique(), "rows": frame.height, "files": [str(file) for file in files]}
    emit(facts) if as_json else say(f"{facts['rows']:,} lines for {facts['customers']:,} customers: {files[0]}, .csv")


@verb("regulars similar 1082185 -k 5")
def similar(
    item: Annotated[list[str], typer.Argument(help="Ids of items.")],
    config: ConfigPath = HERE,
    k: Annotated[int, typer.Option("-k", help="How many.")] = 10,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """The items most like each of the given ones, by the fitted model."""
    project = Project.open(config)
    with watched(quiet=quiet or as_json) as run:
        data = project.prepared(run).dataset
    saved = load(project.model)
    saved.check(data.items)
    items = data.items.known(item, "item")
    found = similar_items(saved.recommender, items, k)
    frame = found.frame(data.items.names(items), data.items).rename({"user_id": "of"})
    emit(frame.to_dicts()) if as_json else show(_named(frame, data.items.ids, project.item_names(data)))
    if not frame.height:
        raise UnknownId(f"the model knows nothing like {', '.join(item)}; too few customers met it")


def put(frame: pl.DataFrame, files: list[Path]) -> None:
    """The table as Parquet and CSV, each whole or not at all."""
    from regulars.core.errors import CannotWrite

    for file in files:
        scratch = file.with_suffix(".part")
        try:
            if file.suffix == ".parquet":
                frame.write_parquet(scratch)
            else:
                frame.write_csv(scratch)
            scratch.replace(file)
        except OSError as error:
            raise CannotWrite(f"{file} cannot be written: {error}") from error


def _everybody(n_users: int) -> Ints:
    return np.arange(n_users, dtype=np.int32)


def _named(frame: pl.DataFrame, ids: pl.Series, names: pl.Series) -> pl.DataFrame:
    """The table with what people call each item beside its id."""
    known = pl.DataFrame({"item_id": ids, "item": names})
    joined = frame.join(known, on="item_id", how="left", maintain_order="left")
    first = ["user_id" if "user_id" in frame.columns else "of", "rank", "item_id", "item"]
    return joined.select(*first, pl.exclude(first)).with_columns(pl.col(first[0], "item_id").cast(pl.String))
