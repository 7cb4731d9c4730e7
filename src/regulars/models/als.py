"""ALS: matrix factorization of what was met and what was not, by alternating least squares."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from regulars.core import QUIET, Dataset, Floats, Progress, Run, Settings, setting
from regulars.core.errors import EmptyData
from regulars.kernels.als import Side, align, run_pass

from .kinds.factors import Factors
from .kinds.fold_in import FoldIn, damped, ridges_of, rows_of
from .kinds.profile import RULES, Profile

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SPREAD = 0.1  # expected length of a vector before the first pass


@dataclass(frozen=True)
class ALS(Settings):
    """Implicit alternating least squares (Hu, Koren, Volinsky, ICDM 2008) as tuned by Rendle et al. (RecSys 2022).

    Minimizes w (1 - x.y)^2 over the pairs met, plus `unobserved_weight` * (x.y)^2 over all pairs, plus a ridge on each
    vector: `regularization` * pairs / sqrt(customers * items), so that shops of any size and density want about the
    same; more for what is met often: ((met + unobserved) / their mean) ** `regularization_power`, where unobserved is
    `unobserved_weight` * the other side's number.
    w is the weight of a customer's events of an item by `rule`, halved for every `half_life_days` before the last
    event; divided by the number of the customer's items to the power `activity_damping` and by the number of the item's
    customers to the power `popularity_damping`, with its sum kept: to have bought a best seller, or one thing of
    thousands, says less. steps: of conjugate gradients for each vector in each pass. More factors want fewer passes.

    A customer is never stored: the model solves the vector of whoever asks from the history. Memory of a fit: 4 bytes *
    (factors * (n_users + n_items + 16 * factors) + 4 * pairs).
    """

    factors: int = setting(128, low=4, high=4096, log=True)
    passes: int = setting(10, low=1, high=64, log=True)
    regularization: float = setting(0.1, low=1e-3, high=10.0, log=True)
    regularization_power: float = setting(0.25, low=0.0, high=1.0)
    unobserved_weight: float = setting(0.1, low=1e-4, high=1.0, log=True)
    activity_damping: float = setting(0.25, low=0.0, high=1.0)
    popularity_damping: float = setting(0.25, low=0.0, high=1.0)
    rule: str = setting("log", choices=RULES)
    half_life_days: float = setting(math.inf, low=1.0, log=True)
    steps: int = setting(2, low=1, high=10)

    def fit(self, data: Dataset, run: Run = QUIET) -> Factors:
        profile = Profile(self.rule, self.half_life_days)
        met = profile.of(data.everyone(), data.n_items)
        if not met.nnz:
            raise EmptyData(
                "ALS learns from what was met, and no event weighs more than 0; give some a positive weight"
            )
        customers = np.bincount(met.indices, minlength=data.n_items)
        pull = self._pull(met, customers)
        met.data *= damped(met, pull, self.activity_damping)
        n_users, n_items = int((np.diff(met.indptr) > 0).sum()), int((customers > 0).sum())
        shrinkage = self._shrinkage(met.nnz, n_users, n_items)
        users = self._side(met, shrinkage, 1.0)
        items = self._side(met.T.tocsr(), self._shrinkage(met.nnz, n_items, n_users), self.unobserved_weight)
        with threadpool_limits(1, "blas"):  # the threads are ours, not BLAS's
            vectors = self._learn(users, items, run)
            spectrum = align(vectors, items.unseen, threads=run.threads)
        vectors[customers == 0] = np.nan
        encoder = FoldIn(spectrum, *shrinkage, self.regularization_power, pull, self.activity_damping, profile)
        return Factors("als", data.n_items, vectors, encoder)

    def _pull(self, met: "csr_array", customers: np.ndarray) -> Floats:
        """What multiplies the weights of each item, less for a best seller; the sum of all weights is kept."""
        pull = np.maximum(customers, 1).astype(np.float64) ** -self.popularity_damping
        scale = met.data.sum() / (met.data * damped(met, pull.astype(np.float32), self.activity_damping)).sum()
        scaled: Floats = (scale * pull).astype(np.float32)
        return scaled

    def _shrinkage(self, pairs: int, rows: int, others: int) -> tuple[float, float]:
        """`mass` and `regularization` of FoldIn for a side of so many rows that meet so many others."""
        mass = self.unobserved_weight * others
        ridge = self.regularization * pairs / (rows * others) ** 0.5
        return mass, ridge / (pairs / rows + mass) ** self.regularization_power

    def _side(self, met: "csr_array", shrinkage: tuple[float, float], unseen: float) -> Side:
        counts = np.diff(met.indptr)
        ridges = ridges_of(counts, *shrinkage, self.regularization_power)
        return Side(rows_of(met), np.full(len(counts), unseen, dtype=np.float32), ridges)

    def _learn(self, users: Side, items: Side, run: Run) -> Floats:
        """The vectors of the items after all passes, zero for those that nobody met; float32 [n_items, factors]."""
        d = self.factors
        vectors = run.random().standard_normal((len(items.ridge), d), dtype=np.float32) * np.float32(SPREAD / d**0.5)
        vectors[np.diff(items.rows.starts) == 0] = 0
        customers = np.zeros((len(users.ridge), d), dtype=np.float32)
        for done in range(self.passes):
            run_pass(users, items, customers, vectors, steps=self.steps, threads=run.threads)
            run.on_epoch(Progress("als", done + 1, self.passes))
        return vectors
