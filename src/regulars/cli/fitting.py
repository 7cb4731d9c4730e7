"""fit, recommend and similar: a model folder, and answers from it for everybody."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote

import numpy as np
import polars as pl
import typer
from rich.markup import escape

from regulars.core import MISSING, Frame, Ints, Run
from regulars.core.errors import UnknownId
from regulars.models.kinds.saving import save
from regulars.serving.questions import Question

from .answering import Answers, answered, under_rules
from .app import HERE, AsJson, ConfigPath, Device, Quiet, Seed, Threads, verb
from .bars import stage, watched
from .composing import decided
from .console import emit, say, tell
from .content import check_encoders, identities, with_content
from .learning import Curves, chosen, learn, with_fallback
from .likeness import similar_items
from .mailing import mail
from .project import Project
from .tables import show
from .whole import written

CHECKPOINTS = "checkpoints"  # a folder of the output folder
Fresh = Annotated[bool, typer.Option("--fresh", help="Begin networks anew that an earlier fit left unfinished.")]
SPARE = ("source", "score")  # what a narrow terminal does without


@verb("regulars fit --method als")
def fit(
    config: ConfigPath = HERE,
    method: Annotated[
        str, typer.Option("--method", "-m", help="A method, blend, pipeline or route; default: the one chosen")
    ] = "",
    fresh: Fresh = False,
    seed: Seed = None,
    threads: Threads = None,
    device: Device = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Fit the chosen method, and the ladder that stands in for it, on all events; save the model folder.

    Networks leave their state in the output folder after each epoch: a fit that was stopped goes on from there.
    """
    project = Project.open(config)
    name = method or chosen(project)
    if not method and not project.config.recommend.method:
        project = project.as_compared()
    left = _left_over(project, fresh=fresh)
    curves: Curves = {}
    with watched(quiet=quiet or as_json, **project.how(seed, threads, device)) as run:
        prepared, _ = with_content(project, project.prepared(run), run)
        data, run = prepared.dataset, replace(run, checkpoints=left)
        learned = learn(project, data, (name, *project.config.recommend.fallback), run, curves)
        with stage(run, "save the model"):
            recommender = with_fallback(project, name, learned)
            save(recommender, project.made("model"), data.items, content=identities(project, run))
    words = decided(learned[name].recommender)
    facts = {"model": str(project.model), "method": name, "seconds": round(learned[name].seconds, 3)}
    facts |= {"decided": words} if words else {}
    project.write("model.json", {**facts, "curves": curves})
    shutil.rmtree(left, ignore_errors=True)
    if as_json:
        emit(facts)
        return
    where = escape(str(project.model))
    tell(f"{escape(name)}, fitted in {learned[name].seconds:.1f} s on {len(data):,} events, is in {where}")
    if words:
        tell(escape(words))


