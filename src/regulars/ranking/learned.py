"""LearnedBlend: learns from a withheld part of the log how to weigh what several methods say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from regulars.core import (
    QUIET,
    Allowed,
    Bools,
    Dataset,
    Estimator,
    Floats,
    Ints,
    Model,
    Progress,
    Queries,
    Run,
    Settings,
    setting,
)
from regulars.core.errors import EmptyData, SettingError

from .additive import learn_additive
from .blend import Blend, Ranker
from .evidence import FACTS, ItemLore, Pairs, Yardstick, block_size, pairs_of
from .filters import Filter, passing
from .forest import Growth, learn_forest
from .lessons import Lesson

LEARNERS = ("linear", "trees")
_SAMPLE = 1_000  # customers whose candidates say how the scores of the final models are spread


@dataclass(frozen=True)
class LearnedBlend(Settings):
    """Stacking (Wolpert, Neural Networks 1992) for lists: a ranker learned on what the methods have not seen.

    The methods `of` are fitted on the log without its newest `share` of events (without a random share of each
    customer's items where there are no times), the ranker learns from the items that at most `customers` customers
    wanted then, among the best `depth` of each method. After that the methods are fitted anew on everything.
    learner: "linear", a curve over each number of the evidence and weights that depend on the customer, see `Additive`;
    or "trees", see `Forest`, with at most `trees` trees of `leaves` leaves, each adding `rate` of what it found (needs
    the extra `rank` to learn, not to answer). kinds: events that count as wanting an item. filters: what may be
    answered, as it will be when the blend is used.
    """

    of: tuple[Estimator[Any], ...]
    learner: str = setting("linear", choices=LEARNERS)
    depth: int = setting(100, low=1, high=1_000, log=True)
    share: float = setting(0.1, low=0.01, high=0.5)
    customers: int = setting(5_000, low=10, high=1_000_000, log=True)
    trees: int = setting(300, low=1, high=5_000, log=True)
    leaves: int = setting(31, low=2, high=1_024, log=True)
    rate: float = setting(0.05, low=1e-3, high=1.0, log=True)
    kinds: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.of:
            raise SettingError("a learned blend needs at least one method; it has none")

    def fit(self, data: Dataset, run: Run = QUIET) -> Blend:
        lesson = self.lesson(data, run)
        early = [method.fit(lesson.before, run) for method in self.of]
        return self.blend(lesson, early, [method.fit(data, run) for method in self.of], data, run)

    def lesson(self, data: Dataset, run: Run = QUIET) -> Lesson:
        """What is withheld of the log. Raises EmptyData when the log is too short for it."""
        return Lesson.of(data, self.share, self.kinds, run.random())

    def blend(
        self, lesson: Lesson, early: Sequence[Model], final: Sequence[Model], data: Dataset, run: Run = QUIET
    ) -> Blend:
        """The blend of `final`, models of all the data, as learned from `early`, models of `lesson.before`."""
        asked = lesson.sample(self.customers, run.random())
        pairs = self._pairs(early, lesson.before, asked.queries, run)
        pairs, wanted = _decided(pairs, asked.holds(pairs.rows, pairs.items))
        if not len(wanted):
            raise EmptyData(
                f"none of the {len(asked.queries):,} customers wanted any of the {self.depth} best items of the "
                "methods; there is nothing to learn. Raise depth, or fuse by ranks"
            )
        evidence = pairs.evidence(_yardsticks(pairs))
        if self.learner == "trees":
            growth = Growth(self.trees, self.leaves, self.rate)
            ranker: Ranker = learn_forest(evidence, pairs.starts, wanted, growth, run)
        else:
            ranker = learn_additive(evidence, pairs.starts, wanted, crosses(len(final)), _trust(len(final)))
        spread = self._pairs(final, data, _some(data, run), run)
        return Blend(tuple(final), _yardsticks(spread), ItemLore.of(data), ranker, self.depth)

    def _pairs(self, models: Sequence[Model], data: Dataset, queries: Queries, run: Run) -> Pairs:
        """The candidates of all queries, looked at block by block."""
        lore, size, parts = ItemLore.of(data), block_size(data.n_items), []
        for start in range(0, len(queries), size):
            block = queries[start : start + size]
            allowed = passing(self.filters, block, Allowed())
            parts.append(pairs_of(models, lore, block, allowed, wide=self.depth, depth=self.depth))
            run.on_epoch(Progress("weigh evidence", min(start + size, len(queries)), len(queries)))
        return Pairs.joined(parts)


def crosses(parts: int) -> Ints:
    """What is multiplied: score and place of each part with the events of the history and with those of the item."""
    first = 2 * parts  # of the facts: customers, again, events, items, times, since, due
    return np.array([(column, fact) for column in range(first) for fact in (first + 2, first + 4)], dtype=np.int32)


def _trust(parts: int) -> Floats:
    """The slopes of the evidence where nothing is learned: every part's surprise counts alike, nothing else does."""
    slopes = np.zeros(2 * parts + len(FACTS), dtype=np.float32)
    slopes[:parts] = 1 / parts
    return slopes


def _decided(pairs: Pairs, wanted: Bools) -> tuple[Pairs, Bools]:
    """Only the queries that want some of their candidates but not all."""
    lengths = np.diff(pairs.starts)
    found = np.bincount(pairs.rows, wanted, len(lengths))
    useful = (found > 0) & (found < lengths)
    return pairs.only(useful), wanted[np.repeat(useful, lengths)]


def _yardsticks(pairs: Pairs) -> tuple[Yardstick, ...]:
    return tuple(Yardstick.of(column) for column in pairs.scores.T)


def _some(data: Dataset, run: Run) -> Queries:
    """Questions about some of the customers with a history, asked now."""
    active = np.flatnonzero(np.diff(data.starts)).astype(np.int32)
    users = np.sort(run.random().choice(active, min(len(active), _SAMPLE), replace=False))
    return data.queries(users, int(data.time.max()) + 1)
