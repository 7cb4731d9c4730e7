"""Service: what regulars.toml says of the service, and the first day of a store."""

import hashlib
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from regulars.core import Dataset, Frame, Recommender, Run, Vocabulary, aligned, from_names
from regulars.core.errors import ConfigError, EmptyData, EncoderMismatch, ModelError, SettingError
from regulars.data import Prepared
from regulars.data.kinds import weights as weights_of
from regulars.data.prepared import manifest
from regulars.marketing.repurchase import REPURCHASE, Repeats
from regulars.models.kinds.saving import Saved
from regulars.ranking import Fallback
from regulars.retrieval.choosing import indexed
from regulars.serving.counting import Live
from regulars.serving.filling import Filled, fill
from regulars.serving.live import BUY_AGAIN, LIVE
from regulars.serving.loaded import Mark
from regulars.serving.placing import Describe
from regulars.serving.tempo import Tempo
from regulars.serving.versions import Columns, Fitted, Places, Versions
from regulars.serving.wiring import Setup
from regulars.store import Store, Version

from .bars import stage
from .columns import yes_or_no
from .console import say
from .content import encoded, identities
from .kept import foretelling
from .learning import chosen
from .project import CATEGORY, Project

STORE, VERSIONS, LOADED = "service.db", "models", "loaded.json"  # in the output folder


def store_address(project: Project) -> str:
    """[serve] store, else an SQLite file in the output folder; its folder is made."""
    given = project.config.serve.store
    kind, slashes, path = given.partition(":///")
    if given and not (slashes and kind == "sqlite"):
        return given
    file = (project.root / path if given else project.made(STORE)).absolute()
    return f"sqlite:///{file}"


def setup_of(project: Project, config: Path, run: Run) -> Setup:
    """What `open_service` needs. config: the file, for the process that refits; run: device and threads of encoders."""
    given = project.config
    rules = {"unseen": True, **given.rules} if given.recommend.exclude_seen else given.rules
    if given.recommend.available:
        rules = {**rules, "where": _and(str(rules.get("where", "")), given.recommend.available)}
    return Setup(
        store=store_address(project),
        folder=project.output / VERSIONS,
        scenarios={name: table.model_dump() for name, table in given.scenarios.items()},
        rules=rules,
        known=tuple(dict.fromkeys((*project.names(), *served_first(project)))),
        home=served_first(project),
        context=given.known,
        k=given.recommend.k,
        weights=weights_of(given.kinds),
        naming=given.items.name,
        arrived=given.serve.arrived,
        tempo=tempo_of(project),
        history=given.serve.history,
        describe=_describing(project, run),
        refit=(sys.executable, "-m", "regulars", "refit", "--config", str(config.absolute()), "--scheduled"),
        refit_hours=given.serve.refit_hours,
        seed=given.seed,
    )


def tempo_of(project: Project) -> Tempo:
    """[serve.live]. Raises ConfigError."""
    try:
        return from_names(Tempo, project.config.serve.live)
    except SettingError as error:
        raise ConfigError(f"[serve.live]: {error}") from error


def served_first(project: Project) -> tuple[str, ...]:
    """The chosen method, the one that was fitted, and the ladder behind them; none where nothing was chosen or fitted.

    A version lacks some of them; the first that it has answers.
    """
    heads = (_chosen(project), _fitted_method(project))
    return tuple(dict.fromkeys((*filter(None, heads), *project.config.recommend.fallback))) if any(heads) else ()


def head(project: Project) -> str:
    """What a refit fits first: the chosen method, else the one that was fitted. Raises ConfigError."""
    return _chosen(project) or _fitted_method(project) or chosen(project)


def fitted_names(project: Project) -> tuple[str, ...]:
    """Everything that a version must hold: that method, its fallbacks, what scenarios name beside the live sources.

    Raises ConfigError when nothing was chosen or fitted yet.
    """
    named = (source for table in project.config.scenarios.values() for source in table.sources if source not in LIVE)
    return tuple(dict.fromkeys((head(project), *project.config.recommend.fallback, *named)))


def _chosen(project: Project) -> str:
    with suppress(ConfigError):
        return chosen(project)
    return ""


def _fitted_method(project: Project) -> str:
    """The method of the fitted model, as `regulars fit` noted it; empty where there is none."""
    try:
        said = json.loads((project.output / "model.json").read_text(encoding="utf-8"))
        name = str(said["method"])
        project.parts(name)
    except (OSError, ValueError, KeyError, TypeError, ConfigError):
        return ""
    return name


def load_tables(project: Project, store: Store, run: Run, *, again: bool = False) -> tuple[Filled, Prepared]:
    """The prepared tables of the shop in the store; a load that was stopped goes on, unless `again` begins anew."""
    prepared = project.prepared(run)
    data, available = prepared.dataset, project.config.recommend.available
    if available and (words := project.column_of_items(data, available, "available of [recommend]")).dtype == pl.String:
        flags = pl.Series(available, yes_or_no(words))
        data = replace(data, item_features=data.item_features.with_columns(flags))
    tables = manifest(prepared.folder).get("fingerprint", "")
    about = f"{tables} {hashlib.sha256(store_address(project).encode()).hexdigest()[:16]}" if tables else ""
    path = project.output / LOADED
    mark = Mark(path, about) if again else Mark.read(path, about, store.events.last_place())
    return fill(store, data, weights_of(project.config.kinds), run, mark=mark, ids=prepared.event_ids), prepared


