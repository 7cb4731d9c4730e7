"""What a service can recommend without a fit: immutable values over counts that are kept as events come in.

They read the kinds of a history by the codes of KINDS, whatever codes the models at hand have for them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final, NamedTuple, final

import numpy as np

from regulars.core import (
    DAY,
    EVENT,
    MISSING,
    Allowed,
    Codes,
    FindsSimilar,
    Floats,
    Histories,
    Ints,
    Longs,
    Queries,
    Reasons,
    Recommendations,
)
from regulars.data.kinds import PURCHASE, RETURN, WEIGHTS

POPULAR, TRENDING, NEW, RECENTLY_VIEWED, BUY_AGAIN, SIMILAR, BOUGHT_TOGETHER = LIVE = (
    "popular",
    "trending",
    "new",
    "recently_viewed",
    "buy_again",
    "similar",
    "bought_together",
)
REST: Final = "assortment"  # what nobody has met yet, behind what is popular
KINDS: Final = tuple(WEIGHTS)
_EVENT: Final = KINDS.index(EVENT)  # of a log that names no kinds, and of kinds that nobody knows
_VIEWS: Final = (KINDS.index("view"), _EVENT)
_BOUGHT: Final = (KINDS.index(PURCHASE), KINDS.index(RETURN), _EVENT)
_CONSTANT: Final = 60.0  # of the reciprocal ranks by which several items of a basket are joined; see RankFusion


def live_codes(kinds: Iterable[str]) -> Codes:
    """The code in KINDS of each of the names of another coding; int8."""
    return np.array([KINDS.index(kind) if kind in KINDS else _EVENT for kind in kinds], dtype=np.int8)


@final
@dataclass(frozen=True)
class Listed:
    """One order for everybody, such as what is popular now. scores: float32 [n_items], NaN for "cannot tell".

    rest: what the source of items with a score of 0 is called, if not like the method.
    """

    method: str
    scores: Floats
    rest: str = ""

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        answer, permitted = Recommendations.none(len(queries), k, self.method), _Permitted(allowed or Allowed())
        for row in range(len(queries)):
            items = self._first(k, permitted, row)
            answer.items[row, : len(items)] = items
            answer.scores[row, : len(items)] = self.scores[items]
        if not self.rest:
            return answer
        names = (self.method, self.rest)
        return Recommendations(answer.items, answer.scores, names, (answer.scores == 0).astype(np.int16))

    @cached_property
    def order(self) -> Ints:
        """The items that have a score, best first; ties go to the lower index."""
        order = np.argsort(-self.scores, kind="stable")
        return order[: np.count_nonzero(~np.isnan(self.scores))].astype(np.int32)

    def _first(self, k: int, permitted: "_Permitted", row: int) -> list[int]:
        """The first k that are permitted, walking down the order in growing strides."""
        found: list[int] = []
        start, stride = 0, 2 * k + 64
        while len(found) < k and start < len(self.order):
            found += permitted.of(self.order[start : start + stride], row).tolist()
            start, stride = start + stride, 4 * stride
        return found[:k]


@final
@dataclass(frozen=True)
class RecentlyViewed:
    """What the customer looked at, newest first; the score is minus the days from then to the last look."""

    n_items: int

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        rows = [self._seen(queries.history, row) for row in range(len(queries))]
        return _best(rows, k, allowed or Allowed(), RECENTLY_VIEWED)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """Each item is its own reason."""
        return _by_itself(answer, r)

    def _seen(self, history: Histories, row: int) -> "_Scored":
        events = slice(int(history.starts[row]), int(history.starts[row + 1]))
        newest: dict[int, int] = {}
        columns = (history.items[events], history.times[events], history.kinds[events])
        for item, time, kind in zip(*(column.tolist() for column in columns), strict=True):
            if kind in _VIEWS and 0 <= item < self.n_items:
                newest[item] = max(time, newest.get(item, time))
        last = max(newest.values(), default=0)
        return _scored({item: (time - last) / DAY for item, time in newest.items()})


@final
@dataclass(frozen=True)
class BuyAgain:
    """What the customer buys again and again, and is due.

    The score is the number of purchases, each halved for every `half_life_days` to the last one, times how much of the
    usual gap has gone by since (at most 1). The gap is the mean of the customer's own for that item, `gap_days` for
    what was bought on one day only. What was returned in full is left out.
    """

    n_items: int
    half_life_days: float = 90.0
    gap_days: float = 21.0

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        rows = [self._due(queries.history, row, int(queries.times[row])) for row in range(len(queries))]
        return _best(rows, k, allowed or Allowed(), BUY_AGAIN)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """Each item is its own reason."""
        return _by_itself(answer, r)

    def _due(self, history: Histories, row: int, now: int) -> "_Scored":
        events = slice(int(history.starts[row]), int(history.starts[row + 1]))
        bought: dict[int, list[tuple[int, float]]] = {}
        columns = (history.items[events], history.times[events], history.weights[events], history.kinds[events])
        for item, time, weight, kind in zip(*(column.tolist() for column in columns), strict=True):
            if kind in _BOUGHT and 0 <= item < self.n_items:
                bought.setdefault(item, []).append((time, weight))
        kept = {item: events for item, events in bought.items() if sum(weight for _, weight in events) > 0}
        last = max((time for events in kept.values() for time, _ in events), default=0)
        return _scored({item: self._score(events, last, now) for item, events in kept.items()})

    def _score(self, events: list[tuple[int, float]], last: int, now: int) -> float:
        times = [time for time, weight in events if weight > 0]
        days = sorted({time // DAY for time in times})
        gap = (days[-1] - days[0]) / (len(days) - 1) if len(days) > 1 else self.gap_days
        total = sum(w * 2.0 ** ((time - last) / (self.half_life_days * DAY)) for time, w in events)
        return float(max(total, 0.0) * min(max(now - max(times), 0) / (gap * DAY), 1.0))


class Near(NamedTuple):
    """For each item the items that were met with it, and how often: CSR rows, of which `newer` replaces some.

    starts: int64 [m + 1], m may be less than n_items; items: int32; counts: float32.
    """

    starts: Longs
    items: Ints
    counts: Floats
    newer: Mapping[int, tuple[Ints, Floats]] = {}

    @classmethod
    def none(cls) -> "Near":
        return cls(np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32))

    def of(self, item: int) -> tuple[Ints, Floats]:
        """The neighbors of an item and their counts."""
        if item in self.newer:
            return self.newer[item]
        if not 0 <= item < len(self.starts) - 1:
            return self.items[:0], self.counts[:0]
        row = slice(int(self.starts[item]), int(self.starts[item + 1]))
        return self.items[row], self.counts[row]


@final
@dataclass(frozen=True)
class Together:
    """What goes with the basket, or with the product on the page: items met in one basket (or visit) with it.

    The score of i is the sum over the items j of the basket of c(i, j) / (sqrt(n(i) n(j)) + shrinkage): the cosine of
    their baskets, pulled towards 0 where few were counted. totals n: float32 [n_items].
    """

    method: str
    totals: Floats
    near: Near
    shrinkage: float = 3.0

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        starts, items = queries.baskets.starts, queries.baskets.items
        rows = [self._sum(items[starts[row] : starts[row + 1]]) for row in range(len(queries))]
        return _best(rows, k, allowed or Allowed(), self.method)

    def similar_items(self, items: Ints, k: int, allowed: Allowed | None = None) -> Recommendations:
        """The answers to baskets of one of `items` [n] each."""
        rows = [self._sum(items[row : row + 1]) for row in range(len(items))]
        return _best(rows, k, allowed or Allowed(), self.method)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """The r items of each basket that add most to the score, as a share of it."""
        reasons = Reasons.none(len(answer), answer.k, r)
        for row in range(len(answer)):
            basket = _basket(queries, row)
            spoken = {j: dict(zip(*(part.tolist() for part in self._spoken(j)), strict=True)) for j in basket}
            for place, item in enumerate(answer.items[row].tolist()):
                added = sorted(((said[item], j) for j, said in spoken.items() if item in said), reverse=True)
                total = sum(amount for amount, _ in added)
                for rank, (amount, j) in enumerate(added[:r]):
                    reasons.items[row, place, rank], reasons.shares[row, place, rank] = j, amount / total
        return reasons

    def _spoken(self, item: int) -> tuple[Ints, Floats]:
        """What one item of a basket says for its neighbors."""
        items, counts = self.near.of(item)
        known = items < len(self.totals)
        items, counts = items[known], counts[known]
        own = self.totals[item] if 0 <= item < len(self.totals) else 0.0
        scores: Floats = counts / (np.sqrt(own * self.totals[items]) + np.float32(self.shrinkage))
        return items, scores

    def _sum(self, basket: Ints) -> "_Scored":
        parts = [self._spoken(item) for item in dict.fromkeys(basket.tolist())]
        if not parts:
            return _NOTHING
        items, place = np.unique(np.concatenate([part[0] for part in parts]), return_inverse=True)
        sums = np.bincount(place, weights=np.concatenate([part[1] for part in parts]), minlength=len(items))
        kept = ~np.isin(items, basket)
        return _Scored(items[kept], sums[kept].astype(np.float32))


@final
@dataclass(frozen=True)
class Similar:
    """The items most like those of the basket, or like the product on the page, as a model finds them.

    Several items of a basket are joined by reciprocal ranks among the best `depth` of each.
    """

    finder: FindsSimilar
    depth: int = 100

    def recommend(self, queries: Queries, k: int, allowed: Allowed | None = None) -> Recommendations:
        permitted, lengths = allowed or Allowed(), queries.baskets.lengths
        depth = k if lengths.max(initial=0) <= 1 else max(self.depth, k)
        found = self.finder.similar_items(queries.baskets.items, depth, permitted[queries.baskets.rows])
        starts = queries.baskets.starts
        rows = [self._joined(found, slice(a, b)) for a, b in pairwise(starts.tolist())]
        return _best(rows, k, permitted, SIMILAR)

    def because(self, queries: Queries, answer: Recommendations, r: int = 3) -> Reasons:
        """The first item of the basket."""
        reasons = Reasons.none(len(answer), answer.k, r)
        for row in range(len(answer)):
            basket = _basket(queries, row)
            if len(basket) == 1:
                there = answer.items[row] != MISSING
                reasons.items[row, there, 0], reasons.shares[row, there, 0] = basket[0], 1.0
        return reasons

    def _joined(self, found: Recommendations, rows: slice) -> "_Scored":
        """One item: its own scores, which are comparable; several: by ranks."""
        if rows.stop - rows.start == 1:
            known = found.items[rows.start] != MISSING
            return _Scored(found.items[rows.start][known], found.scores[rows.start][known])
        sums: dict[int, float] = {}
        for items in found.items[rows].tolist():
            for rank, item in enumerate(items, 1):
                if item != MISSING:
                    sums[item] = sums.get(item, 0.0) + 1 / (_CONSTANT + rank)
        return _scored(sums)


class _Scored(NamedTuple):
    """The few items that can be told of for one question."""

    items: Ints
    scores: Floats


_NOTHING = _Scored(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32))


def _scored(scores: Mapping[int, float]) -> _Scored:
    if not scores:
        return _NOTHING
    return _Scored(np.array(list(scores), dtype=np.int32), np.array(list(scores.values()), dtype=np.float32))


class _Permitted:
    """Which of a few items may be answered to a row; None in `mask` permits everything."""

    def __init__(self, allowed: Allowed) -> None:
        self.allowed = allowed

    def of(self, items: Ints, row: int) -> Ints:
        mask, starts = self.allowed.mask, self.allowed.starts
        if mask is not None:
            own = mask[0] if len(mask) == 1 else mask[row]
            items = items[items < len(own)]
            items = items[own[items]]
        if len(starts) > 1 and starts[row + 1] > starts[row] and len(items):
            items = items[~np.isin(items, self.allowed.excluded[starts[row] : starts[row + 1]])]
        return items


def _best(rows: list[_Scored], k: int, allowed: Allowed, method: str) -> Recommendations:
    """The k best permitted of a few items for each row; ties go to the lower index."""
    answer, permitted = Recommendations.none(len(rows), k, method), _Permitted(allowed)
    for row, (items, scores) in enumerate(rows):
        if not len(items):
            continue
        order = np.lexsort((items, -scores))
        by_item = dict(zip(items.tolist(), scores.tolist(), strict=True))
        best = permitted.of(items[order], row)[:k]
        answer.items[row, : len(best)] = best
        answer.scores[row, : len(best)] = [by_item[item] for item in best.tolist()]
    return answer


def _basket(queries: Queries, row: int) -> list[int]:
    starts = queries.baskets.starts
    return list(dict.fromkeys(queries.baskets.items[starts[row] : starts[row + 1]].tolist()))


def _by_itself(answer: Recommendations, r: int) -> Reasons:
    reasons = Reasons.none(len(answer), answer.k, r)
    there = answer.items != MISSING
    reasons.items[there, 0], reasons.shares[there, 0] = answer.items[there], 1.0
    return reasons
