"""RepurchaseTrees: boosted trees over counts, gaps, recency, prices, visits, attributes, and what other models say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from regulars.core import QUIET, Bools, Dataset, Floats, Progress, Run, Settings, floats, setting
from regulars.core.errors import MissingExtra
from regulars.kernels.trees import Nodes, summed
from regulars.ranking.forest import Forest, planted

from .calibration import moments, rising
from .columns import PairReader
from .hazard import Hazard
from .method import HORIZONS, RepurchaseMethod, RepurchaseModel, at_horizons
from .pairs import Pairs
from .reading import bought_within, pairs_of

_BLOCK = 200_000  # pairs whose columns are made at a time


@dataclass(frozen=True)
class TreesModel:
    """forests: the log odds of a purchase within each of HORIZONS; models: what they read beside the pairs."""

    reader: PairReader
    models: tuple[RepurchaseModel, ...]
    forests: tuple[Forest, ...]

    def probabilities(self, pairs: Pairs, horizons: Sequence[int] = HORIZONS) -> Floats:
        """See RepurchaseModel. All pairs of a customer must be there."""
        parts = [self._said(pairs.of_rows(low, high)) for low, high in pairs.blocks(_BLOCK)]
        told = np.concatenate(parts) if parts else np.zeros((0, len(HORIZONS)), dtype=np.float32)
        return rising(at_horizons(rising(told, HORIZONS), HORIZONS, horizons), horizons)

    def _said(self, pairs: Pairs) -> Floats:
        _, table = self.reader.read(pairs, self.models)
        odds = [summed(_nodes(forest), table) for forest in self.forests]
        return floats(1 / (1 + np.exp(-np.stack(odds, axis=1))))


@dataclass(frozen=True)
class RepurchaseTrees(Settings):
    """Boosted trees (LightGBM, log loss) that say how likely each product is bought again within 1, 2 and 4 weeks.

    The methods `of` are fitted on what was before a moment; the trees learn from what was bought in the 4 weeks after
    it: what they read has never seen what they learn. So at each of `moments` moments, every 4 weeks back. `customers`
    are drawn so that about `pairs` pairs are learned from. trees of `leaves` leaves of `least` pairs and more, each
    adding `rate` of what it found; part: of the columns and of the pairs that a tree looks at.
    """

    of: tuple[RepurchaseMethod, ...] = (Hazard(gaps="weibull"),)
    moments: int = setting(2, low=1, high=12)
    pairs: int = setting(600_000, low=1_000, log=True)
    trees: int = setting(120, low=1, high=5_000, log=True)
    leaves: int = setting(31, low=2, high=1_024, log=True)
    rate: float = setting(0.08, low=1e-3, high=1.0, log=True)
    least: int = setting(100, low=1, high=10_000, log=True)
    part: float = setting(0.6, low=0.05, high=1.0)

    def fit(self, data: Dataset, run: Run = QUIET) -> TreesModel:
        """Raises EmptyData when the log is too short for the moments, MissingExtra without LightGBM (extra `rank`)."""
        random, reader = run.random(), PairReader.of(data)
        tables, wanted = [], []
        past = moments(data, self.moments)
        for place, moment in enumerate(past):
            pairs = pairs_of(data, moment)
            models = self._fitted(data.before(moment), run.at(f"moment-{place}"))
            keep = random.random(len(pairs)) < self.pairs / len(past) / max(len(pairs), 1)
            _, table = reader.read(pairs, models)
            tables.append(table[keep])
            wanted.append(bought_within(data, pairs, HORIZONS)[keep])
        forests = grown(np.concatenate(tables), np.concatenate(wanted), self, run)
        return TreesModel(reader, self._fitted(data, run.at("now")), forests)

    def _fitted(self, data: Dataset, run: Run) -> tuple[RepurchaseModel, ...]:
        return tuple(method.fit(data, run.at(f"model-{place}")) for place, method in enumerate(self.of))


def grown(table: Floats, wanted: Bools, growth: RepurchaseTrees, run: Run) -> tuple[Forest, ...]:
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
    forests = []
    for place in range(wanted.shape[1]):

        def told(step: Any, place: int = place) -> None:
            run.on_epoch(Progress("trees", place * growth.trees + step.iteration + 1, wanted.shape[1] * growth.trees))

        learned = lightgbm.train(
            settings, lightgbm.Dataset(table, wanted[:, place].astype(np.int32)), growth.trees, callbacks=[told]
        )
        forests.append(planted([tree["tree_structure"] for tree in learned.dump_model()["tree_info"]]))
    return tuple(forests)


def _nodes(forest: Forest) -> Nodes:
    return Nodes(forest.roots, forest.column, forest.bound, forest.left, forest.right)
