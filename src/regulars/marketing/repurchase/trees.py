"""RepurchaseTrees: boosted trees over counts, gaps, recency, prices, visits, attributes, and what other models say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from regulars.core import DAY, QUIET, Bools, Dataset, Floats, Ints, Progress, Run, Settings, floats, setting
from regulars.core.errors import MissingExtra
from regulars.kernels.trees import Nodes, summed
from regulars.ranking.forest import Forest, planted

from .calibration import WINDOW_WEEKS, moments, rising
from .columns import PairReader, told_by
from .hazard import Hazard
from .method import HORIZONS, RepurchaseMethod, RepurchaseModel, at_horizons
from .pairs import Pairs
from .reading import days_until, pairs_of, purchases

_BLOCK = 200_000  # pairs whose columns are made at a time


@dataclass(frozen=True)
class TreesModel:
    """forests: what is added to the log odds of the last of the models for a purchase within each of HORIZONS; models:
    what they read beside the pairs. Without models the forests tell the log odds themselves.
    """

    reader: PairReader
    models: tuple[RepurchaseModel, ...]
    forests: tuple[Forest, ...]

    def probabilities(self, pairs: Pairs, horizons: Sequence[int] = HORIZONS) -> Floats:
        """See RepurchaseModel. All pairs of a customer must be there."""
        parts = [self._said(pairs.of_rows(low, high)) for low, high in pairs.blocks(_BLOCK)]
        told = np.concatenate(parts) if parts else np.zeros((0, len(HORIZONS)), dtype=np.float32)
        return rising(at_horizons(rising(told, HORIZONS), HORIZONS, horizons), horizons)

    def _said(self, pairs: Pairs) -> Floats:
        names, table = self.reader.read(pairs, self.models)
        begun = _begun(names, table, len(self.models))
        odds = np.stack([summed(_nodes(forest), table) for forest in self.forests], axis=1) + begun
        return floats(1 / (1 + np.exp(-np.maximum(odds, -80))))  # below, float32 has no room for exp


@dataclass(frozen=True)
class RepurchaseTrees(Settings):
    """Boosted trees (LightGBM, log loss) that say how likely each product is bought again within 1, 2 and 4 weeks.

    The methods `of` are fitted on what was before a moment, and foretell at it, and one, two and three weeks later; the
    trees learn from what was bought by the end of 4 weeks: what they read has never seen what they learn. So at each of
    `moments` moments, every 4 weeks back. They begin at the log odds of the last of the methods, and correct it: where
    little was bought there is little to correct. `customers` are drawn so that about `pairs` pairs are learned from.
    trees of `leaves` leaves of `least` pairs and more, each adding `rate` of what it found; part: of the columns and of
    the pairs that a tree looks at.
    """

    of: tuple[RepurchaseMethod, ...] = (Hazard(gaps="weibull"),)
    moments: int = setting(1, low=1, high=12)
    pairs: int = setting(1_400_000, low=1_000, log=True)
    trees: int = setting(60, low=1, high=5_000, log=True)
    leaves: int = setting(15, low=2, high=1_024, log=True)
    rate: float = setting(0.05, low=1e-3, high=1.0, log=True)
    least: int = setting(300, low=1, high=10_000, log=True)
    part: float = setting(0.6, low=0.05, high=1.0)

    def fit(self, data: Dataset, run: Run = QUIET) -> TreesModel:
        """Raises EmptyData when the log is too short for the moments, MissingExtra without LightGBM (extra `rank`)."""
        random, reader = run.random(), PairReader.of(data)
        lessons = []
        for place, moment in enumerate(moments(data, self.moments)):
            models = self._fitted(data.before(moment), run.at(f"moment-{place}"))
            known = data.before(moment + WINDOW_WEEKS * 7 * DAY)
            customers = _some(data, moment, self.pairs // (self.moments * WINDOW_WEEKS), random)
            for week in range(WINDOW_WEEKS):
                pairs = pairs_of(data, moment + week * 7 * DAY, customers)
                lessons.append(_Lesson.of(reader.read(pairs, models), days_until(known, pairs), week, len(models)))
        forests = grown(lessons, self, run)
        return TreesModel(reader, self._fitted(data, run.at("now")), forests)

    def _fitted(self, data: Dataset, run: Run) -> tuple[RepurchaseModel, ...]:
        return tuple(method.fit(data, run.at(f"model-{place}")) for place, method in enumerate(self.of))


@dataclass(frozen=True)
class _Lesson:
    """Pairs at one moment: what is read of them, the log odds to begin with, and whether each was bought again within
    those of HORIZONS that had come to their end; float32 [n, columns], [n, HORIZONS], bool [n, HORIZONS that had].
    """

    table: Floats
    begun: Floats
    wanted: Bools

    @classmethod
    def of(cls, read: tuple[tuple[str, ...], Floats], days: Floats, week: int, models: int) -> "_Lesson":
        ended = np.array([weeks for weeks in HORIZONS if week + weeks <= WINDOW_WEEKS])
        return cls(read[1], _begun(*read, models), days[:, None] < 7 * ended[None, :])


def _begun(names: tuple[str, ...], table: Floats, models: int) -> Floats:
    """The log odds that the last model says, 0 where there is no model; float32 [n, HORIZONS]."""
    if not models:
        return np.zeros((len(table), len(HORIZONS)), dtype=np.float32)
    return table[:, [names.index(told_by(models, weeks)) for weeks in HORIZONS]]


def _some(data: Dataset, moment: int, most: int, random: np.random.Generator) -> Ints:
    """Customers who had bought about `most` products by then, in rising order."""
    past = purchases(data.before(moment))
    keys = np.unique(past.user.astype(np.int64) * max(past.n_items, 1) + past.item)
    owned = np.bincount(keys // max(past.n_items, 1), minlength=data.n_users)
    order = random.permutation(np.flatnonzero(owned))
    return np.sort(order[: max(1, int(np.searchsorted(np.cumsum(owned[order]), most, side="right")))]).astype(np.int32)


def grown(lessons: Sequence[_Lesson], growth: RepurchaseTrees, run: Run) -> tuple[Forest, ...]:
    """A forest for each horizon. Raises MissingExtra when LightGBM is not installed."""
    try:
        import lightgbm
    except ImportError as error:
        raise MissingExtra("lightgbm", "rank") from error
    settings = {
        "objective": "binary",
        "num_leaves": growth.leaves,
        "learning_rate": growth.rate,
        "min_data_in_leaf": growth.least,
        "feature_fraction": growth.part,
        "bagging_fraction": growth.part,
        "bagging_freq": 1,
        "seed": run.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": run.threads,
        "verbosity": -1,
    }
    forests, whole = [], len(HORIZONS) * growth.trees
    for place in range(len(HORIZONS)):

        def told(step: Any, place: int = place) -> None:
            run.on_epoch(Progress("trees", place * growth.trees + step.iteration + 1, whole))

        mine = [lesson for lesson in lessons if lesson.wanted.shape[1] > place]
        table = np.concatenate([lesson.table for lesson in mine])
        wanted = np.concatenate([lesson.wanted[:, place] for lesson in mine]).astype(np.int32)
        begun = np.concatenate([lesson.begun[:, place] for lesson in mine]).astype(np.float64)
        learning = lightgbm.Dataset(table, wanted, init_score=begun if growth.of else None)
        learned = lightgbm.train(settings, learning, growth.trees, callbacks=[told])
        forests.append(planted([tree["tree_structure"] for tree in learned.dump_model()["tree_info"]]))
    return tuple(forests)


def _nodes(forest: Forest) -> Nodes:
    return Nodes(forest.roots, forest.column, forest.bound, forest.left, forest.right)
