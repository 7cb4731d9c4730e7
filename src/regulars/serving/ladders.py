"""Ladders: the sources of each scenario as a version has them, made once for each snapshot of the shop."""

from collections.abc import Mapping

from regulars.core import FindsSimilar
from regulars.data.kinds import weights as weights_of
from regulars.ranking.sources import finders

from .coding import Coding, Recoded
from .deployment import Deployment
from .ladder import Ladder, Rung
from .live import LIVE, SIMILAR, Similar
from .scenarios import Scenario
from .shop import Shop


class Ladders:
    """The ladders and codings of the versions in use, made once for each."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = weights
        self._codings: dict[int, tuple[Deployment | None, Coding]] = {}
        self._ladders: dict[tuple[str, int, int], tuple[Scenario, Shop, Deployment | None, Ladder]] = {}

    def coding(self, deployment: Deployment | None) -> Coding:
        held = self._codings.get(id(deployment))
        if held is not None and held[0] is deployment:
            return held[1]
        weights = deployment.weights if deployment is not None else None
        coding = Coding(deployment.kinds if deployment else (), weights_of(weights) if weights else self._weights)
        if len(self._codings) > 16:
            self._codings.clear()
        self._codings[id(deployment)] = deployment, coding
        return coding

    def ladder(self, scenario: Scenario, shop: Shop, deployment: Deployment | None) -> Ladder:
        key = (scenario.name, id(shop), id(deployment))
        held = self._ladders.get(key)
        if held is not None and held[0] is scenario and held[1] is shop and held[2] is deployment:
            return held[3]
        made = Ladder(tuple(rung for source in scenario.sources for rung in self._rungs(source, shop, deployment)))
        if len(self._ladders) > 64:
            self._ladders.clear()
        self._ladders[key] = scenario, shop, deployment, made
        return made

    def _rungs(self, source: str, shop: Shop, deployment: Deployment | None) -> list[Rung]:
        """None for a method that this version does not have; two for `similar`: a model's, and visits in common."""
        found: list[Rung] = []
        if source == SIMILAR and deployment is not None:
            known = list(deployment.recommenders.values())
            able = [known[place] for place in finders(known)[:1]]
            found += [Rung(source, Similar(one), (SIMILAR,)) for one in able if isinstance(one, FindsSimilar)]
        if source in LIVE:
            live = shop.live.get(source)
            return found + ([Rung.of(source, Recoded(live, self.coding(deployment)))] if live is not None else [])
        one = deployment.recommenders.get(source) if deployment is not None else None
        return [Rung.of(source, one)] if one is not None else []
