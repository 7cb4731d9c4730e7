"""refit: the models fitted on what the store has, as a new version that answers at once where it is good."""

import time
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
import typer

from regulars.core import Run, Vocabulary
from regulars.core.errors import CannotDo, DataError, SettingError
from regulars.data import Prepared, prepare
from regulars.evaluation import Split, evaluate
from regulars.ranking import Fallback
from regulars.serving.filling import in_order_of, sources_of
from regulars.serving.loading import items_of
from regulars.serving.refit import Guard, alone, stand_back
from regulars.serving.versions import KEEP, Fitted, Places, Versions
from regulars.store import Store, Version, open_store

from .app import HERE, AsJson, ConfigPath, Device, Quiet, Seed, Threads, verb
from .bars import stage, watched
from .composing import Learned
from .console import emit, say
from .content import with_content
from .learning import learn
from .periods import tested
from .project import COMPARISON, Project
from .service import VERSIONS, content_of, fitted_names, fitted_of, head, store_address, with_repeats

PREPARED = "prepared-store"  # in the output folder: the events of the store, checked and sorted
JUDGED = 5_000  # customers who are asked for the figure of a version, at most


@verb("regulars refit")
def refit(
    config: ConfigPath = HERE,
    promote: Annotated[
        bool | None,
        typer.Option("--promote/--no-promote", help="Whether it answers at once; default: unless it is much worse."),
    ] = None,
    judged: Annotated[
        bool, typer.Option("--judge/--no-judge", help="Measure it on the newest days, which takes a second fit.")
    ] = True,
    scheduled: Annotated[
        bool, typer.Option("--scheduled", help="As the service does: in the background, unless there is a new one.")
    ] = False,
    afresh: Annotated[
        bool,
        typer.Option("--afresh", help="Number the items anew, without those that are gone; then restart services."),
    ] = False,
    keep: Annotated[int, typer.Option("--keep", min=1, help="Versions that are kept beside those in use.")] = KEEP,
    seed: Seed = None,
    threads: Threads = None,
    device: Device = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Fit all that the service needs on the events of its store; make it a version, and promote it.

    A version that lost a fifth of the catalog, or whose NDCG on the newest days is a third lower than that of the live
    one was, stays a candidate: look at it with regulars versions, then promote it or leave it. A running service
    swaps to what is promoted within a second.
    """
    project = Project.open(config)
    if not project.config.recommend.method and (project.output / COMPARISON).exists():
        project = project.as_compared()
    if scheduled:
        stand_back()
    store = open_store(store_address(project))
    versions = Versions(project.output / VERSIONS, store.models)
    try:
        with alone(versions.folder), watched(quiet=quiet or as_json, **project.how(seed, threads, device)) as run:
            if scheduled and _is_new(versions, project.config.serve.refit_hours):
                return
            fitted = _fitted(project, store, versions, run, judged=judged, afresh=afresh)
            with stage(run, "write the version"):
                version = versions.make(fitted)
            doubts = _promoted(versions, version, promote)
            gone = versions.prune(keep)
    except CannotDo:
        if scheduled:
            return  # another replica is at it
        raise
    finally:
        store.close()
    if as_json:
        emit({"version": version.name, "live": not doubts, "doubts": doubts, "pruned": gone, **fitted.facts})
        return
    say(f"version {version.name}: {', '.join(fitted.recommenders)} on {fitted.facts['events']:,} events")
    if doubts:
        say(f"it is a candidate, not live: {'; '.join(doubts)}. To use it: regulars versions promote {version.name}")


def _is_new(versions: Versions, hours: float) -> bool:
    """Whether another replica made a version meanwhile."""
    made = max((version.made for version in versions.models.all()), default=0)
    return time.time() < made + hours * 3600


def _promoted(versions: Versions, version: Version, wanted: bool | None) -> list[str]:
    """Promotes a version unless it is not wanted or doubtful; what keeps it back."""
    if wanted is False:
        return ["--no-promote was asked for"]
    live = versions.live()
    doubts = [] if wanted or live is None else Guard().doubts(version.facts, live.facts)
    if not doubts:
        versions.models.promote(version.name)
    return doubts


def _fitted(project: Project, store: Store, versions: Versions, run: Run, *, judged: bool, afresh: bool) -> Fitted:
    """Everything that the service needs, learned from the store."""
    begun = time.time()
    places = Places(store.events.last_place(), store.items.last_place())
    items, customers = store.items.frame(), store.customers.frame()
    wanted = (*project.config.known, *project.config.items.name)
    context = tuple(dict.fromkeys(name for name in wanted if name != "time" and name not in items.columns))
    sources = sources_of(store_address(project), items, customers, until=places.events, context=context)
    sources = replace(sources, kinds=project.config.kinds)
    prepared = prepare(sources, project.made(PREPARED), project.checks(), run)
    order = Vocabulary.of(items["item_id"]) if afresh else _order(versions).extended(items["item_id"])
    prepared = replace(prepared, dataset=project.named(in_order_of(prepared.dataset, order)))
    prepared, _ = with_content(project, prepared, run)
    data = prepared.dataset
    learned = learn(project, data, fitted_names(project), run)
    facts = _figures(project, prepared, run) if judged else {}
    recommenders = {name: one.recommender for name, one in learned.items()}
    fitted = with_repeats(project, fitted_of(project, store, recommenders, data, places), data, run)
    facts |= {"seconds": round(time.time() - begun, 1), "fits": _seconds(learned)}
    return replace(fitted, content=content_of(project, run), facts={**fitted.facts, **facts})


def _order(versions: Versions) -> Vocabulary:
    """The items of the live version, whose indices the new one keeps, so that a service can swap."""
    live = versions.live()
    return items_of(versions.path(live.name)) if live is not None else Vocabulary.of([])


def _seconds(learned: dict[str, Learned]) -> dict[str, float]:
    return {name: round(one.seconds, 2) for name, one in learned.items()}


def _figures(project: Project, prepared: Prepared, run: Run) -> dict[str, Any]:
    """How good the chosen method is on the newest days, which it does not see; empty when that cannot be asked."""
    try:
        split, _ = tested(project, prepared)
    except (DataError, SettingError) as error:
        return {"not judged": str(error)}
    asked = _some(split, run)
    names = (head(project), *project.config.recommend.fallback)
    learned = learn(project, split.train, names, run)
    k = project.config.recommend.k
    ladder = Fallback(tuple(learned[name].recommender for name in dict.fromkeys(names)))
    means = evaluate(ladder, asked, k=(k,), filters=project.filters(split.train), run=run).means
    return {"ndcg": round(float(means[f"ndcg@{k}"]), 5), "judged": f"{split.name}, {len(asked):,} customers, k = {k}"}


def _some(split: Split, run: Run) -> Split:
    """The same test with fewer questions."""
    if len(split) <= JUDGED:
        return split
    rows = np.sort(run.random().choice(len(split), JUDGED, replace=False))
    return replace(split, queries=split.queries[rows], wanted=split.wanted[rows], rated=split.rated[rows])
