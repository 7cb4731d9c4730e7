"""buy-again: what each customer buys again in the coming weeks, when and why."""

from dataclasses import replace
from datetime import date
from functools import partial
from typing import Annotated

import polars as pl
import typer

from regulars.core import Dataset, Frame, Run
from regulars.core.errors import SettingError, VocabularyMismatch
from regulars.data import Prepared
from regulars.marketing.repurchase import (
    REPURCHASE,
    CrossSell,
    CrossSellModel,
    Repeats,
    RepurchaseModel,
    due,
    next_basket,
)
from regulars.marketing.repurchase import buy_again as bought_again
from regulars.models import CategoryPopularity
from regulars.models.category_popularity import hierarchy_of
from regulars.report.repurchase import Look, repurchases

from .app import HERE, AsJson, ConfigPath, Quiet, Seed, Threads, verb
from .bars import stage, watched
from .console import emit, say
from .kept import Kept, foretelling
from .project import Project
from .repurchase_page import BESIDE, known_to, ready, write_repurchases
from .tables import show
from .whole import written

SPARE = ("expected_date", "item_id")  # what a narrow terminal does without


@verb("regulars buy-again --horizon-weeks 2 -k 5")
def buy_again(
    config: ConfigPath = HERE,
    customer: Annotated[
        list[str] | None, typer.Option("--customer", help="A customer's id; may be repeated. Default: everybody.")
    ] = None,
    horizon_weeks: Annotated[
        int | None, typer.Option("--horizon-weeks", min=1, help=r"Weeks ahead; default: of \[repurchase].")
    ] = None,
    k: Annotated[int | None, typer.Option("-k", min=1, help="Products of each; default: k of regulars.toml.")] = None,
    new: Annotated[
        int, typer.Option("--new", min=0, help="So many of the k are products that the customer never bought.")
    ] = 0,
    method: Annotated[str, typer.Option("--method", "-m", help="One of " + ", ".join(REPURCHASE) + ".")] = "",
    report: Annotated[
        bool, typer.Option("--report", help="Write buy-again.html too: the coming weeks, and how well they are told.")
    ] = False,
    beside: Annotated[
        list[str] | None,
        typer.Option("--beside", help=f"A method that --report tries, too; default: {' and '.join(BESIDE)}."),
    ] = None,
    campaign: Annotated[
        tuple[str, str] | None,
        typer.Option("--due", metavar="FROM TO", help="Who is due for what on these days; write due.parquet and .csv."),
    ] = None,
    fitted: Annotated[
        bool, typer.Option("--fitted", help="By the model of the last run, even if there are more purchases now.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Learn anew, even if the tables are the same.")] = False,
    seed: Seed = None,
    threads: Threads = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Foretell what each customer buys again in the coming weeks; write buy-again.parquet and .csv.

    Each line has the probability of a purchase within the horizon, the day by which it is as likely as not, and the
    rhythm that it follows from. With --new, part says what is a repeat and what the customer never bought. --report
    fits the method once more, on what was before the newest 4 weeks, to see how well it tells them. With --due there is
    a line for each customer and product whose day falls into a campaign's. What was learned is kept in the output
    folder, and serves until the tables change.
    """
    project = Project.open(config)
    given = project.config.repurchase
    name, weeks = foretelling(method or given.method), horizon_weeks or given.horizon_weeks
    days = _days(campaign) if campaign else None
    tried = tuple(foretelling(one) for one in beside or BESIDE)
    paged = report or given.report
    if new > (k or project.config.recommend.k):
        raise SettingError(f"--new {new} are more than the {k or project.config.recommend.k} products of a customer")
    if paged:
        ready()
    with watched(quiet=quiet or as_json, **project.how(seed, threads)) as run:
        prepared = project.prepared(run)
        kept = partial(Kept.of, project, prepared, old=fitted, fresh=fresh)
        with stage(run, f"learn from the purchases ({name})"):
            model, data = _repeats(kept(name), prepared.dataset, name, run)
            explore, data = _new_products(kept("new-products"), data, run) if new and not days else (None, data)
        prepared = replace(prepared, dataset=data)
        users = data.users.known(customer, "customer") if customer else None
        allowed = None
        if project.config.recommend.available:
            allowed = project.only(data, project.config.recommend.available, "available of [recommend]").mask
        zone, wanted = project.config.time.zone, k or project.config.recommend.k
        if days:
            frame = due(model, data, days, users, allowed=allowed, zone=zone, run=run)
        elif explore is None:
            ask = partial(bought_again, model, data, users)
            frame = ask(horizon_weeks=weeks, k=wanted, allowed=allowed, zone=zone, run=run)
        else:
            add = partial(next_basket, model, data, users, explore=explore, new=new)
            frame = add(horizon_weeks=weeks, k=wanted, allowed=allowed, zone=zone, run=run)
        files = [] if customer else _written(project, "due" if days else "buy-again", frame, run)
        if paged:
            methods = {one: REPURCHASE[one] for one in (name, *tried)}
            with stage(run, "try the methods on the newest weeks"):
                known, look = known_to(project, data, allowed), Look(horizon=weeks)
                found = repurchases(known, name, model, methods, customers=users, look=look, run=run)
            files.append(str(write_repurchases(project, found, run)))
    facts = {
        "method": name,
        "horizon_weeks": weeks,
        "customers": frame["user_id"].n_unique(),
        "rows": frame.height,
        "files": [str(file) for file in files],
    }
    if as_json:
        emit(frame.with_columns(pl.col("expected_date").cast(pl.String)).to_dicts() if customer else facts)
    elif customer:
        _show_each(frame, project, prepared)
        for file in files:
            say(f"the page is in {file}")
    else:
        say(f"{frame.height:,} lines for {facts['customers']:,} customers, by {name}: {' and '.join(map(str, files))}")


def _days(words: tuple[str, str]) -> tuple[date, date]:
    """The days of --due. Raises SettingError for what is no date."""
    try:
        first, last = (date.fromisoformat(word) for word in words)
    except ValueError as error:
        raise SettingError(f"--due takes two days, such as --due 2026-12-01 2026-12-07; {error}") from error
    return first, last


def _repeats(kept: Kept, data: Dataset, name: str, run: Run) -> tuple[RepurchaseModel, Dataset]:
    """The model of a method, and the log in the order of its products."""
    found, data = kept.model(data, lambda own: Repeats.of(REPURCHASE[name].fit(data, own), data), run)
    model: RepurchaseModel = found.model
    return model, data


def _new_products(kept: Kept, data: Dataset, run: Run) -> tuple[CrossSellModel, Dataset]:
    """What tells of products that customers never bought. Raises VocabularyMismatch when it is of another fit."""
    beside = (CategoryPopularity(),) if hierarchy_of(data.item_features) else ()
    model, again = kept.model(data, lambda own: CrossSell(beside=beside).fit(data, own), run)
    if again.items.fingerprint != data.items.fingerprint:
        raise VocabularyMismatch("what is kept of new products is of other tables; regulars buy-again --fresh --new 3")
    return model, again


def _written(project: Project, name: str, frame: Frame, run: Run) -> list[str]:
    with stage(run, "write the lists"):
        return [
            str(written(project.made(f"{name}.parquet"), frame.write_parquet)),
            str(written(project.made(f"{name}.csv"), frame.write_csv)),
        ]


def _show_each(frame: Frame, project: Project, prepared: Prepared) -> None:
    data = prepared.dataset
    names = pl.DataFrame({"item_id": data.items.ids, "item": project.item_names(data)})
    joined = frame.join(names, on="item_id", how="left", maintain_order="left")
    told = [name for name in ("part", "probability", "expected_date", "reason") if name in joined.columns]
    for (one,), rows in joined.group_by("user_id", maintain_order=True):
        place = [] if "rank" not in rows.columns else ["rank"]
        show(rows.select(*place, pl.col("item_id").cast(pl.String), "item", *told), f"for {one}", spare=SPARE)
