"""Following: the thread of a replica that looks what changed in the store, and replaces the shop that it answers from.

Every `pause` seconds it asks for new events, changed items and another generation of the models. What it finds becomes
a new `Shop`, put in the place of the old one by one assignment: a question that has begun keeps the one that it has.
Another version is loaded beside it (see fetching): prices and stocks do not wait for that.
Two replicas that follow one store come to the same shop. Where a backup takes the store's place they begin anew.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from regulars.core import Vocabulary
from regulars.core.errors import ModelError, RegularsError, StoreError, VocabularyMismatch
from regulars.store import Entity, Event, Placed, Store, Version

from .arrivals import Arrivals
from .compiling import Compiling
from .counting import Live
from .deployment import Deployment
from .fetching import Fetching
from .goods import Goods
from .loading import Loaded, load_version, verify
from .placing import Describe, Placing
from .shop import Canary, Shop
from .tempo import USUAL, Tempo
from .versions import Versions
from .warming import warm

STARTING: Final = "starting"  # of problems: what is done before anything can be answered
PAUSE: Final = 0.5  # seconds between two looks
_PAGE: Final = 10_000  # events or items read at a time
RESTRAINT: Final = 20.0  # what takes s seconds is done every 20 s at most: a twentieth of one core
_FADING: Final = 60.0  # seconds after which counts are taken anew though nothing happened: they fade, windows move
_AGAIN: Final = 60.0
_LOADING: Final = 600.0  # seconds that `catch_up` waits for a version
_log = logging.getLogger(__name__)


class Follower:
    """Keeps `shop` up to date with the store.

    weights: of the kinds of events while there is no version that says them. describe: makes of the fields of items
    what models read, see Placing. naming: the fields that make up what people call an item, arrived: the one that says
    since when it is there. tempo: of the live recommenders. restraint: what takes s seconds is done every restraint * s
    at most. compiling: has the models of a version compiled before they are loaded. opened: called whenever everything
    was read anew: at the start, and after the store went back to an earlier state; `went_back` counts that.
    problems: what is wrong at the moment, by what it is about ("store", or the version), for metrics and people.
    """

    def __init__(
        self,
        store: Store,
        versions: Versions,
        *,
        weights: Mapping[str, float],
        describe: Describe | None = None,
        naming: Sequence[str] = (),
        arrived: str = "",
        tempo: Tempo = USUAL,
        pause: float = PAUSE,
        restraint: float = RESTRAINT,
        compiling: bool = False,
        opened: Callable[[], object] = lambda: None,
    ) -> None:
        self._store, self._versions, self._describe = store, versions, describe
        self._pause, self._restraint, self._arrived = pause, restraint, arrived
        self._weights, self._naming, self._tempo, self._tell_opened = weights, naming, tempo, opened
        self._compiling = Compiling(versions.folder, self._doing) if compiling else None
        self._goods, self._live, self._arrivals = self._nothing()
        self._staged: dict[str, Placing] = {}  # "live", "canary" and "shadow"
        self._share = 0.0
        self._generation = -1
        self._stale = True  # whether the live recommenders are behind the counts
        self._again = math.inf  # when a version that could not be used is looked at again
        self._due = self._placed_from = 0.0  # when the live recommenders, and new items in models, may be made anew
        self._moved: set[int] = set()  # changed items that may have to be placed again
        self._unverified: Version | None = None
        self._opened = self._closed = self._astray = False
        self.went_back = 0
        self._wake, self._looked, self._turn = threading.Event(), threading.Event(), threading.Lock()
        self._fetching = Fetching(self._fetched, self.wake)
        self._thread = threading.Thread(target=self._run, name="regulars-follower", daemon=True)
        self._shop = Shop(self._goods.catalog)
        self.problems: dict[str, str] = {}

    @property
    def shop(self) -> Shop:
        """What there is at this moment; a value."""
        return self._shop

    @property
    def ready(self) -> bool:
        """Whether the version and the catalog are there, so that answers keep to the rules."""
        return self._opened

    @property
    def place(self) -> int:
        """The newest event that is counted."""
        return self._arrivals.place

    def start(self, patience: float = math.inf) -> None:
        """Loads what answers, and follows from then on in a thread; not ready on return if the store is away.

        patience: seconds after which it returns though it still loads; problems["starting"] says what it does.
        """
        if patience == math.inf:
            self._guarded()
            self._thread.start()
            return
        self.problems[STARTING] = "the models and the catalog are being loaded"
        self._thread.start()
        self._looked.wait(patience)

    def wake(self) -> None:
        """Looks at the store soon."""
        self._wake.set()

    def catch_up(self) -> None:
        """Returns when all that is in the store now is in the shop. Raises StoreUnavailable."""
        while self.step() or self._fetching.wait(_LOADING):
            pass
        with self._turn:
            self._due = self._placed_from = 0.0
            self._refresh(changed=self._place_items())

    def close(self) -> None:
        self._closed = True
        self._wake.set()
        if self._compiling is not None:
            self._compiling.close()
        self._fetching.close()
        with suppress(RuntimeError):  # never started
            self._thread.join(30)

    def step(self) -> bool:
        """One look at the store; whether there is more to read than one look takes."""
        with self._turn:
            if not self._opened or self._astray:
                self._open()
                return True
            arrived = self._arrivals.more(_PAGE)
            if arrived is None or self._goods.place > self._store.reached()["items"]:
                self._astray = True
                _log.warning("the store went back to an earlier state, as after a restored backup; it is read anew")
                return True
            more, changed = self._items()
            counted = self._events(arrived)
            swapped = self._models()
            placed = self._place_items()
            self._refresh(changed=changed or counted or swapped or placed)
            for about in ("store", "following"):
                self.problems.pop(about, None)
            return more or len(arrived) == _PAGE

    # ---- the thread

    def _run(self) -> None:
        while not self._closed:
            more = self._guarded()
            self._looked.set()
            if not more:
                self._check_bytes()
                self._wake.wait(self._pause)
                self._wake.clear()

    def _guarded(self) -> bool:
        """A look that never raises: what is wrong is told, and looked at again after a while."""
        try:
            return self.step()
        except StoreError as error:
            if "store" not in self.problems:
                _log.warning("the store is away: %s", error)
            self.problems["store"] = str(error)
        except Exception as error:
            if self.problems.get("following") != repr(error):
                _log.exception("following the store failed")
            self.problems["following"] = repr(error)
        return False

    def _check_bytes(self) -> None:
        """After the start: whether the arrays of the version that answers are as they were written; and the warm-up."""
        version, self._unverified = self._unverified, None
        if version is None:
            return
        if (deployment := self._shop.deployment) is not None:
            warm(deployment)
        try:
            verify(self._versions.path(version.name))
        except (ModelError, OSError) as error:
            self._tell(version.name, error)
            with self._turn:
                self._staged.pop("live", None)
                self._first([one for one in self._versions.to_start_with() if one.name != version.name])
                self._refresh(changed=True)

    # ---- the start

    def _open(self) -> None:
        """Loads the version that answers and the catalog as it is now; events are caught up with afterwards."""
        self._goods, self._live, self._arrivals = self._nothing()
        self._staged, self._moved = {}, set()
        generation, reached = self._store.models.generation(), self._store.reached()
        loaded = self._first(self._versions.to_start_with())
        if loaded is not None:
            self._goods.begin(loaded)
            if loaded.places.events > reached["events"] or loaded.places.items > reached["items"]:
                self._goods.reorder(loaded.deployment.items)  # it was made of a later state of the store than this one
            elif loaded.live.tempo.counts_like(self._tempo):
                self._live, self._arrivals.place = replace(loaded.live, tempo=self._tempo), loaded.places.events
            else:
                _log.warning(
                    "[serve.live] changed since version %s: all events are counted anew", loaded.deployment.version
                )
        while self._items()[0]:
            pass
        self._models(force=True)
        self._place_items()
        self._generation = generation
        self._refresh(changed=True, at_once=self._astray)
        if (deployment := self._shop.deployment) is not None:
            warm(deployment, 1)
        self._goods.catalog.items.places(())  # its dictionary: a third of a second for a million items
        self._opened = True
        self.problems.pop(STARTING, None)
        self.went_back += self._astray
        self._astray = False
        self._tell_opened()

    def _nothing(self) -> tuple[Goods, Live, Arrivals]:
        """What is known before anything was read."""
        return Goods(self._store.items, self._naming), Live.empty(self._weights, self._tempo), Arrivals(self._store)

    def _first(self, versions: Sequence[Version]) -> Loaded | None:
        """The first of the versions that is whole; the others are told of."""
        if not versions and self._compiling is not None:
            self._compiling.prepare(None)
        for version in versions:
            try:
                self._prepare(version)
                loaded = load_version(self._versions.path(version.name), thorough=False)
            except (RegularsError, OSError) as error:
                self._tell(version.name, error)
                continue
            self._staged["live"] = Placing(loaded.at_work, self._describe)
            self._unverified = version
            return loaded
        return None

    def _prepare(self, version: Version) -> None:
        if self._compiling is not None:
            self._compiling.prepare(self._versions.path(version.name))

    def _doing(self, what: str) -> None:
        if what and not self._opened:
            self.problems[STARTING] = f"{what} is being compiled for this machine, once"

    # ---- one look

    def _items(self) -> tuple[bool, bool]:
        """Changes of items; whether there are more, and whether there were any."""
        changes: list[Entity] = self._store.items.since(self._goods.place, _PAGE)
        if changes:
            self._moved.update(self._goods.change(changes))
        return len(changes) == _PAGE, bool(changes)

    def _events(self, found: list[Placed]) -> bool:
        """Counts what arrived; whether there was anything."""
        if found:
            events: list[Event] = [placed.event for placed in found]
            self._live.count(events, self._goods.rows([event.item_id for event in events]))
            self._arrivals.read(found)
            self._stale = True
        return bool(found)

    def _models(self, *, force: bool = False) -> bool:
        """Another version or other shares; whether anything is swapped."""
        generation = self._store.models.generation()
        if generation == self._generation and not force and time.monotonic() < self._again:
            return False
        self._again = math.inf
        before, share = dict(self._staged), self._share
        wanted = [self._take(stage) for stage in ("live", "canary", "shadow")]
        self._fetching.keep(filter(None, wanted))
        self._generation = generation
        return before != self._staged or share != self._share

    def _take(self, stage: str) -> str:
        """Puts the newest version of a stage where it belongs, unless it cannot be used: then all stays as it is.

        The name of the version, if it is still to be loaded.
        """
        version = next(iter(self._versions.staged(stage)), None)
        now = self._staged.get(stage)
        if version is None:
            self._staged.pop(stage, None)
            return ""
        if stage == "canary":
            self._share = version.share
        if now is not None and now.deployment.version == version.name:
            return ""
        try:
            placing = self._loaded(version)
        except (RegularsError, OSError) as error:
            self._tell(version.name, error)
            self._again = time.monotonic() + _AGAIN  # its folder may be on its way to this machine
            if stage != "live":
                self._staged.pop(stage, None)
            return ""
        if placing is None:
            self._again = 0.0  # the next look asks again
            return version.name
        self._staged[stage] = placing
        self.problems.pop(version.name, None)
        _log.info("version %s is %s", version.name, stage)
        return ""

    def _fetched(self, version: Version) -> Loaded:
        """A version that was checked, and asked before anybody asks it."""
        self._prepare(version)
        loaded = load_version(self._versions.path(version.name)).at_work
        warm(loaded.deployment)
        return loaded

    def _loaded(self, version: Version) -> Placing | None:
        """A version that fits those that are in use, its items in the order of the catalog; None: it is on its way."""
        for placing in self._staged.values():
            if placing.deployment.version == version.name:
                return Placing(placing.loaded, self._describe)
        follows = self._opened and self._thread.is_alive()  # else nobody waits for anything but this version
        loaded = self._fetching.taken(version) if follows else self._fetched(version)
        if loaded is None:
            return None
        live = self._staged.get("live")
        if live is not None:
            fits(loaded.deployment, live.loaded.deployment)
        if not self._goods.catalog.items.extends(loaded.deployment.items):
            self._reorder(loaded.deployment.items)
        return Placing(loaded, self._describe)

    def _reorder(self, items: Vocabulary) -> None:
        """The catalog, the counts and the models in the order of `items`, with what came since behind them."""
        places = self._goods.reorder(items)
        self._live = self._live.renumbered(places)
        for stage, placing in list(self._staged.items()):
            placing.restart()
            if not self._goods.catalog.items.extends(placing.loaded.deployment.items):
                del self._staged[stage]
                self._tell(placing.deployment.version, VocabularyMismatch("its items are not those of the new version"))

    def _place_items(self) -> bool:
        """New items in the models that can take them; whether any was placed."""
        now, items = time.monotonic(), self._goods.catalog.items
        waiting = [one for one in self._staged.values() if one.concerns([*self._moved], len(items))]
        if waiting and now < self._placed_from:
            return False
        self._moved.clear()
        if not waiting:
            return False
        placed = [one.follow(items, self._goods.documents) for one in waiting]
        self._placed_from = time.monotonic() + self._restraint * (time.monotonic() - now)
        return any(placed)

    # ---- the shop

    def _refresh(self, *, changed: bool, at_once: bool = False) -> None:
        """Puts another shop into the place of the one that was, if it is another. at_once: the counts, too."""
        now, worked = time.monotonic(), time.thread_time()
        live = self._shop.live
        if at_once or (now >= self._due and (self._stale or changed or now >= self._due + _FADING)):
            live = self._live.recommenders(self._goods.catalog, int(time.time()), self._arrived)
            self._stale = False
            self._due = time.monotonic() + self._restraint * (time.thread_time() - worked)
        elif changed:
            self._stale = True
        if not changed and live is self._shop.live:
            return
        self._shop = Shop(
            self._goods.catalog,
            self._deployment("live"),
            self._canary(),
            self._deployment("shadow"),
            live,
            self._goods.names,
        )

    def _deployment(self, stage: str) -> Deployment | None:
        placing = self._staged.get(stage)
        return None if placing is None else placing.deployment

    def _canary(self) -> Canary | None:
        deployment = self._deployment("canary")
        return None if deployment is None else Canary(deployment, self._share)

    def _tell(self, about: str, error: Exception) -> None:
        _log.error("version %s cannot be used: %s", about, error)
        self.problems[about] = str(error)


def fits(new: Deployment, running: Deployment) -> None:
    """Raises VocabularyMismatch when a version calls other items by the indices of the one that runs."""
    if not new.items.extends(running.items) and not running.items.extends(new.items):
        raise VocabularyMismatch(
            f"version {new.version} was fitted on {len(new.items):,} items in another order than the "
            f"{len(running.items):,} of version {running.version}, which goes on; make one with regulars refit, or "
            "stop the service, promote it, and start again"
        )
