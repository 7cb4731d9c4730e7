"""Gating: what events that a model does not know say of how far content is to be trusted."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from regulars.core import Bools, Ints, Longs, Progress, Run

from .jury import Asked, Doubles, Jury, K, Places, gains
from .kinds.gate import Decision

SCALES: Final = (0.35, 0.5, 0.71, 1.41, 2.0, 2.83)  # times the scale that was best so far; of likeness, too
HALVES: Final = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
YIELDS: Final = (0.0, 0.5, 1.0)
PACES: Final = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)  # deviations of own coordinates
ROUNDS: Final = 2  # through all choices
POPULAR: Final = 0.5  # part of the events that fall on popular items
TAKEN: Final = 0.4  # times novelty ** 2 of the NDCG of popular answers is what new items may take: .1 at .5
SURE: Final = 2.0  # standard errors by which lists have to become better, as many decisions are tried
DOUBT: Final = 1.0  # standard errors that popular answers may seem to lose; at 0 chance decided, to their own harm
STEADY: Final = 0.98  # of what customers found again is still found
DEAR: Final = 100.0  # times the loss beyond that
ENOUGH: Final = 20  # events of items that were met, below which nothing is decided by them


class Heard(NamedTuple):
    """NDCG of each question. popular, rare: of warm ones with such an answer, in one list in which the hidden items
    are new; peers: of the rare ones, among items that are neither popular nor new; cold, young: of the cold ones, in
    one list and among new items. Other questions than those meant have 0. NDCG@10, each question the same: usual, of
    those with popular answers, in lists of what was met; left, in one list; again: of what customers came back for."""

    popular: Doubles
    rare: Doubles
    peers: Doubles
    cold: Doubles
    young: Doubles
    usual: Doubles
    left: float
    again: float


@dataclass(frozen=True)
class Court:
    """Events that the model does not know: of items that were met (warm), and of items that are new or treated as such
    (cold), which together count as a part `share` of all.

    again: what customers came back for, where a good part of the log is that; novelty: how much new items may take; k:
    length of the lists.
    """

    places: Places
    warm: Asked
    cold: Asked
    again: Asked
    hidden: Ints
    novelty: float
    share: float
    run: Run
    k: int = K

    def decided(self) -> Decision:
        """The decision with the best lists that harms no popular item; the plain model's, if none does.

        Scale, gate and what yields to it are searched one after another; popular items are spared if they would suffer.
        To move items that were met, lists have to become better by more than SURE standard errors. New items may take a
        part of the lists of those whose answer is popular: a tenth, if novelty is one half.
        """
        bare = Decision(factors=self.places.factors)
        if len(self.warm) < ENOUGH:
            return self._figures(bare)
        bare = self._scaled(bare)
        if len(self._seen) < ENOUGH:
            return self._figures(bare)
        starts = (replace(bare, half=half, yields=yields) for half, yields in ((10.0, 0.0), (10.0, 1.0), (0.0, 0.0)))
        options = sorted((self._searched(start) for start in starts), key=self._worth, reverse=True)
        spared = [self._scaled(replace(option, popular=self._line)) for option in options]
        better = (option for option in (*options, *spared) if self._better(bare, option))
        return self._figures(next((option for option in better if self._harmless(option)), bare))

    def _better(self, bare: Decision, option: Decision) -> bool:
        """Whether lists are better, and surely: for all, or for those who want what was met."""
        before, after, n = self._judged(bare), self._judged(option), len(self._warm)
        gain = max(_gain(before, after), _gain(before[:n], after[:n]))
        return self._worth(option) > self._worth(bare) and gain > SURE

    def _harmless(self, option: Decision) -> bool:
        """Whether popular items are found as before, in lists of what was met, as far as that can be told."""
        return surely_short(self._usual(option), self._plain_usual) == 0

    def _usual(self, decision: Decision | None) -> Doubles:
        """NDCG@10 of the questions with popular answers, in lists of what was met."""
        return gains(self._best_sold.ranks(decision, ~self._best_sold.new))

    def _figures(self, decision: Decision) -> Decision:
        """The decision with what it was decided by."""
        popular = self._wants_popular(self.warm)
        before, after = (gains(self._whole.ranks(one)) for one in (None, decision))
        cold = gains(self._cold.ranks(decision))
        return replace(
            decision,
            asked=len(before),
            before=_mean(before),
            after=_mean(after),
            popular_before=_mean(before[popular]),
            popular_after=_mean(after[popular]),
            cold=len(cold),
            cold_after=_mean(cold),
        )

    @cached_property
    def _line(self) -> float:
        return popular_from(self.places.counts)

    def _wants_popular(self, asked: Asked) -> Bools:
        """Which of the questions have a popular answer."""
        wanted: Bools = self.places.counts[asked.targets] >= self._line
        return wanted

    def _searched(self, best: Decision) -> Decision:
        for _ in range(ROUNDS):
            best = self._best(best, *(replace(best, pace=pace) for pace in self._paces))
            best = self._best(best, *(replace(best, scale=best.scale * by) for by in SCALES))
            best = self._best(best, *(replace(best, alike=best.alike * by) for by in self._likeness))
            best = self._best(best, *(replace(best, half=half) for half in HALVES))
            best = self._best(best, *(replace(best, yields=yields) for yields in YIELDS))
        return best

    def _scaled(self, best: Decision) -> Decision:
        for _ in range(ROUNDS):
            best = self._best(best, *(replace(best, scale=best.scale * by) for by in SCALES))
            best = self._best(best, *(replace(best, alike=best.alike * by) for by in self._likeness))
        return best

    @property
    def _likeness(self) -> tuple[float, ...]:
        """What the weight of likeness is multiplied by, where content has such a part."""
        return SCALES if self.places.own.shape[1] > self.places.factors else ()

    @property
    def _paces(self) -> tuple[float, ...]:
        """What logs of rates are multiplied by, where there are any and vectors have a place for them."""
        own, _, _, factors, rates = self.places
        if own.shape[1] <= factors or not rates.any():
            return ()
        return tuple(by * float(np.nanstd(own[:, :factors])) for by in PACES)

    def _best(self, *options: Decision) -> Decision:
        """The best of them, the earliest of equals."""
        return max(options, key=self._worth)

    def _worth(self, decision: Decision) -> float:
        """How good lists are, less what must not be lost: popular answers in lists of what was met, as far as that can
        be told, what new items take from these beyond what TAKEN allows, and what customers no longer find again beyond
        STEADY."""
        heard = self._heard(decision)
        lost = _short(heard.left, (1 - TAKEN * self.novelty**2) * self._plain_left)
        lost += surely_short(heard.usual, self._plain_usual)
        lost += _short(heard.again, STEADY * self._found_again)
        return float(self._judged(decision).sum()) - DEAR * lost

    def _judged(self, decision: Decision) -> Doubles:
        """What each question adds; popular and rare answers, and lists of rare items alone, count the same; new ones in
        one list twice as much as among themselves."""
        heard = self._heard(decision)
        share = self.share if len(self._cold) else 0.0
        warm = (1 - share) / 3 * (self._evenly * (heard.popular + heard.rare) + self._rarely * heard.peers)
        return np.concatenate([warm, share * self._cold.weights * (2 * heard.cold + heard.young) / 3])

    def _heard(self, decision: Decision) -> Heard:
        known = (decision.scale, decision.half, decision.yields, decision.popular, decision.alike)
        asked = tuple(round(value, 6) for value in (*known, decision.pace))
        if asked not in self._known:
            ranks, popular, new = self._warm.ranks(decision), self._popular, self._warm.new
            warm, left = gains(ranks, self.k), _mean_of(gains(ranks), popular)
            peers = self._warm.ndcg(decision, ~new & (self.places.counts < self._line))
            cold, young = self._cold.ndcg(decision), self._cold.ndcg(decision, new)
            kept = self._usual(decision), left, self._found(decision)
            self._known[asked] = Heard(warm * popular, warm * ~popular, peers * ~popular, cold, young, *kept)
            figures = ("met", self._warm.mean(warm)), ("new", self._cold.mean(cold))
            self.run.on_epoch(Progress("content_to_cf, gate", len(self._known), len(self._known), figures))
        return self._known[asked]

    @cached_property
    def _known(self) -> dict[tuple[float, ...], Heard]:
        return {}

    @cached_property
    def _seen(self) -> Longs:
        """The warm questions that have an answer that is not hidden."""
        return np.flatnonzero(~np.isin(self.warm.targets, self.hidden))

    @cached_property
    def _popular(self) -> Bools:
        return self._wants_popular(self.warm[self._seen])

    @cached_property
    def _evenly(self) -> Doubles:
        """Weights of the warm questions by which those with popular and with rare answers sum to 1 each."""
        weights, popular = self._warm.weights, self._popular
        sums = np.where(popular, weights[popular].sum(), weights[~popular].sum())
        evenly: Doubles = weights / np.maximum(sums, 1e-12)
        return evenly

    @cached_property
    def _rarely(self) -> Doubles:
        return np.where(self._popular, 0, self._evenly)

    @cached_property
    def _warm(self) -> Jury:
        return Jury(self.places, self.warm[self._seen], self.hidden, self.k) if len(self.hidden) else self._whole

    def _found(self, decision: Decision | None) -> float:
        """NDCG@10 of what customers came back for."""
        return _mean_of(self._again.ndcg(decision))

    @cached_property
    def _plain_usual(self) -> Doubles:
        return self._usual(None)

    @cached_property
    def _best_sold(self) -> Jury:
        """The questions with popular answers, nothing hidden."""
        return self._whole.only(np.flatnonzero(self._wants_popular(self.warm)))

    @cached_property
    def _again(self) -> Jury:
        return Jury(self.places, self.again, np.empty(0, np.int32))

    @cached_property
    def _plain_left(self) -> float:
        """What popular answers get from the plain model, of which no new item is in the lists."""
        return _mean_of(gains(self._warm.ranks(None)), self._popular)

    @cached_property
    def _found_again(self) -> float:
        """What customers came back for, found by the plain model."""
        return self._found(None)

    @cached_property
    def _cold(self) -> Jury:
        return Jury(self.places, self.cold, self.hidden, self.k)

    @cached_property
    def _whole(self) -> Jury:
        return Jury(self.places, self.warm, np.empty(0, np.int32), self.k)


def popular_from(counts: Longs) -> float:
    """How many customers met the least popular of the items that together have most of the events."""
    ordered = np.sort(counts)[::-1]
    whole = ordered.cumsum()
    if not len(ordered) or not whole[-1]:
        return np.inf
    return float(max(2, ordered[np.searchsorted(whole, POPULAR * whole[-1])]))


def _gain(before: Doubles, after: Doubles) -> float:
    """By how many of its standard errors the sum changed; 0 where nothing did."""
    change = after - before
    error = float(change.std()) * len(change) ** 0.5 if len(change) else 0.0
    return float(change.sum()) / error if error else 0.0


def _short(figure: float, wanted: float) -> float:
    return max(0.0, wanted - figure)


def surely_short(figures: Doubles, wanted: Doubles) -> float:
    """By how much a mean is below another of the same questions, beyond DOUBT standard errors of the difference."""
    change = figures - wanted
    if not len(change):
        return 0.0
    return _short(float(change.mean()) + DOUBT * float(change.std()) / len(change) ** 0.5, 0.0)


def _mean(figures: Doubles) -> float:
    return float(figures.mean()) if len(figures) else float("nan")


def _mean_of(figures: Doubles, some: Bools | slice = slice(None)) -> float:
    """Of some of them, each the same; 0 of nothing."""
    chosen = figures[some]
    return float(chosen.mean()) if len(chosen) else 0.0
