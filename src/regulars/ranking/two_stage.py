"""TwoStage: retrieval, then ranking; learns a pipeline from a withheld part of the log."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from regulars.core import QUIET, Allowed, Dataset, Estimator, Model, Progress, Queries, Run, Settings, setting
from regulars.core.errors import EmptyData, SettingError

from .additive import AdditiveRanker
from .evidence import Evidence, ItemLore, Yardstick
from .filters import Filter, passing
from .lessons import Lesson
from .pairs import Pairs, block_size, pairs_of
from .pipeline import Pipeline
from .rankers import RankerMethod
from .rerankers import Reranker
from .table import Lists, Table
from .traits import FEATURES, USUAL, Readings

WITHHELD: Final = ("time", "baskets")
_SAMPLE = 1_000  # customers whose candidates say how the scores of the final sources are spread


@dataclass(frozen=True)
class TwoStage(Settings):
    """Retrieval, then ranking: the ranker learns from what the sources have not seen.

    The methods `of` are fitted on the log without its newest `share` of events (without a random share of each
    customer's items where there are no times); the ranker learns from the items that at most `customers` customers
    wanted then, among the best `depth` of each method. With several `lessons` the same is done again on what was left,
    and so on. withheld "baskets": the newest basket of each customer is to be foretold instead, by methods that were
    fitted on other customers; these are cut into as many parts as there are `lessons`, at least two, and each is
    withheld in turn. So the methods know what others bought last, as they do when a stranger is asked, but nothing of
    what they are asked. After that the methods are fitted anew on everything. ranker: how it learns; see RANKERS.
    features: those of FEATURES that it reads beside what the sources say, all but "rhythm" unless told; context:
    columns of the events that are known when a question is asked, such as the store; "time" is the moment when a
    customer comes back. kinds: events that count as wanting an item. filters: what may be answered, in the lessons too;
    taught: filters that hold in the lessons alone, for those that whoever asks adds. rerankers: rules of the order,
    which the ranker does not see.
    """

    of: tuple[Estimator[Any], ...]
    ranker: RankerMethod = field(default_factory=AdditiveRanker)
    features: tuple[str, ...] = USUAL
    context: tuple[str, ...] = ()
    depth: int = setting(100, low=1, high=1_000, log=True)
    share: float = setting(0.1, low=0.01, high=0.5)
    lessons: int = setting(1, low=1, high=10)
    customers: int = setting(5_000, low=10, high=1_000_000, log=True)
    withheld: str = setting("time", choices=WITHHELD)
    kinds: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    taught: tuple[Filter, ...] = ()
    rerankers: tuple[Reranker, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.of:
            raise SettingError("a pipeline needs at least one method to propose candidates; it has none")
        if unknown := [name for name in self.features if name not in FEATURES]:
            raise SettingError(f"features are {', '.join(FEATURES)}; there is no {', '.join(unknown)}")

    def fit(self, data: Dataset, run: Run = QUIET) -> Pipeline:
        past = self.past(data, run)
        early = [
            [method.fit(lesson.before, run.at(f"lesson-{when}-{place}")) for place, method in enumerate(self.of)]
            for when, lesson in enumerate(past)
        ]
        final = [method.fit(data, run.at(f"source-{place}")) for place, method in enumerate(self.of)]
        return self.learned(past, early, final, data, run.at("ranker"))

    def past(self, data: Dataset, run: Run = QUIET) -> list[Lesson]:
        """The lessons, the newest first. Raises EmptyData when the log is too short for one."""
        if self.withheld == "baskets":
            return Lesson.turns(data, max(self.lessons, 2), self.kinds, run.random(), self.context)
        random, found = run.random(), [Lesson.of(data, self.share, self.kinds, run.random(), self.context)]
        for _ in range(self.lessons - 1):
            found.append(Lesson.of(found[-1].before, self.share, self.kinds, random, self.context))
        return found

    def learned(
        self,
        past: Sequence[Lesson],
        early: Sequence[Sequence[Model]],
        final: Sequence[Model],
        data: Dataset,
        run: Run = QUIET,
    ) -> Pipeline:
        """The pipeline of `final`, models of all the data, as `early` teach it: models of what was before each lesson.

        Raises EmptyData when no candidate of the lessons was wanted.
        """
        readings = Readings.of(data, self.features, self.context)
        taught = [self._lists(lesson, models, readings, run) for lesson, models in zip(past, early, strict=True)]
        lists = Lists.joined([told for told, _ in taught]).decided()
        if not len(lists.lengths):
            asked = sum(len(told.lengths) for told, _ in taught)
            raise EmptyData(
                f"none of the {asked:,} customers wanted any of the {self.depth} best items of the methods; there is "
                "nothing to learn. Raise depth, or fuse by ranks"
            )
        ranker = self.ranker.learn(lists, run)
        if self.withheld == "baskets":  # of what methods say of customers whom they have not met
            spread = Pairs.joined([pairs for _, pairs in taught])
        else:
            spread = self._pairs(final, _some(data, run), run)
        evidence = evidence_of(data, spread, readings)
        return Pipeline(tuple(final), evidence, ranker, self.filters, self.rerankers, self.depth)

    def _lists(self, lesson: Lesson, models: Sequence[Model], readings: Readings, run: Run) -> tuple[Lists, Pairs]:
        """What one lesson teaches, and its candidates."""
        asked = lesson.sample(self.customers, run.random())
        pairs = self._pairs(models, asked.queries, run)
        evidence, size = evidence_of(lesson.before, pairs, readings), block_size(lesson.before.n_items)
        blocks = [slice(start, start + size) for start in range(0, len(asked.queries), size)]
        tables = [evidence.table(asked.queries[rows], pairs.of(rows)) for rows in blocks]
        wanted = asked.holds(pairs.rows, pairs.items)
        return Lists(Table.below(tables), pairs.starts, wanted, len(models), evidence.sizes), pairs

    def _pairs(self, models: Sequence[Model], queries: Queries, run: Run) -> Pairs:
        """The candidates of all queries, looked at block by block."""
        size, parts = block_size(models[0].n_items), []
        for start in range(0, len(queries), size):
            block = queries[start : start + size]
            allowed = passing((*self.filters, *self.taught), block, Allowed())
            parts.append(pairs_of(models, block, allowed, wide=self.depth, depth=self.depth))
            run.on_epoch(Progress("find candidates", min(start + size, len(queries)), len(queries)))
        return Pairs.joined(parts)


def evidence_of(data: Dataset, pairs: Pairs, readings: Readings) -> Evidence:
    """What these events tell of any pair; the scores of `pairs` say what a score of each source is worth."""
    yardsticks = tuple(Yardstick.of(column) for column in pairs.scores.T)
    return Evidence(yardsticks, ItemLore.of(data), readings.clues(data))


def _some(data: Dataset, run: Run) -> Queries:
    """Questions about some of the customers with a history, asked now."""
    active = np.flatnonzero(np.diff(data.starts)).astype(np.int32)
    users = np.sort(run.random().choice(active, min(len(active), _SAMPLE), replace=False))
    return data.queries(users, int(data.time.max()) + 1)
