"""SVD: biased matrix factorization of explicit ratings."""

from dataclasses import dataclass

from regulars.core import QUIET, Dataset, Progress, Run, Settings, setting
from regulars.kernels.sgd import svd_epoch

from .explicit import Explicit
from .kinds.clipped import Clipped


@dataclass(frozen=True)
class SVD(Settings):
    """A rating is mean + customer's bias + item's bias + p_u.q_i (Koren, Bell, Volinsky, IEEE Computer 2009, eq. 4-5).

    Ratings are the weights of the events, of kind "rating" where a log has that kind; the newest of an item counts.
    Learned by `epochs` of stochastic gradient descent with the step `rate`, after the ratings are divided by their
    standard deviation. regularization: ridge of biases and vectors for each rating. A customer is never stored: bias
    and vector of whoever asks are solved from the history by ridge regression, which adds shrinkage to the ridges.
    Scores are ratings, clipped to the range seen in training; NaN for who rated nothing and for unrated items.
    Memory of a fit: 4 bytes * factors * (n_users + n_items).
    """

    factors: int = setting(100, low=1, high=1024, log=True)
    epochs: int = setting(60, low=1, high=500, log=True)
    rate: float = setting(0.005, low=1e-4, high=0.1, log=True)
    regularization: float = setting(0.08, low=1e-4, high=1.0, log=True)
    shrinkage: float = setting(2.0, low=0.01, high=100.0, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> Clipped:
        log = Explicit.of(data)
        random = run.random()
        users, items = log.sides(self.factors, random)
        for done in range(self.epochs):
            order = random.permutation(log.customers)
            squares = svd_epoch(log.ratings, order, users, items, rate=self.rate, regularization=self.regularization)
            run.on_epoch(Progress("svd", done + 1, self.epochs, log.rmse(squares)))
        return log.model("svd", items, None, (self.regularization, self.shrinkage))
