"""Gating: what withheld events say of how far content should be trusted."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np

from regulars.core import Bools, Floats, Histories, Ints, Longs, Progress, Run, floats, spans

from .kinds.gate import Decision

Doubles = np.ndarray[Any, np.dtype[np.float64]]
SCALES: Final = (0.25, 0.5, 0.71, 0.84, 1.19, 1.41, 2.0, 4.0)  # times the scale that was best so far
HALVES: Final = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
YIELDS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
ROUNDS: Final = 2  # through all choices
POPULAR: Final = 0.5  # part of the events that fall on popular items
TAKEN: Final = 0.4  # times novelty ** 2 of the NDCG of popular answers is what new items may take: .1 at .5
SURE: Final = 2.0  # standard errors by which lists have to become better, as many decisions are tried
STEADY: Final = 0.98  # of what customers found again is still found
DEAR: Final = 10.0  # times the loss beyond that
ENOUGH: Final = 20  # withheld events, below which nothing is decided by them
MOST: Final = 1_500  # questions of each kind that decide, and
SCORES: Final = 60_000_000  # scores of them that are held
BLOCK: Final = 2_000_000  # of which so many are looked at together
K: Final = 10


class Places(NamedTuple):
    """Where items could be: own vectors and those by content, float32 [n_items, d] with NaN rows, and how many
    customers met each item."""

    own: Floats
    content: Floats
    counts: Longs


@dataclass(frozen=True)
class Asked:
    """Questions with one answer each: their vectors [n, d], the answers [n], and items that no list may hold."""

    vectors: Floats
    targets: Ints
    starts: Longs
    known: Ints

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, rows: Longs) -> "Asked":
        lengths = np.diff(self.starts)[rows]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        return Asked(self.vectors[rows], self.targets[rows], starts, self.known[spans(self.starts[:-1][rows], lengths)])

    @classmethod
    def of(cls, vectors: Floats, history: Histories, targets: Ints, n_items: int) -> "Asked":
        """Those of which something is known, whose answer is new to the customer; history: what no list may hold."""
        again = np.bincount(history.rows[history.items == targets[history.rows]], minlength=len(targets)) > 0
        told = np.flatnonzero(~np.isnan(vectors[:, 0]) & ~again)
        left = history[told]
        left = left.where((left.items >= 0) & (left.items < n_items))
        return cls(vectors[told], targets[told], left.starts, left.items)

    def some(self, random: np.random.Generator, n_items: int) -> "Asked":
        """Some of them, at most MOST."""
        n = min(MOST, SCORES // max(1, n_items))
        return self[np.sort(random.permutation(len(self))[:n])]


class Scores(NamedTuple):
    """What questions give all items, by their own vectors and by those of content; float32 [n, n_items] each."""

    own: Floats
    content: Floats

    @classmethod
    def of(cls, asked: Asked, places: Places) -> "Scores":
        own, content = (floats(asked.vectors @ np.nan_to_num(vectors).T) for vectors in places[:2])
        return cls(own, content)


class Jury:
    """Ranks the answers of questions by any decision. hidden: items that are treated as if nobody had met them."""

    def __init__(self, places: Places, asked: Asked, scores: Scores, hidden: Ints) -> None:
        self.asked, self.scores = asked, scores
        self.counts = places.counts.copy()
        self.new, self.unknown = np.isnan(places.own[:, 0]), np.isnan(places.content[:, 0])
        self.new[hidden], self.counts[hidden] = True, 0

    def ndcg(self, decision: Decision | None, *, with_new: bool = True) -> Doubles:
        """NDCG@10 of each question, in lists with or without new items; None: of the plain model; float64 [n]."""
        own, content = (decision or Decision()).shares(self.counts)
        own[self.unknown] = 1
        own[self.new] = 0
        content = np.where(self.new, decision.scale * decision.lift, content) if decision else np.zeros_like(own)
        content[self.unknown] = 0
        nowhere = (own == 0) & (content == 0)
        if not with_new:
            nowhere |= self.new
        found = np.zeros(len(self.asked))
        size = max(1, BLOCK // max(1, len(own)))
        for start in range(0, len(self.asked), size):
            rows = np.arange(start, min(start + size, len(self.asked)))
            scores = self.scores.own[rows] * own + self.scores.content[rows] * floats(content)
            scores[:, nowhere] = -np.inf
            part = self.asked[rows]
            reached = scores[np.arange(len(rows)), part.targets]
            scores[np.repeat(np.arange(len(rows)), np.diff(part.starts)), part.known] = -np.inf
            ranks = (scores > reached[:, np.newaxis]).sum(1)
            found[rows] = np.where((ranks < K) & np.isfinite(reached), 1 / np.log2(2.0 + ranks), 0.0)
        return found


@dataclass(frozen=True)
class Court:
    """Withheld events of items that were met (warm), and of items that are treated as new (cold), which together count
    as a part `novelty` of all: by their share of the events the best list would be one without anything new.

    again: what customers came back for, where a good part of the log is that.
    """

    places: Places
    warm: Asked
    cold: Asked
    again: Asked
    hidden: Ints
    novelty: float
    run: Run

    def decided(self) -> Decision:
        """The decision with the best lists of all events that harms no popular item; the plain model's, if none does.

        Scale, gate and what yields to it are searched one after another, popular items both spared and not. To move
        items that were met, lists have to become better by more than SURE standard errors. New items may take a part
        of the lists of those whose answer is popular: a tenth, if novelty is one half.
        """
        bare = Decision(popular=popular_from(self.places.counts))
        if len(self.warm) < ENOUGH:
            return self._figures(bare)
        bare = self._scaled(bare)
        gates = ((10.0, 0.0), (10.0, 1.0), (0.0, 0.0))
        starts = [replace(bare, half=h, yields=y, popular=p) for p in (np.inf, bare.popular) for h, y in gates]
        options = [self._searched(start) for start in starts]
        better = [option for option in options if _gain(self._judged(bare), self._judged(option)) > SURE]
        better.sort(key=lambda option: -self._worth(option))
        plain = self._whole.ndcg(None)[self._popular]
        harmless = (o for o in better if _gain(plain, self._whole.ndcg(o, with_new=False)[self._popular]) >= -1)
        return self._figures(next(harmless, bare))

    def _figures(self, decision: Decision) -> Decision:
        """The decision with what it was decided by."""
        before, after, cold = self._whole.ndcg(None), self._whole.ndcg(decision), self._cold.ndcg(decision)
        return replace(
            decision,
            asked=len(before),
            before=_mean(before),
            after=_mean(after),
            popular_before=_mean(before[self._popular]),
            popular_after=_mean(after[self._popular]),
            cold=len(cold),
            cold_after=_mean(cold),
        )

    @property
    def _popular(self) -> Bools:
        """Which of the warm questions have a popular answer."""
        wanted: Bools = self.places.counts[self.warm.targets] >= popular_from(self.places.counts)
        return wanted

    def _searched(self, best: Decision) -> Decision:
        for _ in range(ROUNDS):
            best = self._scaled(best)
            best = self._best(best, *(replace(best, half=half) for half in HALVES))
            best = self._best(best, *(replace(best, yields=yields) for yields in YIELDS))
            best = self._best(best, *(replace(best, lift=best.lift * by) for by in SCALES))
        return best

    def _scaled(self, best: Decision) -> Decision:
        for _ in range(ROUNDS):
            best = self._best(best, *(replace(best, scale=best.scale * by) for by in SCALES))
        return best

    def _best(self, *options: Decision) -> Decision:
        """The best of them, the earliest of equals."""
        return max(options, key=self._worth)

    def _worth(self, decision: Decision) -> float:
        """Mean NDCG@10 of all events, less what must not be lost: what new items take from lists with popular answers
        beyond what TAKEN allows, and what customers no longer find again beyond STEADY."""
        warm, _, again = self._heard(decision)
        popular = self._popular[self._seen]
        bearable = 1 - TAKEN * self.novelty**2
        lost = _short(warm[popular], bearable, self._plain[popular]) + _short(again, STEADY, self._found_again)
        return float(self._judged(decision).sum()) - DEAR * lost

    def _judged(self, decision: Decision) -> Doubles:
        """What each event adds to the mean NDCG@10 of all, in lists in which the hidden items are new; float64 [n]."""
        warm, cold, _ = self._heard(decision)
        share = self.novelty if len(cold) else 0.0
        return np.concatenate([(1 - share) * warm / max(1, len(warm)), share * cold / max(1, len(cold))])

    def _heard(self, decision: Decision) -> tuple[Doubles, Doubles, Doubles]:
        """NDCG@10 of the warm and the cold events in these lists, and of what customers came back for."""
        asked = (round(decision.scale, 6), round(decision.lift, 6), decision.half, decision.yields, decision.popular)
        if asked not in self._known:
            self._known[asked] = self._warm.ndcg(decision), self._cold.ndcg(decision), self._again.ndcg(decision)
            figures = tuple(zip(("met", "new"), map(_mean, self._known[asked][:2]), strict=True))
            self.run.on_epoch(Progress("content_to_cf, gate", len(self._known), len(self._known), figures))
        return self._known[asked]

    @cached_property
    def _known(self) -> dict[tuple[float, ...], tuple[Doubles, Doubles, Doubles]]:
        return {}

    @cached_property
    def _warm_scores(self) -> Scores:
        return Scores.of(self.warm, self.places)

    @cached_property
    def _seen(self) -> Bools:
        """Which of the warm questions have an answer that is not hidden."""
        return ~np.isin(self.warm.targets, self.hidden)

    @cached_property
    def _warm(self) -> Jury:
        scores = Scores(*(part[self._seen] for part in self._warm_scores))
        return Jury(self.places, self.warm[np.flatnonzero(self._seen)], scores, self.hidden)

    @cached_property
    def _plain(self) -> Doubles:
        """The same of the warm events by the plain model, of which no new item is in the lists."""
        return self._warm.ndcg(None)

    @cached_property
    def _again(self) -> Jury:
        return Jury(self.places, self.again, Scores.of(self.again, self.places), np.empty(0, np.int32))

    @cached_property
    def _found_again(self) -> Doubles:
        """The same of what customers came back for, by the plain model."""
        return self._again.ndcg(None)

    @cached_property
    def _cold(self) -> Jury:
        return Jury(self.places, self.cold, Scores.of(self.cold, self.places), self.hidden)

    @cached_property
    def _whole(self) -> Jury:
        return Jury(self.places, self.warm, self._warm_scores, np.empty(0, np.int32))


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


def _short(figures: Doubles, share: float, plain: Doubles) -> float:
    """How far the mean stays below this share of the plain one."""
    return max(0.0, share * float(plain.mean()) - float(figures.mean())) if len(plain) else 0.0


def _mean(figures: Doubles) -> float:
    return float(figures.mean()) if len(figures) else float("nan")