@verb("regulars recommend --customer 1364 --customer 2070")
def recommend(
    config: ConfigPath = HERE,
    customer: Annotated[
        list[str] | None, typer.Option("--customer", help="A customer's id; may be repeated. Default: everybody.")
    ] = None,
    k: Annotated[int | None, typer.Option("-k", min=1, help="Items per customer; default: k of regulars.toml.")] = None,
    everybody: Annotated[
        bool, typer.Option("--all", help="Every customer of the store of the service, as a page would ask it.")
    ] = False,
    scenario: Annotated[str, typer.Option("--scenario", help="With --all: which of the scenarios.")] = "home",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --all: nothing is logged as shown.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Recommend to every customer, with a reason in words; write recommendations.parquet and .csv.

    With --all the service's store, versions, rules and scenarios are asked instead of the fitted model and the tables,
    and what is shown is logged: put the exposure_id of a line into its link, and the click is joined to it.
    """
    project = Project.open(config)
    if everybody:
        asked = Question(scenario=scenario, customer="", k=k or 0, dry_run=dry_run)
        mail(project, config, asked, customer or (), as_json=as_json, quiet=quiet)
        return
    with watched(quiet=quiet or as_json) as run:
        saved, data = project.fitted(project.prepared(run).dataset)
        check_encoders(project, saved, run)
        recommender = under_rules(saved.recommender, data, project.config.rules, project.config.known)
        cut = project.config.recommend.history
        answers = Answers(recommender, data, project.filters(data), project.item_names(data), cut)
        users = data.users.known(customer, "customer") if customer else _everybody(data.n_users)
        wanted = k or project.config.recommend.k
        frame = answered(answers, users, wanted, run)
        files = [] if customer else _written(project, frame, run)
    short = len(users) - frame.group_by("user_id").len().filter(pl.col("len") >= wanted).height
    if short:
        say(
            f"{short:,} of {len(users):,} customers get fewer than {wanted} items: more are not allowed to them, or no "
            "method knows more. Ask for a smaller -k, or let popularity fill in under [recommend] fallback"
        )
    facts = {"customers": len(users), "rows": frame.height, "files": [str(file) for file in files]}
    if as_json:
        emit(frame.to_dicts() if customer else facts)
    elif customer:
        _show_each(_named(frame, data.items.ids, answers.names), "user_id", "for")
    else:
        say(f"{frame.height:,} lines for {len(users):,} customers: {' and '.join(map(str, files))}")


@verb("regulars similar 1082185 -k 5")
def similar(
    item: Annotated[list[str], typer.Argument(help="Ids of items.")],
    config: ConfigPath = HERE,
    k: Annotated[int, typer.Option("-k", min=1, help="How many.")] = 10,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """The items most like each of the given ones, by the fitted model."""
    project = Project.open(config)
    with watched(quiet=quiet or as_json) as run:
        saved, data = project.fitted(project.prepared(run).dataset)
        check_encoders(project, saved, run)
    recommender = saved.recommender
    items = data.items.known(item, "item")
    found = similar_items(recommender, items, k)
    frame = found.frame(data.items.names(items), data.items).rename({"user_id": "of"})
    lost = [one for one, row in zip(item, found.items, strict=True) if (row == MISSING).all()]
    if len(lost) == len(item):
        raise UnknownId(_unlike(lost))
    if as_json:
        emit(frame.to_dicts())
    else:
        _show_each(_named(frame, data.items.ids, project.item_names(data)), "of", "like")
        if lost:
            say(_unlike(lost))


def _unlike(items: list[str]) -> str:
    return f"the model knows nothing like {', '.join(items)}: too few customers met it, and too little is known"


def _left_over(project: Project, *, fresh: bool) -> Path:
    """The folder of the checkpoints, and a word when a fit goes on from there."""
    folder = project.made(CHECKPOINTS)
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    stopped = sorted(unquote(page.parent.name) for page in folder.glob("*/*.json"))
    if stopped:
        say(f"going on with {', '.join(stopped)}, whose last fit was stopped; to begin anew: regulars fit --fresh")
    return folder


def _written(project: Project, frame: Frame, run: Run) -> list[Path]:
    with stage(run, "write the lists"):
        return [
            written(project.made("recommendations.parquet"), frame.write_parquet),
            written(project.made("recommendations.csv"), frame.write_csv),
        ]


def _everybody(n_users: int) -> Ints:
    return np.arange(n_users, dtype=np.int32)


def _named(frame: Frame, ids: pl.Series, names: pl.Series) -> Frame:
    """The table with what people call each item beside its id."""
    known = pl.DataFrame({"item_id": ids, "item": names})
    joined = frame.join(known, on="item_id", how="left", maintain_order="left")
    rest = [name for name in ("reason", "score", "source") if name in frame.columns]
    return joined.select(pl.col(frame.columns[0], "item_id").cast(pl.String), "rank", "item", *rest)


def _show_each(frame: Frame, key: str, word: str) -> None:
    """A table for each customer or item that was asked for, in the order of asking."""
    for (one,), rows in frame.group_by(key, maintain_order=True):
        show(rows.select("rank", "item_id", pl.exclude(key, "rank", "item_id")), f"{word} {one}", spare=SPARE)
