"""What BPR, WARP and logistic matrix factorization share: vectors of items learned by ranking what was met."""

import os
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np

from regulars.core import Bools, Dataset, Ints, Progress, Run, floats, ints
from regulars.core.errors import EmptyData
from regulars.kernels.answers import in_blocks
from regulars.kernels.pairwise import Lane, Pairs, Rules, Shares, Tastes, Vectors, descend, merge, room

from .bags import SLOWNESS, Bag, columns_of
from .kinds.factors import Factors
from .kinds.fold_in import rows_of
from .kinds.history_sum import HistorySum
from .kinds.profile import Profile

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LANES: Final = 8  # of a round, that may run at once: a constant, for the result depends on it
LANE: Final = (64, 4096)  # pairs of a lane, within these bounds, for so many lanes of an epoch:
LANES_OF_EPOCH: Final = 200
POOL: Final = (1 / 8, 1.0)  # items that a lane takes negatives from, for each pair: one draw for a pair, many draws
SPREAD: Final = 0.1  # expected length of a vector before the first epoch
SPARING: Final = 4  # features learn when the rounds since then had a pair for so many items


class Descent(Protocol):
    """The settings that the methods share."""

    @property
    def factors(self) -> int: ...
    @property
    def epochs(self) -> int: ...
    @property
    def rate(self) -> float: ...
    @property
    def regularization(self) -> float: ...
    @property
    def power(self) -> float: ...
    @property
    def popularity(self) -> float: ...
    @property
    def rule(self) -> str: ...
    @property
    def half_life_days(self) -> float: ...
    @property
    def item_features(self) -> tuple[str, ...]: ...
    @property
    def user_features(self) -> tuple[str, ...]: ...


class Loss(NamedTuple):
    """Which loss of `kernels.pairwise`, and its settings; see `Rules`."""

    code: int
    scale: float = 1.0
    tries: int = 0
    negatives: int = 0
    kos: int = 0


def learn(method: str, settings: Descent, loss: Loss, data: Dataset, run: Run) -> Factors:
    """The model of `settings`: item vectors and a `HistorySum`.

    Raises EmptyData without positive events, MissingColumn for features that the dataset lacks.
    """
    profile = Profile(settings.rule, settings.half_life_days)
    met = profile.of(data.everyone(), data.n_items)
    if not met.nnz:
        raise EmptyData(
            f"{method} learns from what was met, and no event weighs more than 0; give some a positive weight"
        )
    everything = np.ones(data.n_items, dtype=np.bool_)
    of_items = columns_of(data.item_features, settings.item_features, "item", everything)
    of_users = columns_of(data.user_features, settings.user_features, "user", np.diff(met.indptr) > 0)
    random = run.random()
    taste = Bag.of(of_users.matrix(data.user_features), settings.factors, settings.rate)
    features = of_items.matrix(data.item_features)
    descent = _Descent(met, features, taste, _rules(settings, loss, met), settings, random)
    for done in range(settings.epochs):
        slope = descent.epoch(run) / met.nnz
        run.on_epoch(Progress(method, done + 1, settings.epochs, (("slope", slope),)))
    answers, contexts = descent.vectors.answers, descent.vectors.contexts
    silent = descent.silent()
    answers[silent] = contexts[silent] = np.nan
    encoder = HistorySum(contexts, settings.power, profile, taste.vectors, of_users)
    return Factors(method, data.n_items, answers, encoder)


def _rules(settings: Descent, loss: Loss, met: "csr_array") -> Rules:
    return Rules(
        loss.code,
        np.float32(settings.rate),
        np.float32(settings.regularization),
        np.float32(settings.power),
        np.float32(loss.scale),
        np.float32(1 / met.data.mean()),
        loss.tries,
        loss.negatives,
        loss.kos,
        len(np.unique(met.indices)),
    )


