"""ALS: matrix factorization of what was met and what was not, by alternating least squares."""

import math
import os
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from regulars.core import QUIET, Dataset, Floats, Progress, Run, Settings, setting
from regulars.kernels.als import Side, align, run_pass

from .kinds.factors import Factors
from .kinds.fold_in import FoldIn, ridges_of, rows_of
from .kinds.profile import RULES, Profile

SPREAD = 0.1  # expected length of a vector before the first pass


@dataclass(frozen=True)
class ALS(Settings):
    """Implicit alternating least squares (Hu, Koren, Volinsky, ICDM 2008) as tuned by Rendle et al. (RecSys 2022).

    Minimizes, over the pairs met, w (1 - x.y)^2, plus `unobserved_weight` * (x.y)^2 over all pairs, plus ridges
    regularization * (pairs met + unobserved_weight * the other side's number) ** regularization_power on the vectors.
    w is the weight of a customer's events of an item by `rule`, halved for every `half_life_days` before the last
    event. popularity_power: the unobserved weight of an item grows with its number of customers to this power, its mean
    kept: not to have bought a best seller says more. steps: of conjugate gradients for each vector in each
    of the `passes`.

    A customer is never stored: the model solves the vector of whoever asks from the history. Memory of a fit: 4 bytes *
    (factors * (n_users + 1.5 * n_items) + 4 * pairs).
    """

    factors: int = setting(128, low=4, high=1024, log=True)
    passes: int = setting(12, low=1, high=64, log=True)
    regularization: float = setting(0.5, low=1e-5, high=100.0, log=True)
    regularization_power: float = setting(0.25, low=0.0, high=1.0)
    unobserved_weight: float = setting(0.1, low=1e-4, high=1.0, log=True)
    popularity_power: float = setting(0.0, low=0.0, high=1.0)
    rule: str = setting("log", choices=RULES)
    half_life_days: float = setting(math.inf, low=1.0, log=True)
    steps: int = setting(2, low=1, high=10)

    def fit(self, data: Dataset, run: Run = QUIET) -> Factors:
        met = self._profile.of(data.everyone(), data.n_items)
        by_item = met.T.tocsr()
        met_items, met_users = np.diff(by_item.indptr), np.diff(met.indptr)
        unseen = self._unseen(met_items)
        users = Side(
            rows_of(met),
            np.ones(len(met_users), dtype=np.float32),
            ridges_of(met_users, float(unseen.sum()), self.regularization, self.regularization_power),
        )
        mass = unseen * np.count_nonzero(met_users)
        items = Side(
            rows_of(by_item), unseen, ridges_of(met_items, mass, self.regularization, self.regularization_power)
        )
        vectors = self._learn(users, items, run)
        spectrum = align(vectors, unseen)
        vectors[met_items == 0] = np.nan
        encoder = FoldIn(spectrum, float(unseen.sum()), self.regularization, self.regularization_power, self._profile)
        return Factors("als", data.n_items, vectors, encoder)

    @property
    def _profile(self) -> Profile:
        return Profile(self.rule, self.half_life_days)

    def _unseen(self, counts: np.ndarray) -> Floats:
        """The unobserved weight of each item, zero for those that nobody met; float32 [n_items]."""
        met = counts > 0
        weights = np.where(met, np.maximum(counts, 1).astype(np.float64) ** self.popularity_power, 0)
        scaled: Floats = (weights * (self.unobserved_weight * met.sum() / weights.sum())).astype(np.float32)
        return scaled

    def _learn(self, users: Side, items: Side, run: Run) -> Floats:
        """The vectors of the items after all passes; float32 [n_items, factors]."""
        d = self.factors
        vectors = run.random().standard_normal((len(items.ridge), d), dtype=np.float32) * np.float32(SPREAD / d**0.5)
        vectors[items.unseen == 0] = 0
        customers = np.zeros((len(users.ridge), d), dtype=np.float32)
        with threadpool_limits(run.threads or os.cpu_count(), "blas"):
            for done in range(self.passes):
                run_pass(users, items, customers, vectors, steps=self.steps, threads=run.threads)
                run.on_epoch(Progress("als", done + 1, self.passes))
        return vectors
