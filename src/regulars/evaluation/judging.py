"""The judge: asks a recommender every question of a split, block by block, and notes what its lists are worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter

import numpy as np

from regulars.core import MISSING, QUIET, Floats, Ints, Longs, Progress, Rates, Recommendations, Recommender, Run
from regulars.core.errors import EmptyData, SettingError
from regulars.ranking import Filter, passing

from .catalog_metrics import SAMPLE, CatalogMetric, Shown
from .evaluation import Evaluation
from .facts import ItemFacts
from .judged import Judged, Lists, hits_of
from .metrics import Metric
from .ratings import RatingMetric, rated
from .slices import Slices, Slicing
from .split import Split

_BLOCK = 1 << 26  # entries of a dense mask that a filter may make for one block: 64 MB


@dataclass(frozen=True)
class Measures:
    """What is measured: of each list, of all lists together, on which slices which of the first, and of ratings."""

    metrics: Mapping[str, Metric]
    catalog: Mapping[str, CatalogMetric]
    slicings: Mapping[str, Slicing]
    sliced: tuple[str, ...]
    ratings: Mapping[str, RatingMetric] = field(default_factory=dict)

    @property
    def lists(self) -> bool:
        """Whether anything is measured of lists; nobody is asked for any when nothing is."""
        return bool(self.metrics or self.catalog)


@dataclass(frozen=True)
class Judge:
    """A split made ready to judge any number of recommenders by the same measures at the cut-offs k."""

    split: Split
    k: tuple[int, ...]
    measures: Measures

    def __post_init__(self) -> None:
        if not self.k or min(self.k) < 1:
            raise SettingError(f"k needs cut-offs of at least 1, such as (10, 20); it is {self.k}")
        if not len(self.split):
            raise EmptyData(f"{self.split.name} asks nobody; there is nothing to evaluate")

    def evaluate(
        self, recommender: Recommender, *, filters: Sequence[Filter] = (), run: Run = QUIET, task: str = "evaluate"
    ) -> Evaluation:
        """The figures of one recommender, those of ratings if it foretells some; `task` names the work."""
        notes = Notes.blank(self)
        n, size = len(self.split), block_size(self.split.train.n_items)
        for start in range(0, n if self.measures.lists else 0, size):
            run.on_epoch(Progress(task, start, n))
            rows = slice(start, min(start + size, n))
            began = perf_counter()
            queries = self.split.queries[rows]
            allowed = passing(filters, queries, self.split.candidates[rows])
            answer = recommender.recommend(queries, max(self.k) + 1, allowed)
            notes.seconds += perf_counter() - began
            notes.take(self, rows, answer)
        if isinstance(recommender, Rates) and self.measures.ratings:
            began = perf_counter()
            found = rated(recommender, self.split)
            notes.seconds += perf_counter() - began
            notes.figures.update({name: metric(found) for name, metric in self.measures.ratings.items()})
        run.on_epoch(Progress(task, n, n))
        return notes.evaluation(self, tuple(type(rule).__name__ for rule in filters))

    @cached_property
    def facts(self) -> ItemFacts:
        return ItemFacts.of(self.split.train)

    @cached_property
    def slices(self) -> dict[str, Slices]:
        """The parts of what was wanted, by the name of the slicing."""
        return {name: slicing(self.split, self.facts) for name, slicing in self.measures.slicings.items()}

    @cached_property
    def sampled(self) -> Longs:
        """The queries whose lists are compared pair by pair, rising; the same for every recommender."""
        n = len(self.split)
        return np.sort(np.random.default_rng(0).choice(n, min(n, SAMPLE), replace=False))


def block_size(n_items: int) -> int:
    """How many queries are asked at a time."""
    return min(16_384, max(256, _BLOCK // max(1, n_items)))


@dataclass
class Notes:
    """What was seen of one recommender so far; filled block by block."""

    figures: dict[str, Floats]
    slices: dict[tuple[str, str, str], Floats]
    counts: dict[int, Longs]
    sample: Ints
    seconds: float = field(default=0.0)

    @classmethod
    def blank(cls, judge: Judge) -> "Notes":
        n = len(judge.split)

        def empty() -> Floats:
            return np.full(n, np.nan, dtype=np.float32)

        return cls(
            {f"{name}@{k}": empty() for name in judge.measures.metrics for k in judge.k},
            {
                (slicing, part, f"{name}@{judge.k[0]}"): empty()
                for slicing, slices in judge.slices.items()
                for part in slices.names
                for name in judge.measures.sliced
            },
            {k: np.zeros(judge.split.train.n_items, dtype=np.int64) for k in judge.k},
            np.full((len(judge.sampled), max(judge.k)), MISSING, dtype=np.int32),
        )

    def take(self, judge: Judge, rows: slice, answer: Recommendations) -> None:
        """Judges the answers to one block of queries."""
        lists = Lists(answer)
        wanted = judge.split.wanted[rows]
        hits, which = hits_of(answer.items, wanted)
        self._note_figures(judge, rows, lists.judged(hits, wanted.lengths))
        for name, slices in judge.slices.items():
            codes = slices.codes[judge.split.wanted.starts[rows.start] :][: len(wanted.items)]
            part_of_hit = np.full(hits.shape, -1, dtype=np.int8)
            part_of_hit[hits] = codes[which]
            for code, part in enumerate(slices.names):
                counts = np.bincount(wanted.rows[codes == code], minlength=len(answer))
                judged = lists.judged(part_of_hit == code, counts)
                self._note_slice(judge, rows, (name, part), judged)
        self._note_items(judge, rows, lists.items)

    def _note_figures(self, judge: Judge, rows: slice, judged: Judged) -> None:
        for k in judge.k:
            head = judged.head(k)
            for name, metric in judge.measures.metrics.items():
                self.figures[f"{name}@{k}"][rows] = metric(head)

    def _note_slice(self, judge: Judge, rows: slice, part: tuple[str, str], judged: Judged) -> None:
        head = judged.head(judge.k[0])
        for name in judge.measures.sliced:
            self.slices[(*part, f"{name}@{judge.k[0]}")][rows] = judge.measures.metrics[name](head)

    def _note_items(self, judge: Judge, rows: slice, items: Ints) -> None:
        n_items = judge.split.train.n_items
        for k, counts in self.counts.items():
            shown = items[:, :k]
            counts += np.bincount(shown[(shown >= 0) & (shown < n_items)], minlength=n_items)
        first, last = np.searchsorted(judge.sampled, (rows.start, rows.stop))
        self.sample[first:last] = items[judge.sampled[first:last] - rows.start]

    def evaluation(self, judge: Judge, filters: tuple[str, ...]) -> Evaluation:
        """The finished figures."""
        shown = [
            Shown(counts, len(judge.split), k, self.sample[:, :k], judge.facts) for k, counts in self.counts.items()
        ]
        catalog = {f"{name}@{s.k}": figure(s) for name, figure in judge.measures.catalog.items() for s in shown}
        split = judge.split
        return Evaluation(split.name, split.leaks, judge.k, self.figures, self.slices, catalog, self.seconds, filters)
