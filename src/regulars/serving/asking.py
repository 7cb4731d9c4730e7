"""Asking: questions of one scenario, of one version and under the same rules become one batch of Queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain

import numpy as np

from regulars.core import (
    MISSING,
    Allowed,
    Foretold,
    Frame,
    Histories,
    Ints,
    Queries,
    Reasons,
    Recommendations,
    Vocabulary,
    starts_of,
)
from regulars.ranking.rules import Bound, Ruled

from .coding import Coding
from .deployment import Deployment
from .explaining import PINNED
from .exploring import Drawn, drawn
from .histories import Past
from .ladder import Ladder
from .questions import Question
from .scenarios import Scenario
from .shop import Shop

_OTHERS = 4  # times k, that drawn slots are drawn from
_FEWEST = 20


@dataclass(frozen=True)
class Asked:
    """One question that was checked, and what is known at its moment. shown: ids on the pages before; events: the past
    with what the question tells itself; degraded: the store was away."""

    place: int
    question: Question
    scenario: Scenario
    k: int
    moment: int
    shown: tuple[str, ...]
    past: Past


@dataclass(frozen=True)
class Batch:
    """Questions that are answered by one call: the same scenario, version, rules, k and items to rank.

    known: the rules, for the kinds of events that were met before.
    """

    asked: Sequence[Asked]
    shop: Shop
    deployment: Deployment | None
    ladder: Ladder
    known: Bound
    coding: Coding
    attributes: Frame
    context: Frame

    @property
    def items(self) -> Vocabulary:
        return self.shop.catalog.items

    @cached_property
    def queries(self) -> Queries:
        return Queries(
            _strangers(len(self.asked)),
            self.coding.histories([one.past.events for one in self.asked], self.items),
            np.array([one.moment for one in self.asked], dtype=np.int64),
            self._baskets,
            self.context,
            self.attributes,
        )

    @cached_property
    def allowed(self) -> Allowed:
        """All but the basket and what was shown already; only the items of the question, if it names some."""
        first = self.asked[0].question
        mask = None
        if first.items is not None:
            mask = np.zeros((1, len(self.items)), dtype=np.bool_)
            mask[0, _known(self.items, first.items)] = True
        rows = [
            _known(self.items, (*(() if first.items is not None else one.question.basket), *one.shown))
            for one in self.asked
        ]
        if not any(rows):
            return Allowed(mask)
        return Allowed(mask, starts_of([len(row) for row in rows]), np.array(list(chain(*rows)), dtype=np.int32))

    @cached_property
    def bound(self) -> Bound:
        if self.known.kinds == self.coding.kinds:
            return self.known
        return self.known.rules.bound(self.shop.catalog, self.coding.kinds)

    @cached_property
    def permitted(self) -> Allowed:
        """What the rules allow, and the questions themselves."""
        queries = self.queries  # first: a kind that was never met gets its code there
        return self.bound.allowed(queries) & self.allowed

    @cached_property
    def answer(self) -> Recommendations:
        """The k best, followed by those that drawn slots are drawn from."""
        k = self.asked[0].k + self.others
        if not self.bound.arranges:
            return self.ladder.recommend(self.queries, k, self.permitted)
        starts = np.array([len(one.shown) for one in self.asked], dtype=np.int32)
        return Ruled(self.ladder, self.bound).page(self.queries, k, self.allowed, starts=starts)

    def reasons(self, answer: Recommendations, r: int) -> Reasons:
        """Why each item was answered, by the arithmetic of who proposed it; none for what the rules put there."""
        return self.ladder.because(self.queries, answer, r)

    def foretold(self, answer: Recommendations) -> Foretold | None:
        """That each item is bought, where a source of the ladder foretells it."""
        return self.ladder.foretell(self.queries, answer)

    def room(self, row: int) -> int:
        """How many items may be shown; counted only when a list is short."""
        return int(self.permitted[slice(row, row + 1)].dense(1, len(self.items)).sum())

    @cached_property
    def others(self) -> int:
        """Candidates beside the k best ones, for slots that are drawn.

        A list that keeps caps at its whole length keeps them in each part. Shares are of the length, so nothing is
        drawn where rules ask for them.
        """
        first = self.asked[0]
        exploring = first.scenario.explore > 0 and first.question.items is None and not self.known.rules.shares
        return max(_FEWEST, _OTHERS * first.k) if exploring else 0

    def draw(self, row: int, random: np.random.Generator) -> Drawn:
        """Which places of the answer are shown, and with which chances."""
        k = self.asked[row].k
        if not self.others:
            return Drawn(list(range(k)), [1.0] * k)
        n = int((self.answer.items[row] != MISSING).sum())
        names = [self.answer.names[source] for source in self.answer.sources[row, : min(k, n)].tolist()]
        pins = [slot for slot, name in enumerate(names) if name == PINNED]
        return drawn(k, n, self.asked[row].scenario.explore, random, pins)

    @cached_property
    def _baskets(self) -> Histories:
        rows = [_known(self.items, one.question.basket) for one in self.asked]
        if not any(rows):
            return no_baskets(len(rows))
        moments = [[one.moment] * len(row) for one, row in zip(self.asked, rows, strict=True)]
        return Histories.of(rows, times=moments)


def _known(items: Vocabulary, ids: Sequence[str]) -> list[int]:
    return [place for place in items.places(ids) if place != MISSING] if ids else []


@lru_cache(256)
def _strangers(n: int) -> Ints:
    """Nobody's row; shared, as nobody writes into a query."""
    return np.full(n, MISSING, dtype=np.int32)


@lru_cache(256)
def no_baskets(n: int) -> Histories:
    """n empty carts; Histories.none makes n lists first."""
    none = np.empty(0, dtype=np.int32)
    return Histories(
        np.zeros(n + 1, np.int64), none, np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.int8)
    )