class _Descent:
    """Vectors of items on their way down: changes with every epoch."""

    def __init__(
        self,
        met: "csr_array",
        features: "csr_array",
        taste: Bag,
        rules: Rules,
        settings: Descent,
        random: np.random.Generator,
    ) -> None:
        self.pairs, self.rules, self.random, self.taste = Pairs(*rows_of(met)), rules, random, taste
        counts = np.bincount(met.indices, minlength=met.shape[1])
        self.customers = np.flatnonzero(np.diff(met.indptr)).astype(np.int32)
        self.items = np.flatnonzero(counts).astype(np.int32)
        odds = counts[self.items].astype(np.float64) ** settings.popularity
        self.odds = np.cumsum(odds) if settings.popularity else None
        d = settings.factors
        self.vectors = self._start(met.shape[1], d)
        self.shares = Shares(*(np.zeros(met.shape[1], dtype=np.int32) for _ in range(2)))
        n_tasted = met.shape[0] if len(taste.vectors) else 0
        self.tastes = Tastes(*(np.zeros((n_tasted, d), dtype=np.float32) for _ in range(2)))
        self.bags = tuple(Bag.of(features, d, settings.rate) for _ in range(2 if features.shape[1] else 0))
        self.before = (self.vectors.answers.copy(), self.vectors.contexts.copy()) if self.bags else ()
        self.waiting = 0  # pairs since features learned
        self.lanes: tuple[Lane, ...] = ()

    def epoch(self, run: Run) -> float:
        """Every pair once; the sum of the slopes of the positives' scores."""
        order = self.random.permutation(self.customers)
        ends = np.cumsum(np.diff(self.pairs.starts)[order])
        size = min(max(LANE[0], int(ends[-1]) // LANES_OF_EPOCH), LANE[1])
        pool = max(LANE[0], round(POOL[self.rules.negatives != 1] * size))
        cuts = np.append(np.unique(np.searchsorted(ends, np.arange(0, ends[-1], size))), len(order))
        self._make_room(pool + int(np.diff(np.append(0, ends[cuts[1:] - 1])).max()))
        slopes = 0.0
        for first in range(0, len(cuts) - 1, LANES):
            parts = [order[begin:end] for begin, end in zip(cuts[first:], cuts[first + 1 :][:LANES], strict=False)]
            slopes += self._round(parts, self._draw((len(parts), pool)), run)
        return slopes

    def silent(self) -> Bools:
        """Items that were never met and have no features; bool [n_items]."""
        known = np.zeros(len(self.vectors.answers), dtype=np.bool_)
        known[self.items] = True
        for bag in self.bags:
            known |= np.diff(bag.matrix.indptr) > 0
        return ~known

    def _round(self, parts: list[Ints], pools: Ints, run: Run) -> float:
        """The lanes of `parts` of the customers, with their pools of negatives, side by side; then the features."""
        seeds = self.random.integers(1, 2**63, len(parts), dtype=np.uint64)
        done: list[tuple[int, int, float]] = [(0, 0, 0.0)] * len(parts)

        def work(begin: int, end: int) -> None:
            for at in range(begin, end):
                self.lanes[at].random[0] = seeds[at]
                done[at] = descend(
                    parts[at], pools[at], self.pairs, self.vectors, self.tastes, self.lanes[at], self.rules
                )

        def gather(begin: int, end: int) -> None:
            sizes = [(answers, contexts) for answers, contexts, _ in done]
            merge(self.vectors, self.lanes[: len(parts)], sizes, self.shares, (begin, end))

        in_blocks(work, len(parts), 1, run.threads)
        n_items = len(self.vectors.answers)
        in_blocks(gather, n_items, -(-n_items // (run.threads or os.cpu_count() or 1)), run.threads)
        self._learn_features(sum(contexts for _, contexts, _ in done))
        return sum(slopes for _, _, slopes in done)

    def _learn_features(self, pairs: int) -> None:
        """What the items of the last rounds asked for, their features hear; and those of the customers."""
        self.waiting += pairs
        if self.waiting * SPARING < len(self.vectors.answers):
            return
        self.waiting = 0
        tables = (self.vectors.answers, self.vectors.contexts)
        for table, sums, before, bag in zip(tables, self.vectors[2:], self.before, self.bags, strict=False):
            pulls = floats((table - before) * (np.sqrt(sums) / self.rules.rate)[:, np.newaxis])
            table += bag.learn(pulls)
            before[:] = table
        if len(self.tastes.pulls):
            self.tastes.vectors[:] += self.taste.learn(self.tastes.pulls)
            self.tastes.pulls[:] = 0

    def _draw(self, shape: tuple[int, int]) -> Ints:
        """Items that somebody met, by their popularity to the power of the setting."""
        if self.odds is None:
            return ints(self.items[self.random.integers(0, len(self.items), shape)])
        places = np.searchsorted(self.odds, self.random.random(shape) * self.odds[-1], side="right")
        return ints(self.items[places])

    def _start(self, n_items: int, d: int) -> Vectors:
        """Short vectors for what was met, zeros for the rest: an erased item leaves no trace."""
        tables = tuple(np.zeros((n_items, d), dtype=np.float32) for _ in range(2))
        for table in tables:
            table[self.items, :-1] = self.random.standard_normal((len(self.items), d - 1), dtype=np.float32)
            table *= np.float32(SPREAD / d**0.5)
        return Vectors(*tables, *(np.full(n_items, SLOWNESS, dtype=np.float32) for _ in range(2)))

    def _make_room(self, items: int) -> None:
        n_items, d = self.vectors.answers.shape
        size = min(n_items, items)
        if not self.lanes or len(self.lanes[0].rows) < size:
            self.lanes = tuple(room(size, n_items, d) for _ in range(LANES))
