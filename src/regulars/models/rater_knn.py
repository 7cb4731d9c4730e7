"""User-kNN-baseline: explicit ratings of customers who rate alike, beside what is expected of customer and item."""

from dataclasses import dataclass

import numpy as np

from regulars.core import QUIET, Dataset, Progress, Run, Settings, floats, setting

from .explicit import USER_DAMPING, Explicit
from .kinds.clipped import Clipped
from .kinds.rating_comparison import COMPARISONS, Comparison
from .kinds.rating_raters import RatingRaters


@dataclass(frozen=True)
class UserKNNBaseline(Settings):
    """User-kNN on ratings less their baseline mean + b_u + b_i (Koren, TKDD 2010, eq. 3, between customers).

    neighbors: how many customers who rated the item in question, those nearest to the history, are heard; they are
    found when the question is asked, among the stored ratings of all customers. similarity: see `Comparison`, times
    (n - 1) / (n - 1 + shrinkage) with n items in common; only positive ones count. Ratings and scores are those of
    `KNNBaseline`. Holds the ratings of customers, without their ids: guard the file like the log.
    Memory: 28 bytes for each rating. A question costs a step for each rating of every customer who rates alike.
    """

    neighbors: int = setting(40, low=1, high=1_000, log=True)
    shrinkage: float = setting(100.0, low=0.0, high=1_000.0)
    similarity: str = setting("pearson_baseline", choices=COMPARISONS)

    def fit(self, data: Dataset, run: Run = QUIET) -> Clipped:
        log = Explicit.of(data)
        biases = log.baselines()
        unit = np.float32(log.unit)
        starts = np.append(log.ratings.starts[:-1][np.diff(log.ratings.starts) > 0], log.ratings.starts[-1])
        residuals = floats(log.unexplained(biases) * unit)
        comparison = Comparison(self.similarity)
        values = comparison.values(starts, floats(log.ratings.values * unit), residuals)
        run.on_epoch(Progress("user_knn_baseline", 1, 1))
        predictor = RatingRaters(
            "user_knn_baseline",
            data.n_items,
            log.mean,
            USER_DAMPING,
            self.neighbors,
            self.shrinkage,
            comparison,
            log.scale,
            np.where(log.met, unit * biases.items, np.float32(np.nan)),
            starts,
            log.ratings.items,
            values,
            residuals,
        )
        return Clipped("user_knn_baseline", data.n_items, log.scale.low, log.scale.high, predictor)
