"""Audiences: for whom an item is, over everybody who is held in memory."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from regulars.core import MISSING, Encodes, Frame, Histories, Queries, starts_of
from regulars.core.errors import Interrupted, QuestionError, StoreUnavailable
from regulars.store.protocols import Store

from .asking import no_baskets
from .audience import Audience, Place, voices
from .crowd import Crowd, Look, Part, Vectors
from .cursor import Cursors
from .deployment import Deployment
from .framing import Schema, framed
from .ladders import Ladders
from .questions import Reach, Reaching
from .scenarios import HOME, Scenario
from .shop import Shop

_MOST: Final = 100_000  # customers of one answer
_TOGETHER: Final = 32_000  # customers that models are asked about by one call
_Taken = tuple[Sequence[str], Histories, Vectors]


class Audiences:
    """Says whom to tell of an item.

    shop: gives the snapshot to answer from; history: newest events of each customer that are looked at.
    Changes: the crowd, and the scenarios that were asked for.
    """

    def __init__(
        self,
        store: Store,
        shop: Callable[[], Shop],
        scenarios: Mapping[str, Scenario],
        *,
        ladders: Ladders,
        cursors: Cursors,
        history: int,
    ) -> None:
        self._store, self._shop, self._scenarios = store, shop, scenarios
        self._ladders, self._cursors = ladders, cursors
        self._asked: tuple[str, ...] = ()
        self.crowd = Crowd(store.events, self._look, last=history)

    def of(self, item_id: str, wish: Reach, *, stopped: Callable[[], object] = bool) -> Reaching:
        """The customers with events whom an item suits best, as the personal sources of a scenario score it.

        `stopped` is asked now and then, and ends it. Raises UnknownId for an item that the catalog lacks,
        QuestionError for an absurd k or another's cursor, NotYet while the customers are read, Interrupted.
        """
        if not 1 <= wish.k <= _MOST:
            raise QuestionError(f"k must be from 1 to {_MOST:,}; it is {wish.k}")
        shop, about = self._shop(), f"{wish.scenario}\0{item_id}\0audience"
        item = int(shop.catalog.items.known([item_id], "item")[0])
        after = _place(self._cursors.read(wish.cursor, about))
        if wish.scenario not in self._asked:
            self._asked += (wish.scenario,)
        audience = self._audience(item, wish, shop, stopped)
        found = audience.best(wish.k, after)
        cursor = self._cursors.written(_written(found[-1][1]), about) if len(found) == wish.k else ""
        return Reaching([reached for reached, _ in found], cursor, self.crowd.customers, self.crowd.last)

    def _audience(self, item: int, wish: Reach, shop: Shop, stopped: Callable[[], object]) -> Audience:
        """Everybody, taken in."""
        scenario, now = self._scenarios[wish.scenario], int(time.time())
        ladder, coding = self._ladders.of(scenario, shop, shop.deployment)
        known = voices(ladder, _version(shop))
        bound = scenario.rules.bound(shop.catalog, coding.kinds)
        schema: dict[str, Any] = {name: None for scope, name in bound.variables if scope == "customer"}
        if not all(isinstance(voice, Encodes) for voice in known.values()) and shop.deployment is not None:
            schema |= shop.deployment.attributes
        audience = Audience(item, len(shop.catalog.items), ladder, known)

        def asked(customers: Sequence[str], history: Histories, schema: Schema) -> Queries:
            if stopped():
                raise Interrupted("nobody waits for this audience any more")
            context = _context([wish.context] * len(customers), shop.deployment)
            return _queries(history, now, context, self._attributes(customers, schema))

        for customers, history, vectors in _together(self.crowd.parts(stopped=stopped)):
            queries = asked(customers, history, schema)
            audience.add(customers, queries, bound.allowed(queries), vectors)
        whole = {**schema, **(shop.deployment.attributes if shop.deployment is not None else {})}
        for band, chosen in audience.candidates():
            for customers, history, _ in map(_taken, self.crowd.of(chosen)):
                audience.ask(band, customers, asked(customers, history, whole))
        return audience

    def _look(self) -> Look:
        """How the histories of customers are read at the moment."""
        shop = self._shop()
        coding = self._ladders.of(self._scenarios[HOME], shop, shop.deployment)[1]
        ladders = [self._ladders.of(self._scenarios[name], shop, shop.deployment)[0] for name in self._asked]
        encoders: dict[str, Encodes] = {
            name: voice
            for ladder in ladders
            for name, voice in voices(ladder, _version(shop)).items()
            if isinstance(voice, Encodes)
        }

        def encode(customers: Sequence[str], history: Histories) -> Vectors:
            if not encoders:
                return {}
            schema = shop.deployment.attributes if shop.deployment is not None else {}
            context = _context([{}] * len(customers), shop.deployment)
            queries = _queries(history, int(time.time()), context, self._attributes(customers, schema))
            return {name: voice.encode(queries) for name, voice in encoders.items()}

        return Look(coding, shop.catalog.items, frozenset(encoders), encode)

    def _attributes(self, customers: Sequence[str], schema: Schema) -> Frame:
        if not schema:
            return framed([], {})
        try:
            found = self._store.customers.get(customers)
        except StoreUnavailable:
            found = [None] * len(customers)
        return framed([one.fields if one is not None else {} for one in found], schema)


def _version(shop: Shop) -> str:
    return shop.deployment.version if shop.deployment is not None else ""


def _taken(part: Part) -> _Taken:
    """The customers of a part, what they did, and their vectors."""
    group, rows = part
    if len(rows) == len(group.customers):
        return group.customers, group.history, group.vectors
    vectors = {name: one[rows] for name, one in group.vectors.items()}
    return [group.customers[row] for row in rows.tolist()], group.history[rows], vectors


def _together(parts: Iterable[Part]) -> Iterator[_Taken]:
    """Some thousand customers at a time: what models do once for each call is done seldom then."""
    waiting: list[_Taken] = []
    for part in parts:
        waiting.append(_taken(part))
        if sum(len(one[0]) for one in waiting) >= _TOGETHER:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(taken: Sequence[_Taken]) -> _Taken:
    customers = [user for users, _, _ in taken for user in users]
    histories = [history for _, history, _ in taken]
    columns = (
        np.concatenate([getattr(one, name) for one in histories]) for name in ("items", "times", "weights", "kinds")
    )
    starts = starts_of(np.concatenate([one.lengths for one in histories]))
    vectors = {name: np.concatenate([one[name] for _, _, one in taken]) for name in taken[0][2]}
    return customers, Histories(starts, *columns), vectors


def _context(documents: Sequence[Mapping[str, Any]], deployment: Deployment | None) -> Frame:
    return framed(documents, deployment.context if deployment is not None else {}, others=True)


def _queries(history: Histories, now: int, context: Frame, attributes: Frame) -> Queries:
    n = len(history)
    users, times = np.full(n, MISSING, dtype=np.int32), np.full(n, now, dtype=np.int64)
    return Queries(users, history, times, no_baskets(n), context, attributes)


def _written(place: Place) -> list[str]:
    return [str(place.band), float(place.said).hex(), place.customer]


def _place(parts: Sequence[str]) -> Place | None:
    return Place(int(parts[0]), float.fromhex(parts[1]), "\n".join(parts[2:])) if parts else None
