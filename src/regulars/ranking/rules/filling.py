"""Lists that are full: asking a recommender again where limits leave slots open."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from regulars.core import MISSING, Allowed, Bools, Longs, Recommendations, starts_of

from .arranging import Arrangement, beside, names_with_pins, pins_of, shut_out, written
from .bound import Bound, Situation

Ask = Callable[[Longs, int, Allowed], Recommendations]  # for these questions of a batch, so many, of what is allowed
_ROOM = 64_000_000  # bytes of masks for questions that are asked again together


def filled(
    bound: Bound, situation: Situation, ask: Ask, allowed: Allowed, *, starts: Longs, k: int, depth: int
) -> Recommendations:
    """The lists for the questions of one situation, as the rules want them, from the best `depth` on.

    allowed: in each of these questions, beside the rules; starts: int64, at what place of a longer list each begins.
    """
    shut, pins = shut_out(bound.rules, k), pins_of(bound, situation)
    may = bound.may(situation, shut) & allowed
    slots = np.empty((len(situation.rows), len(pins)), dtype=np.int64)
    for at, (item, slot) in enumerate(pins):
        own = slot - 1 - starts
        slots[:, at] = np.where((own >= 0) & (own < k) & _permits(may, item, len(starts)), own, MISSING)
    arrangement = Arrangement(bound, situation, k, np.array([item for item, _ in pins], dtype=np.int32), slots)
    buried = bound.rules.bury
    tiers = (bound.may(situation, shut + buried) & allowed, may) if buried else (may,)
    return Filling(arrangement, ask, tiers, depth).run()


@dataclass(eq=False)
class Filling:
    """The lists for the questions of one situation; changes from round to round.

    tiers: what may be shown, the preferred before all. chosen: the answer as it stands. own: what of it the recommender
    proposed, in order, `settled` items of each row. asked: how far down its lists were looked at.
    """

    arrangement: Arrangement
    ask: Ask
    tiers: tuple[Allowed, ...]
    depth: int

    def __post_init__(self) -> None:
        n, k = len(self.arrangement.situation.rows), self.arrangement.k
        self.chosen = self.own = Recommendations.none(n, k)
        self.settled = np.zeros(n, dtype=np.int64)
        self.asked = 0
        self.names: tuple[str, ...] = ()

    def run(self) -> Recommendations:
        """Asks for what is not buried, again while that helps, then for everything where a list is still short."""
        left = np.arange(len(self.settled))
        for permitted in self.tiers:
            while len(left) or not self.names:
                left = self._round(left, permitted)
            left = np.flatnonzero(self._found < self.arrangement.k)
        return replace(self.chosen, names=self.names)

    def _round(self, rows: Longs, permitted: Allowed) -> Longs:
        """Asks once more for some rows and chooses anew; those of them for whom another round may help."""
        size = max(1, _ROOM // max(1, self.arrangement.bound.catalog.n_items)) if self.asked else max(1, len(rows))
        parts = [rows[begin : begin + size] for begin in range(0, max(1, len(rows)), size)]
        going = np.concatenate([self._part(part, permitted) for part in parts])
        self.asked += self.depth
        return going

    def _part(self, rows: Longs, permitted: Allowed) -> Longs:
        arrangement = self.arrangement.part(rows)
        before, may = self._found[rows], permitted[rows] & self._open(rows) if self.asked else permitted
        answer = self.ask(arrangement.situation.rows, self.depth, may)
        self.names = names_with_pins(arrangement.bound, answer.names)
        more = answer if self.asked else self._with_wanted(arrangement, answer, may)
        candidates = beside(self.own[rows], more) if self.asked else more
        first = self.asked - self.own.k if self.asked else 0
        chosen = arrangement.chosen(candidates, settled=self.settled[rows], first=first)
        made, all_rows = chosen.answer(candidates), len(rows) == len(self.settled)
        self.chosen = made if all_rows else written(self.chosen, rows, made)
        now = (made.items != MISSING).sum(axis=1)
        if (now < arrangement.k).any():
            own = chosen.proposed(candidates)
            self.own = own if all_rows else written(self.own, rows, own)
            self.settled[rows] = chosen.n_proposed
        there_is_more = answer.items[:, -1] != MISSING
        helped: Longs = rows[there_is_more & (now < arrangement.k) & (now > before)]
        return helped

    @property
    def _found(self) -> Longs:
        return np.asarray((self.chosen.items != MISSING).sum(axis=1))

    def _open(self, rows: Longs) -> Allowed:
        """What is neither chosen yet, nor of a value of which the limit is reached."""
        taken = self.chosen.items[rows]
        full = [[group.full(row) for group in self.arrangement.groups] for row in taken]
        there = taken != MISSING
        rest = Allowed(None, starts_of(there.sum(axis=1)), taken[there])
        if not any(mask is not None for masks in full for mask in masks):
            return rest
        mask = np.ones((len(rows), self.arrangement.bound.catalog.n_items), dtype=np.bool_)
        for row, masks in enumerate(full):
            for shut in masks:
                if shut is not None:
                    mask[row] &= ~shut[: mask.shape[1]]
        return Allowed(mask, rest.starts, rest.excluded)

    def _with_wanted(self, arrangement: Arrangement, answer: Recommendations, may: Allowed) -> Recommendations:
        """The answer, and behind it the best of what a share wants where there is too little of it."""
        for want in arrangement.wants:
            there = want.mask[np.maximum(answer.items, 0)] & (answer.items != MISSING)
            short = np.flatnonzero(there.sum(axis=1) < want.least)
            if len(short):
                mask = Allowed(want.mask[np.newaxis, : arrangement.bound.catalog.n_items])
                found = self.ask(arrangement.situation.rows[short], want.least, may[short] & mask)
                wide = Recommendations.none(len(answer), found.k)
                answer = beside(answer, written(wide, short, found))
        return answer


def _permits(may: Allowed, item: int, n: int) -> Bools:
    """Whether an item may be shown, for each of n questions."""
    if may.mask is not None and item >= may.mask.shape[1]:
        return np.zeros(n, dtype=np.bool_)
    permits = np.ones(n, dtype=np.bool_) if may.mask is None else np.repeat(may.mask[:, item], n // len(may.mask))
    if len(may.starts) > 1:
        permits[np.repeat(np.arange(n), np.diff(may.starts))[may.excluded == item]] = False
    return permits
