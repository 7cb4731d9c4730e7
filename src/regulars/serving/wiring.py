"""Wiring: the one place that assembles a service out of its parts."""

import hashlib
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regulars.core.errors import NotYet, RuleError
from regulars.ranking.rules import Catalog
from regulars.store import Store, open_store
from regulars.store.writing import Writer

from .batching import Batcher
from .engine import Engine
from .exposing import Exposing
from .following import PAUSE, STARTING, Follower
from .forgetting import Forgetting
from .placing import Describe
from .questions import Answer, Question
from .refit import Refitting
from .scenarios import Scenario, scenarios_of
from .shop import Shop
from .tempo import USUAL, Tempo
from .traffic import Shadow
from .versions import Versions

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a service is made of, by regulars.toml.

    store: its address; folder: of the versions. scenarios, rules: the tables of the file; known: the names of all
    methods and compositions, home: those that answer where no scenario says more; context: what is known of
    each moment. naming: the fields of items that make up their names, arrived: the one that says since when each is
    there. tempo: of the live sources; compiling: whether models are compiled in a process of their own. describe: makes
    of fields what models read. refit: the command that fits the models again, run every `refit_hours`, 0: never.
    secret: signs cursors; the same for all replicas.
    """

    store: str
    folder: Path
    scenarios: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)
    known: Sequence[str] = ()
    home: Sequence[str] = ()
    context: Sequence[str] = ()
    k: int = 10
    weights: Mapping[str, float] = field(default_factory=dict)
    naming: Sequence[str] = ()
    arrived: str = ""
    tempo: Tempo = USUAL
    compiling: bool = False
    history: int = 500
    describe: Describe | None = None
    refit: Sequence[str] = ()
    refit_hours: float = 0.0
    secret: bytes = b""
    seed: int = 0
    pause: float = PAUSE


@dataclass(frozen=True)
class Assembled:
    """One replica: its parts, ready to be asked."""

    store: Store
    versions: Versions
    follower: Follower
    engine: Engine
    batcher: Batcher
    writer: Writer
    exposing: Exposing
    shadow: Shadow
    scenarios: Mapping[str, Scenario]
    forgetting: Forgetting
    refitting: Refitting | None = None

    def shop(self) -> Shop:
        """What the replica knows at this moment."""
        return self.follower.shop

    def ready(self) -> bool:
        """Whether the models and the catalog are there."""
        return self.follower.ready

    def refresh(self) -> None:
        """Looks soon at what changed in the store."""
        self.follower.wake()

    def problems(self) -> dict[str, str]:
        """What is wrong at the moment: with "store", a version by its name, a source, the last "refit"."""
        said = self.refitting.said if self.refitting is not None else ""
        failing = {f"source {name}": told for name, told in self.engine.failures.now().items()}
        return {**self.follower.problems, **failing, **({"refit": said} if said else {})}

    def figures(self) -> dict[str, float]:
        """What metrics tell of the models and of what is followed."""
        shop, refitting = self.follower.shop, self.refitting
        return {
            "catalog_items": len(shop.catalog.items),
            "events_place": self.follower.place,
            "problems": len(self.problems()),
            "store_went_back": self.follower.went_back,
            "audience_customers": self.engine.audiences.crowd.customers,
            "source_failures": self.engine.failures.count,
            "shadow_answers": self.shadow.answered,
            "shadow_dropped": self.shadow.dropped,
            "refits": refitting.refits if refitting else 0,
            "refit_failures": refitting.failures if refitting else 0,
            "refit_seconds": refitting.seconds if refitting else 0.0,
            "refitting": float(refitting.running) if refitting else 0.0,
        }

    def submit(self, question: Question) -> Future[Answer]:
        """The answer, as soon as it is there."""
        return self.batcher.submit(question)

    def close(self) -> None:
        """Answers what waits, writes what is to be written, and lets go of the store."""
        if self.refitting is not None:
            self.refitting.close()
        self.forgetting.close()
        self.batcher.close()
        self.engine.audiences.crowd.close()
        self.shadow.close()
        self.writer.close()
        self.exposing.close()
        self.follower.close()
        self.store.close()


def open_service(
    setup: Setup,
    store: Store | None = None,
    *,
    scheduled: bool = True,
    patience: float = math.inf,
    opened: Callable[[], object] = lambda: None,
) -> Assembled:
    """A service that follows its store and answers.

    store: one that is open already, which it takes over. scheduled: whether it refits as setup says. patience: seconds
    to wait for the models and the catalog, behind which it is there and not ready; opened: called when it is.
    Raises StoreError when there is no store, ConfigError and RuleError for scenarios and rules that cannot be.
    """
    scenarios = scenarios_of(
        setup.scenarios, k=setup.k, rules=setup.rules, known=tuple(setup.known), home=tuple(setup.home)
    )
    store = store or open_store(setup.store)
    versions = Versions(setup.folder, store.models)
    follower = Follower(
        store,
        versions,
        weights=setup.weights,
        describe=setup.describe,
        naming=setup.naming,
        arrived=setup.arrived,
        tempo=setup.tempo,
        pause=setup.pause,
        compiling=setup.compiling,
        opened=lambda: look_over(),
    )
    exposing = Exposing(store.exposures)
    engine = Engine(
        store,
        lambda: follower.shop,
        scenarios,
        exposing=exposing,
        history=setup.history,
        weights=setup.weights,
        secret=setup.secret or _secret(setup.store),
        seed=setup.seed,
    )

    def look_over() -> None:
        engine.forget_all()
        _look_over(scenarios, follower.shop.catalog, setup.context, setup.arrived)
        opened()

    follower.start(patience)
    shadow = Shadow(engine.answer, lambda: follower.shop)
    refitting = None
    if scheduled and setup.refit and setup.refit_hours:
        refitting = Refitting(setup.refit, setup.refit_hours, versions, done=follower.wake)
        refitting.start()
    return Assembled(
        store,
        versions,
        follower,
        engine,
        Batcher(_answers(engine, shadow, follower.problems)),
        Writer(store.events),
        exposing,
        shadow,
        scenarios,
        Forgetting(store.erasures, engine.remembered, engine.forget),
        refitting,
    )


def _look_over(scenarios: Mapping[str, Scenario], catalog: Catalog, context: Sequence[str], arrived: str) -> None:
    """Tells of rules that ask for what nothing answers to; a question may still bring it along."""
    if not catalog.fields:
        return
    if arrived and catalog.fields.get(arrived) not in ("time", "number"):
        said = f"is a {catalog.fields[arrived]}" if arrived in catalog.fields else "is no field of the items"
        _log.warning("arrived of [serve] wants a field of times; %s %s", arrived, said)
    for name, scenario in scenarios.items():
        try:
            scenario.rules.check(catalog, context=tuple(context))
        except RuleError as error:
            _log.warning("rules of the scenario %s: %s", name, error)


def _answers(
    engine: Engine, shadow: Shadow, problems: Mapping[str, str]
) -> Callable[[Sequence[Question]], list[Answer]]:
    """The answers of the engine; the shadow gets the same questions afterwards."""

    def answer(questions: Sequence[Question]) -> list[Answer]:
        if STARTING in problems:
            raise NotYet(f"the service is starting: {problems.get(STARTING)}")
        answers = engine.answer(questions)
        shadow.offer(questions)
        return answers

    return answer


def _secret(address: str) -> bytes:
    """The same for all replicas of a store, and not told to anybody."""
    return hashlib.sha256(f"cursor\x00{address}".encode()).digest()
