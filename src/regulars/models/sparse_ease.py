"""Sparse EASE: every item predicted from its nearest others, for catalogs whose pairs no memory holds."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from regulars.core import QUIET, Dataset, Progress, Run, Settings, floats, setting
from regulars.core.errors import EmptyData, SettingError
from regulars.kernels.cooccurrence import LEAST, nearest
from regulars.kernels.local_gram import log_of
from regulars.kernels.local_ridge import Ridge, ridge_regressions
from regulars.kernels.profiles import Sparse

from .kinds.item_item import SparseItemItem
from .kinds.profile import RULES, Profile
from .votes import both_ways, turned, votes

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class SparseEASE(Settings):
    """EASE, and its denoising variant EDLAE, with each item predicted from its nearest others only.

    Column i of B is the ridge regression of item i on the `neighbors` items that are nearest to it by the cosine of
    their votes, where `EASE` takes all items; both are the same when all items are near. (The idea is that of Steck,
    NeurIPS 2019: weights between items that seldom meet are next to nothing.)
    regularization, dropout: as for EASE; EDLAE is dropout with next to no regularization. activity: see `votes`;
    rule, half_life_days: see `Profile`. half_life_steps fades the history that is asked about, not those of the
    training.
    Memory: 32 bytes * neighbors * items; and up to 16,384 items 4 bytes * items^2 while it learns. Time: neighbors^3
    / 3 operations for each item. An item that nobody has together with another scores NaN.
    Raises SettingError when the regularization is too small for float32.
    """

    regularization: float = setting(10.0, low=1e-3, high=1e6, log=True)
    dropout: float = setting(0.3, low=0.0, high=0.95)
    neighbors: int = setting(300, low=10, high=2_000, log=True)
    activity: float = setting(0.5, low=0.0, high=1.0)
    rule: str = setting("binary", choices=RULES)
    half_life_days: float = setting(math.inf, low=0.1, log=True)
    half_life_steps: float = setting(math.inf, low=0.1, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> SparseItemItem:
        profile = Profile(self.rule, self.half_life_days)
        matrix = votes(data, profile, self.activity)
        if not matrix.nnz:
            raise EmptyData(
                "sparse EASE learns from what customers have, and nobody has anything; give a log with positive weights"
            )
        weights = self._learn(matrix, run)
        asked = replace(profile, half_life_steps=self.half_life_steps)
        return SparseItemItem("sparse_ease", data.n_items, *turned(weights), asked)

    def _learn(self, matrix: "csr_array", run: Run) -> Sparse:
        """What the others say about each item, for the votes [n_users, n_items]."""
        n, threads = matrix.shape[1], run.threads or None
        matrix.data[matrix.data < LEAST] = 0
        matrix.eliminate_zeros()
        ways = both_ways(matrix)
        log = log_of(*ways, threads=threads)
        norms = floats(np.sqrt(np.where(log.squares > 0, log.squares, 1)))
        near = nearest(*ways, (norms, norms), self.neighbors, threads=threads)
        ridge = Ridge(np.float32(self.regularization), np.float32(self.dropout / (1 - self.dropout)))
        try:
            weights = ridge_regressions(
                log, near, ridge, threads=threads, on_rows=lambda done: run.on_epoch(Progress("sparse EASE", done, n))
            )
        except np.linalg.LinAlgError as error:
            raise SettingError(
                f"sparse EASE: a regularization of {self.regularization} is too small for this log; "
                "float32 cannot solve its systems"
            ) from error
        return near[0], near[1], weights
