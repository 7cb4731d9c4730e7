"""Jury: how high the answers of withheld events stand in lists in which items are placed by any decision."""

from copy import copy
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from regulars.core import Bools, Floats, Histories, Ints, Longs, floats, ints, spans, starts_of
from regulars.kernels.panels import Panel, places

from .kinds.gate import Decision

Doubles = np.ndarray[Any, np.dtype[np.float64]]
MOST: Final = 1_500  # questions of each kind that decide, and
SCORES: Final = 100_000_000  # scores of them that are held, in each of three tables
K: Final = 10


class Places(NamedTuple):
    """Where items could be: own vectors and those by content, float32 [n_items, d] with NaN rows, and how many
    customers met each item. factors: width of what behavior tells; behind it is likeness, and last what an item is
    worth to anybody. rates: logs of how fresh items are, float32 [n_items]."""

    own: Floats
    content: Floats
    counts: Longs
    factors: int
    rates: Floats

    def by(self, decision: Decision) -> Floats:
        """The vectors of items; float32 [n_items, d]."""
        return decision.vectors(self.own, self.content, self.counts, self.rates)


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
        pairs = np.unique(left.rows.astype(np.int64) * n_items + left.items)
        starts = starts_of(np.bincount(pairs // max(1, n_items), minlength=len(told)))
        return cls(vectors[told], targets[told], starts, ints(pairs % max(1, n_items)))

    def some(self, random: np.random.Generator, n_items: int) -> "Asked":
        """Some of them, at most MOST."""
        n = min(MOST, SCORES // max(1, n_items))
        return self[np.sort(random.permutation(len(self))[:n])]


class Jury:
    """Ranks the answers of questions by any decision. hidden: items that are treated as if nobody had met them.

    k: length of the lists; rows: of the questions, those that are asked.
    weights: float64 [n] with sum 1, what each question counts, see `rarities`.
    """

    def __init__(self, places: Places, asked: Asked, hidden: Ints, k: int = K) -> None:
        self.k = k
        self.panel, self.rows = _panel(places, asked), np.arange(len(asked))
        self.counts, self.rates = places.counts.copy(), places.rates
        self.new, self.unknown = np.isnan(places.own[:, 0]), np.isnan(places.content[:, 0])
        self.new[hidden], self.counts[hidden] = True, 0
        weights = rarities(places.counts, asked.targets)
        self.weights = weights / max(weights.sum(), 1e-12)

    def __len__(self) -> int:
        return len(self.weights)

    def only(self, rows: Longs) -> "Jury":
        """Asks these of its questions alone, of the same tables."""
        jury = copy(self)
        jury.rows, weights = self.rows[rows], self.weights[rows]
        jury.weights = weights / max(weights.sum(), 1e-12)
        return jury

    def ndcg(self, decision: Decision | None, among: Bools | None = None) -> Doubles:
        """NDCG of each question in lists of k of the items `among` [n_items]; float64 [n]."""
        return gains(self.ranks(decision, among), self.k)

    def ranks(self, decision: Decision | None, among: Bools | None = None) -> Longs:
        """How many items stand before each answer, at most k; None: by the plain model; int64 [n]."""
        own, content = (decision or Decision()).shares(self.counts)
        own[self.unknown] = 1
        own[self.new] = 0
        content = np.where(self.new, decision.scale, content) if decision else np.zeros_like(own)
        content[self.unknown] = 0
        somewhere: Bools = (own != 0) | (content != 0)
        if among is not None:
            somewhere &= among
        alike, pace = (decision.alike, decision.pace) if decision else (0.0, 0.0)
        mixed = own, floats(content), floats(content * alike), floats(pace * self.rates)
        return places(self.panel, self.rows, mixed, somewhere, self.k)

    def mean(self, figures: Doubles) -> float:
        """By the weights; 0 of nothing."""
        return float((self.weights * figures).sum())


def rarities(counts: Longs, targets: Ints) -> Doubles:
    """What each answer counts: one over the root of how many met the item, or of how many answers are that, if more;
    so neither best sellers decide for all nor what one met. counts: int64 [n_items]; float64 [n]."""
    often = np.maximum(counts, np.bincount(targets, minlength=len(counts)))
    weights: Doubles = often[targets] ** -0.5
    return weights


def gains(ranks: Longs, k: int = K) -> Doubles:
    """NDCG@k of answers behind so many others; float64 [n]."""
    return np.where(ranks < k, 1 / np.log2(2.0 + ranks), 0.0)


def _panel(places: Places, asked: Asked) -> Panel:
    """What questions give all items: by their own vectors, by content, by its likeness, and by worth."""
    own, content, _, d, _ = places
    alike = slice(d, -1 if own.shape[1] > d else None)
    rest = np.nan_to_num(content)
    by_likeness = floats(asked.vectors[:, alike] @ rest[:, alike].T)
    rest[:, alike] = 0
    by_own, by_content = (floats(asked.vectors @ vectors.T) for vectors in (np.nan_to_num(own), rest))
    return Panel(
        by_own, by_content, by_likeness, floats(asked.vectors[:, -1]), asked.targets, asked.starts, asked.known
    )
