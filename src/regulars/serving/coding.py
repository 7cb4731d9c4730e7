"""Coding: what callers call the kinds of events, and the codes that a model has for them."""

import logging
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from typing import Any, Final, final

import numpy as np

from regulars.core import (
    EVENT,
    MISSING,
    Allowed,
    Codes,
    Histories,
    Queries,
    Reasons,
    Recommendations,
    Recommender,
    Vocabulary,
    floats,
)
from regulars.data.kinds import TAKEN_BACK_BY, canonical
from regulars.data.kinds import weights as weights_of
from regulars.data.returns import net_weights
from regulars.store.records import Did

from .checking import HEAVIEST
from .live import KINDS, live_codes

_NOTHING: Final[tuple[tuple[Any, ...], ...]] = ((), (), (), (), ())  # columns of no event
_CODES: Final = 127  # kinds that an int8 tells apart
_WORDS: Final = 10_000  # of callers, that are remembered
_log = logging.getLogger(__name__)


@dataclass
class Coding:
    """The kinds of events as a model was taught them: names by their codes, followed by kinds that come later.

    weights: of each kind, as the shop has them; a kind without one weighs 1.
    """

    kinds: tuple[str, ...] = ()
    weights: Mapping[str, float] = field(default_factory=lambda: weights_of({}))
    _words: dict[str, tuple[int, float]] = field(default_factory=dict)  # the caller's word -> code, weight

    def __post_init__(self) -> None:
        self.kinds += tuple(kind for kind in KINDS if kind not in self.kinds)

    @property
    def live(self) -> Codes:
        """The code that live recommenders have for each of these codes; int8."""
        if len(self._live) != len(self.kinds):
            self._live = live_codes(self.kinds)
        return self._live

    _live: Codes = field(default_factory=lambda: live_codes(()))

    def histories(self, pasts: Sequence[Sequence[Did]], items: Vocabulary) -> Histories:
        """The events of each question in indices, with net weights; those of items that nobody knows are left out."""
        events = [event for past in pasts for event in past] if len(pasts) != 1 else pasts[0]
        ids, said, times, weights, _ = zip(*events, strict=True) if events else _NOTHING
        places, known = items.places(ids), self._words
        words = [known.get(kind) or self._learned(kind) for kind in said]
        codes = [code for code, _ in words]
        weighed = np.array([usual * own for (_, usual), own in zip(words, weights, strict=True)], dtype=np.float64)
        rows = Histories(
            np.array([0, *accumulate(map(len, pasts))], dtype=np.int64),
            np.array(places, dtype=np.int32),
            np.array(times, dtype=np.int64),
            floats(np.minimum(np.maximum(weighed, -HEAVIEST), HEAVIEST)),
            np.array(codes, dtype=np.int8),
        )
        if not self._taking.isdisjoint(codes):
            rows = self._netted(rows, events)
        return rows.where(rows.items != MISSING) if MISSING in places else rows

    @cached_property
    def _taking(self) -> frozenset[int]:
        return frozenset(self.kinds.index(kind) for kind in TAKEN_BACK_BY)

    def _learned(self, word: str) -> tuple[int, float]:
        """The code and weight of a kind by the caller's word for it; names beyond the last code are one kind."""
        name = canonical(word)
        with _LEARNING:
            if name not in self.kinds and len(self.kinds) < _CODES:
                self.kinds += (name,)
                if name not in self.weights:
                    _log.warning("events of the kind %r weigh 1, as much as purchases; [kinds] can say otherwise", name)
            code = self.kinds.index(name if name in self.kinds else EVENT)
            found = code, self.weights.get(name, 1.0)
            if len(self._words) < _WORDS:
                self._words[word] = found
        return found

    def _netted(self, rows: Histories, events: Sequence[Did]) -> Histories:
        """A return weighs minus what it takes back, as in the dataset that models are fitted on."""
        pieces = np.array([math.nan if event.quantity is None else event.quantity for event in events])
        net, _, _ = net_weights(rows.rows, rows.items, rows.kinds, rows.weights, pieces, self.kinds)
        return replace(rows, weights=net)


_LEARNING = threading.Lock()


@final
@dataclass(frozen=True)
class Recoded:
    """A live recommender behind questions whose kinds have the codes of a model."""

    recommender: Recommender
    coding: Coding

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        return self.recommender.recommend(self._recoded(queries), k, allowed)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """As the recommender explains it; live ones look at no kinds for that."""
        because = getattr(self.recommender, "because", None)
        return because(queries, answer, r) if because else Reasons.none(len(answer), answer.k, r)

    def _recoded(self, queries: Queries) -> Queries:
        past = queries.history
        if not len(past.kinds):
            return queries
        history = Histories(past.starts, past.items, past.times, past.weights, self.coding.live[past.kinds])
        return Queries(queries.users, history, queries.times, queries.baskets, queries.context, queries.attributes)