def first_day(project: Project, store: Store, run: Run) -> Version | None:
    """Fills an empty store from the shop's tables, and makes the fitted model the first version, if there is one.

    A load that was stopped goes on; nothing happens in a store that has both. A fitted model that cannot be used is
    told of, and left out.
    """
    prepared = None
    if Mark.unfinished(project.output / LOADED) or not (store.events.last_place() or store.items.last_place()):
        say("the first day: the shop's tables are loaded into the store")
        try:
            filled, prepared = load_tables(project, store, run)
        except EmptyData as error:
            say(f"the shop has no events yet, the service begins with what comes in: {error}")
            return None
        say(f"{filled.events + filled.known:,} events and {store.items.count():,} items are in the store")
    if store.models.all() or not project.model.is_dir():
        return None
    try:
        saved, data = project.fitted((prepared or project.prepared(run)).dataset)
    except ModelError as error:
        say(f"the fitted model is left out: {error}")
        return None
    say("the fitted model becomes the first version; a machine that has not done so compiles the arithmetic, once")
    versions = Versions(project.output / VERSIONS, store.models)
    fitted = with_repeats(project, _of_model(project, store, saved, data), data, run)
    version = versions.make(fitted)
    another = versions.live() is not None  # of a replica that began at the same moment
    store.models.stage(version.name, "retired") if another else store.models.promote(version.name)
    return version


def fitted_of(
    project: Project, store: Store, recommenders: dict[str, Recommender], data: Dataset, places: Places
) -> Fitted:
    """A version of recommenders that know the items of `data`; places: how far the store was read for it."""
    weights = weights_of(project.config.kinds)
    table, gone = store.items.frame(), tuple(store.items.deleted())
    known = data.items.index(table["item_id"])
    met = np.zeros(data.n_items, dtype=np.bool_)  # by anybody, or told of in the store; not deleted
    met[data.item] = met[known[known >= 0]] = True
    met[(lost := data.items.index(pl.Series(gone, dtype=pl.String)))[lost >= 0]] = False
    return Fitted(
        data.items,
        {name: indexed(one) for name, one in recommenders.items()},
        aligned(table, data.items, "item_id"),
        Live.of(data, weights, tempo_of(project)),
        data.kinds,
        weights,
        project.item_names(data),
        gone,
        Columns(data.item_features, data.user_features, _known(project, data)),
        places=places if (known >= 0).all() else Places(places.events, 0),
        facts={"methods": list(recommenders), "items": int(met.sum()), "events": len(data), "customers": data.n_users},
    )


def with_repeats(project: Project, fitted: Fitted, data: Dataset, run: Run) -> Fitted:
    """The version with what customers buy again, learned from `data`; as it is where the log is too short for that."""
    name = project.config.repurchase.served
    if not name:
        return fitted
    try:
        known = data if data.n_items == len(fitted.items) else _without_newer(data, fitted.items)
        method = REPURCHASE[foretelling(name, "served of [repurchase]")]
        with stage(run, f"learn what is bought again ({name})"):
            learned = Repeats.fit(method, known, project.config.repurchase.horizon_weeks, run)
    except EmptyData as error:
        return replace(fitted, facts={**fitted.facts, BUY_AGAIN: f"by counts and gaps: {error}"})
    recommenders = {**fitted.recommenders, BUY_AGAIN: learned}
    return replace(fitted, recommenders=recommenders, facts={**fitted.facts, BUY_AGAIN: name})


def _of_model(project: Project, store: Store, saved: Saved, data: Dataset) -> Fitted:
    """The model of `regulars fit` as a version: its ladder under the names of its rungs."""
    name = _fitted_method(project) or head(project)
    names = tuple(dict.fromkeys((name, *project.config.recommend.fallback)))
    model = saved.recommender
    rungs = model.recommenders if isinstance(model, Fallback) else ()
    parts = dict(zip(names, rungs, strict=True)) if len(rungs) == len(names) else {names[0]: model}
    places = Places(store.events.last_place(), store.items.last_place())
    cut = data if data.n_items == len(saved.items) else _without_newer(data, saved.items)
    if cut is not data:
        places = Places()  # what the model does not know is counted from the store
    fitted = fitted_of(project, store, parts, cut, places)
    live = fitted.live if cut is data else Live.empty(fitted.weights, tempo_of(project))
    return replace(fitted, live=live, content=saved.content, facts={**fitted.facts, "made by": "regulars fit"})


def _without_newer(data: Dataset, items: Vocabulary) -> Dataset:
    """The dataset as far as a model knows its items."""
    known = data.where(data.item < len(items))
    features = data.item_features.head(len(items)) if data.item_features.width else data.item_features
    return replace(known, items=items, item_features=features)


def _known(project: Project, data: Dataset) -> Frame:
    """The columns of the context that the shop says it knows when it asks."""
    return data.context.select(name for name in project.config.known if name in data.context.columns).head(0)


def _describing(project: Project, run: Run) -> Describe | None:
    """Adds to the fields of items what the shop's configuration makes of them: the category, vectors of [content]."""
    given = project.config
    made = [f"{name}_vector" for name in given.content]
    alias = given.items.category if given.items.category != CATEGORY else ""
    if not made and not alias:
        return None
    quiet = replace(run, on_epoch=Run().on_epoch)

    def describe(frame: Frame, fitted: Mapping[str, str]) -> Frame:
        if fitted and (now := identities(project, quiet)) != dict(fitted):
            raise EncoderMismatch(f"the models were fitted on vectors by {dict(fitted)}; [content] now means {now}")
        if alias and alias in frame.columns:
            frame = frame.with_columns(pl.col(alias).alias(CATEGORY))
        return encoded(project, frame.drop(made, strict=False), quiet)[0] if made else frame

    return describe


def content_of(project: Project, run: Run) -> dict[str, str]:
    """The identity of the encoder of each column of vectors."""
    return identities(project, run)


def _and(where: str, column: str) -> str:
    return f"({where}) and {column}" if where else column
