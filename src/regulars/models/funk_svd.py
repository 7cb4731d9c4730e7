"""FunkSVD: explicit ratings explained one feature after another."""

from dataclasses import dataclass

import numpy as np

from regulars.core import QUIET, Dataset, Progress, Run, Settings, setting
from regulars.kernels.sgd import Ratings, Side, feature_epochs, subtract_feature

from .explicit import SPREAD, Explicit
from .kinds.clipped import Clipped


@dataclass(frozen=True)
class FunkSVD(Settings):
    """Biases first, then feature by feature what the features before it left over (Funk, "Netflix Update", 2006).

    Biases of customers and items are damped means; each of the `factors` features then gets `epochs` passes of
    gradient descent with the step `rate` and the ridge `regularization` for each rating. The result depends on no seed.
    All else is as for SVD: ratings are the weights of events; customers are solved from their history, where shrinkage
    joins the ridges; scores are ratings, clipped to the range seen in training. Memory of a fit: 16 bytes for a rating.
    """

    factors: int = setting(40, low=1, high=1024, log=True)
    epochs: int = setting(100, low=1, high=500, log=True)
    rate: float = setting(0.01, low=1e-4, high=0.1, log=True)
    regularization: float = setting(0.1, low=1e-4, high=1.0, log=True)
    shrinkage: float = setting(2.0, low=0.01, high=100.0, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> Clipped:
        log = Explicit.of(data)
        biases = log.baselines()
        left = Ratings(log.ratings.starts, log.ratings.items, log.unexplained(biases))
        vectors = np.full((data.n_items, self.factors), SPREAD, dtype=np.float32)
        for feature in range(self.factors):
            users, items = np.full(log.n_users, SPREAD, dtype=np.float32), vectors[:, feature].copy()
            feature_epochs(left, users, items, epochs=self.epochs, rate=self.rate, regularization=self.regularization)
            subtract_feature(left, users, items)
            vectors[:, feature] = items
            run.on_epoch(Progress("funk_svd", feature + 1, self.factors, log.rmse(float(left.values @ left.values))))
        return log.model("funk_svd", Side(biases.items, vectors), None, (self.regularization, self.shrinkage))
