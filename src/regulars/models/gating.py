"""Gating: what withheld events say of how far content should be trusted."""

from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from regulars.core import Floats, Ints, Longs, Queries, spans

from .folds import Folds
from .kinds.gate import Decision

SCALES: Final = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8)
HALVES: Final = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
POPULAR: Final = 0.8  # part of the events that fall on popular items
BLOCK: Final = 8_000_000  # scores held at a time
MOST: Final = 4_000  # questions that decide


class Places(NamedTuple):
    """What decides where items are placed: own vectors and those by content, float32 [n_items, d] with NaN rows, and
    how many customers met each item."""

    own: Floats
    content: Floats
    counts: Longs


class Asked(NamedTuple):
    """Questions with one answer each: vectors of the plain encoder [n, d], and what they may not be answered with."""

    vectors: Floats
    targets: Ints
    starts: Longs
    known: Ints

    def ndcg(self, items: Floats, k: int = 10) -> Floats:
        """Of each question, among items with these vectors, [n_items, d + 1]; NaN rows are not there; float64 [n]."""
        found = np.zeros(len(self.targets))
        size = max(1, BLOCK // max(1, len(items)))
        for start in range(0, len(self.targets), size):
            rows = np.arange(start, min(start + size, len(self.targets)))
            scores = self.vectors[rows] @ items[:, :-1].T + items[:, -1]
            lengths = np.diff(self.starts)[rows]
            known = self.known[spans(self.starts[:-1][rows], lengths)]
            reached = scores[np.arange(len(rows)), self.targets[rows]]
            scores[np.repeat(np.arange(len(rows)), lengths), known] = -np.inf
            ranks = (scores > reached[:, np.newaxis]).sum(1)
            found[rows] = np.where((ranks < k) & ~np.isnan(reached), 1 / np.log2(2.0 + ranks), 0.0)
        return found


def scale_of(places: Places, new: Asked, warm: Asked, hidden: Ints, share: float) -> float:
    """By what vectors by content are multiplied: the scale with the best lists when the items `hidden` are new.

    share: the part of all events that falls on them.
    """
    bare = Decision()
    own = places.own.copy()
    own[hidden] = np.nan
    best, figure = 1.0, -1.0
    for scale in sorted(SCALES, key=lambda s: abs(np.log(s))):
        items = replace(bare, scale=scale).vectors(own, places.content, places.counts)
        judged = share * new.ndcg(items).mean() + (1 - share) * (warm.ndcg(items).mean() if len(warm.targets) else 0)
        if judged > figure:
            best, figure = scale, judged
    return best


def decided(places: Places, warm: Asked, scale: float) -> Decision:
    """The gate with the best lists for withheld events; the plain model's, if none is better."""
    decision = Decision(scale=scale, popular=popular_from(places.counts))
    if not len(warm.targets):
        return replace(decision, half=2.0)
    nothing = np.full_like(places.content, np.nan)
    popular = places.counts[warm.targets] >= decision.popular
    plain = warm.ndcg(decision.vectors(places.own, nothing, places.counts))
    options = []
    for half in HALVES:
        option = replace(decision, half=half)
        options.append((warm.ndcg(option.vectors(places.own, places.content, places.counts)), option))
    figures, best = max(options, key=lambda pair: pair[0].mean())
    everywhere = replace(best, popular=np.inf)
    changed = warm.ndcg(everywhere.vectors(places.own, places.content, places.counts))
    if (
        best.half
        and popular.any()
        and changed[popular].mean() > plain[popular].mean()
        and changed.mean() > figures.mean()
    ):
        figures, best = changed, everywhere
    return replace(
        best,
        asked=len(warm.targets),
        before=float(plain.mean()),
        after=float(figures.mean()),
        popular_before=float(plain[popular].mean()) if popular.any() else np.nan,
        popular_after=float(figures[popular].mean()) if popular.any() else np.nan,
    )


def popular_from(counts: Longs) -> float:
    """How many customers met the least popular of the items that together have most of the events."""
    ordered = np.sort(counts)[::-1]
    whole = ordered.cumsum()
    if not len(ordered) or not whole[-1]:
        return np.inf
    return float(max(2, ordered[np.searchsorted(whole, POPULAR * whole[-1])]))


def asked_of_folds(folds: Folds, random: np.random.Generator) -> Asked:
    """One answer of each question, drawn, at most MOST; nothing is forbidden, for what was met is of other folds."""
    rows = np.sort(random.permutation(len(folds))[:MOST])
    lengths = folds.lengths[rows]
    targets = folds.items[folds.starts[:-1][rows] + (random.random(len(rows)) * lengths).astype(np.int64)]
    return Asked(folds.queries[rows], targets, np.zeros(len(rows) + 1, dtype=np.int64), np.empty(0, np.int32))


def asked_of(queries: Queries, vectors: Floats, targets: Ints, *, repeats: bool, n_items: int) -> Asked:
    """Withheld events as questions; repeats: whether a list may hold what a history holds."""
    told = np.flatnonzero(~np.isnan(vectors[:, 0]))
    history = queries.history[told]
    history = history.where((history.items >= 0) & (history.items < n_items) & (not repeats))
    own = history.items == targets[told][history.rows]
    history = history.where(~own)
    return Asked(vectors[told], targets[told], history.starts, history.items)
