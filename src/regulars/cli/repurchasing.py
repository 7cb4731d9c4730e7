"""buy-again: what each customer buys again in the coming weeks, when and why."""

from importlib.util import find_spec
from typing import Annotated

import polars as pl
import typer

from regulars.core import Frame, Run
from regulars.core.errors import SettingError
from regulars.data import Prepared
from regulars.marketing.repurchase import REPURCHASE, CrossSell, RepurchaseModel, next_basket
from regulars.marketing.repurchase import buy_again as bought_again
from regulars.report.repurchase import Look, repurchases

from .app import HERE, AsJson, ConfigPath, Quiet, Seed, Threads, verb
from .bars import stage, watched
from .console import emit, say
from .project import Project
from .repurchase_page import BESIDE, known_to, ready, write_repurchases
from .tables import show
from .whole import written

PREFERRED = {"lstm": "torch", "trees": "lightgbm"}  # the better one first, with what it needs
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
    seed: Seed = None,
    threads: Threads = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Foretell what each customer buys again in the coming weeks; write buy-again.parquet and .csv.

    Each line has the probability of a purchase within the horizon, the day by which it is as likely as not, and the
    rhythm that it follows from. With --new, part says what is a repeat and what the customer never bought. --report
    fits the method once more, on what was before the newest 4 weeks, to see how well it tells them.
    """
    project = Project.open(config)
    given = project.config.repurchase
    name, weeks = chosen(method or given.method), horizon_weeks or given.horizon_weeks
    tried = tuple(chosen(one) for one in beside or BESIDE)
    paged = report or given.report
    if paged:
        ready()
    with watched(quiet=quiet or as_json, **project.how(seed, threads)) as run:
        prepared = project.prepared(run)
        data = prepared.dataset
        users = data.users.known(customer, "customer") if customer else None
        allowed = None
        if project.config.recommend.available:
            allowed = project.only(data, project.config.recommend.available, "available of [recommend]").mask
        with stage(run, f"learn from the purchases ({name})"):
            model: RepurchaseModel = REPURCHASE[name].fit(data, run)
            explore = CrossSell().fit(data, run) if new else None
        wanted = k or project.config.recommend.k
        if explore is None:
            frame = bought_again(model, data, users, horizon_weeks=weeks, k=wanted, allowed=allowed, run=run)
        else:
            frame = next_basket(
                model, data, users, explore=explore, horizon_weeks=weeks, k=wanted, new=new, allowed=allowed, run=run
            )
        files = [] if customer else _written(project, frame, run)
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


def chosen(name: str) -> str:
    """The method of a name; without one, the LSTM where torch is installed, trees where LightGBM is, else gaps.

    Raises SettingError for a name that is none.
    """
    if not name:
        return next((best for best, needed in PREFERRED.items() if find_spec(needed)), "weibull")
    if name not in REPURCHASE:
        raise SettingError(f"method of buy-again must be one of {', '.join(REPURCHASE)}; it is {name!r}")
    return name


def _written(project: Project, frame: Frame, run: Run) -> list[str]:
    with stage(run, "write the lists"):
        return [
            str(written(project.made("buy-again.parquet"), frame.write_parquet)),
            str(written(project.made("buy-again.csv"), frame.write_csv)),
        ]


def _show_each(frame: Frame, project: Project, prepared: Prepared) -> None:
    data = prepared.dataset
    names = pl.DataFrame({"item_id": data.items.ids, "item": project.item_names(data)})
    joined = frame.join(names, on="item_id", how="left", maintain_order="left")
    told = [name for name in ("part", "probability", "expected_date", "reason") if name in joined.columns]
    for (one,), rows in joined.group_by("user_id", maintain_order=True):
        show(rows.select("rank", pl.col("item_id").cast(pl.String), "item", *told), f"for {one}", spare=SPARE)
