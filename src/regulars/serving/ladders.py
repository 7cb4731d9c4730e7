"""Ladders: the sources of each scenario as a version has them, made once for each snapshot of the shop."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from regulars.core import FindsSimilar, Recommender
from regulars.data.kinds import weights as weights_of
from regulars.ranking.rules import Bound
from regulars.ranking.sources import finders, names_of

from .coding import Coding, Recoded
from .deployment import Deployment
from .ladder import Failures, Ladder, Rung
from .live import BUY_AGAIN, LIVE, SIMILAR, Similar
from .scenarios import Scenario
from .shop import Shop


@dataclass
class _Version:
    """A deployment, the codes of its kinds, and the rungs that were made of its recommenders."""

    deployment: Deployment | None
    coding: Coding
    rungs: dict[str, Rung] = field(default_factory=dict)

    def rung(self, source: str, recommender: Recommender) -> Rung:
        if source not in self.rungs:
            self.rungs[source] = Rung(source, recommender, names_of(recommender))
        return self.rungs[source]


class Ladders:
    """Ladders and codings of the newest snapshot; nothing of an older one is held on to.

    weights: of the kinds of events, where a version does not say.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.failures = Failures()
        self._weights = weights
        self._versions: dict[int, _Version] = {}
        self._ladders: dict[tuple[str, int], tuple[Scenario, Ladder]] = {}
        self._bounds: dict[str, Bound] = {}
        self._shop: Shop | None = None
        self._lock = threading.RLock()

    def of(self, scenario: Scenario, shop: Shop, deployment: Deployment | None) -> tuple[Ladder, Coding]:
        """The sources of a scenario, and the codes of the kinds that they read."""
        with self._lock:
            if shop is not self._shop:
                self._turn(shop)
            version = self._version(deployment)
            key = (scenario.name, id(deployment))
            held = self._ladders.get(key)
            if held is None or held[0] is not scenario:
                rungs = (rung for source in scenario.sources for rung in _rungs(source, shop, version))
                held = self._ladders[key] = scenario, Ladder(tuple(rungs), self.failures)
            return held[1], version.coding

    def bound(self, scenario: Scenario, shop: Shop, coding: Coding) -> Bound:
        """The rules of a scenario as they hold for the catalog of a snapshot."""
        with self._lock:
            held = self._bounds.get(scenario.name)
            if held is None or not _same(held, scenario, shop, coding):
                held = scenario.rules.bound(shop.catalog, coding.kinds)
                if shop is self._shop:
                    self._bounds[scenario.name] = held
            return held

    def _turn(self, shop: Shop) -> None:
        """Goes over to another snapshot; versions that it still has keep what was made of them."""
        canary = shop.canary.deployment if shop.canary is not None else None
        live = (None, shop.deployment, canary, shop.shadow)
        self._versions = {id(one): self._versions[id(one)] for one in live if id(one) in self._versions}
        self._ladders, self._bounds = {}, {}
        self._shop = shop

    def _version(self, deployment: Deployment | None) -> _Version:
        held = self._versions.get(id(deployment))
        if held is None or held.deployment is not deployment:
            weights = deployment.weights if deployment is not None else None
            coding = Coding(deployment.kinds if deployment else (), weights_of(weights) if weights else self._weights)
            held = self._versions[id(deployment)] = _Version(deployment, coding)
        return held


def _same(bound: Bound, scenario: Scenario, shop: Shop, coding: Coding) -> bool:
    return bound.rules is scenario.rules and bound.catalog is shop.catalog and bound.kinds == coding.kinds


def _rungs(source: str, shop: Shop, version: _Version) -> list[Rung]:
    """None for a method that this version does not have; two for `similar` and `buy_again`: a model's, and counts."""
    found: list[Rung] = []
    deployment = version.deployment
    known = list(deployment.recommenders.values()) if deployment is not None else []
    if source == SIMILAR:
        able = [known[place] for place in finders(known)[:1]]
        found += [Rung(source, Similar(one), (SIMILAR,)) for one in able if isinstance(one, FindsSimilar)]
    if source == BUY_AGAIN and deployment is not None and source in deployment.recommenders:
        found.append(version.rung(source, deployment.recommenders[source]))
    if source in LIVE:
        live = shop.live.get(source)
        return found + ([Rung.of(source, Recoded(live, version.coding))] if live is not None else [])
    one = deployment.recommenders.get(source) if deployment is not None else None
    return [version.rung(source, one)] if one is not None else []
