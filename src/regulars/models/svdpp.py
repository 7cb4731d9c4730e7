"""SVD++: biased matrix factorization that also learns from what a customer rated at all."""

from dataclasses import dataclass

from regulars.core import QUIET, Dataset, Progress, Run, Settings, setting
from regulars.kernels.sgd import svdpp_epoch

from .explicit import Explicit, normal
from .kinds.clipped import Clipped


@dataclass(frozen=True)
class SVDpp(Settings):
    """SVD with a second vector y_j of each item, which speaks for what its raters like (Koren, KDD 2008, eq. 15).

    A rating is mean + customer's bias + item's bias + (p_u + |N(u)|^-1/2 sum of y_j over the items j rated by u).q_i.
    All else is as for SVD: ratings are the weights of events; factors, epochs, rate, regularization and shrinkage mean
    the same; customers are solved from their history; scores are ratings, clipped to the range seen in training.
    Time of an epoch: ratings * factors, however long the histories are. Memory of a fit: 4 bytes * factors *
    (n_users + 2 n_items).
    """

    factors: int = setting(50, low=1, high=1024, log=True)
    epochs: int = setting(60, low=1, high=500, log=True)
    rate: float = setting(0.007, low=1e-4, high=0.1, log=True)
    regularization: float = setting(0.1, low=1e-4, high=1.0, log=True)
    shrinkage: float = setting(2.0, low=0.01, high=100.0, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> Clipped:
        log = Explicit.of(data)
        random = run.random()
        implicit = normal(random, data.n_items, self.factors)
        users, items = log.sides(self.factors, random)
        for done in range(self.epochs):
            order = random.permutation(log.customers)
            squares = svdpp_epoch(
                log.ratings, order, users, items, implicit, rate=self.rate, regularization=self.regularization
            )
            run.on_epoch(Progress("svdpp", done + 1, self.epochs, log.rmse(squares)))
        return log.model("svdpp", items, implicit, (self.regularization, self.shrinkage))
