"""kNN-baseline: explicit ratings of similar items, beside what is expected of customer and item."""

from dataclasses import dataclass

import numpy as np

from regulars.core import QUIET, Dataset, Progress, Run, Settings, setting, starts_of
from regulars.kernels.correlation import Near, correlated

from .explicit import USER_DAMPING, Explicit
from .kinds.clipped import Clipped
from .kinds.rating_comparison import COMPARISONS, Comparison
from .kinds.rating_neighbors import RatingNeighbors


@dataclass(frozen=True)
class KNNBaseline(Settings):
    """Item-kNN on ratings less their baseline mean + b_u + b_i (Koren, TKDD 2010, eq. 3; "pearson_baseline").

    neighbors: how many items of the history, the nearest to the one in question, are heard. similarity: see
    `Comparison`, times (n - 1) / (n - 1 + shrinkage) with n customers in common; only positive ones count. stored: so
    many neighbors of each item are kept. Ratings are the weights of the events, of kind "rating" where a log has that
    kind; the newest of an item counts. Scores are ratings, clipped to the range seen in training; NaN for who rated
    nothing and for unrated items. Memory: 8 bytes * stored * items.
    """

    neighbors: int = setting(40, low=1, high=1_000, log=True)
    shrinkage: float = setting(100.0, low=0.0, high=1_000.0)
    stored: int = setting(500, low=1, high=10_000, log=True)
    similarity: str = setting("pearson_baseline", choices=COMPARISONS)

    def fit(self, data: Dataset, run: Run = QUIET) -> Clipped:
        log = Explicit.of(data)
        biases = log.baselines()
        comparison = Comparison(self.similarity)
        values = comparison.values(log.ratings.starts, log.ratings.values, log.unexplained(biases))
        by_user = Near(log.ratings.starts, log.ratings.items, values)
        order = np.argsort(by_user.neighbors, kind="stable")
        starts = starts_of(np.bincount(by_user.neighbors, minlength=data.n_items))
        by_item = Near(starts, log.rows[order].astype(np.int32), by_user.similarities[order])
        near = correlated(by_item, by_user, self.shrinkage, self.stored, centered=comparison.centered)
        run.on_epoch(Progress("knn_baseline", 1, 1))
        shifts = np.where(log.met, np.float32(log.unit) * biases.items, np.float32(np.nan))
        predictor = RatingNeighbors(
            "knn_baseline", data.n_items, log.mean, USER_DAMPING, self.neighbors, log.scale, shifts, *near
        )
        return Clipped("knn_baseline", data.n_items, log.scale.low, log.scale.high, predictor)
