"""EASE: every item predicted from all others, in one step."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from regulars.core import QUIET, Dataset, Floats, Progress, Run, Settings, setting
from regulars.core.errors import SettingError
from regulars.kernels.gram import regression_weights, upper_gram
from regulars.kernels.inversion import invert_upper

from .kinds.item_item import DenseItemItem
from .kinds.profile import RULES, Profile
from .votes import both_ways, most_met, votes

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class EASE(Settings):
    """The linear model that predicts each item best from all others, in closed form (Steck, WWW 2019, eq. 8).

    B = I - P diag(1 / diag P), where P = (X'X + regularization I)^-1 for the votes X. dropout p adds p / (1 - p)
    diag(X'X) to what is inverted, as if each item of a history were hidden with chance p: stronger for popular items
    (EDLAE; Steck, NeurIPS 2020). activity: see `votes`; rule, half_life_days: see `Profile`. half_life_steps fades the
    history that is asked about, not those of the training.
    Only the `max_items` items with the most customers, each with `min_customers` at least, take part.
    Memory: 4 bytes * items^2 and little else. Time: items^3 operations; a second of CPU for 4,000 items, ten for
    10,000, ten minutes for 40,000. In float32: on ml-1m its lists were those of float64 down to a regularization of 1.
    Raises SettingError when the regularization is too small for that.
    """

    regularization: float = setting(300.0, low=1e-3, high=1e6, log=True)
    dropout: float = setting(0.0, low=0.0, high=0.95)
    activity: float = setting(0.0, low=0.0, high=1.0)
    rule: str = setting("binary", choices=RULES)
    half_life_days: float = setting(math.inf, low=0.1, log=True)
    half_life_steps: float = setting(math.inf, low=0.1, log=True)
    min_customers: int = setting(1, low=1, high=1_000, log=True)
    max_items: int = setting(10_000, low=1, high=100_000, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> DenseItemItem:
        profile = Profile(self.rule, self.half_life_days)
        matrix = votes(data, profile, self.activity)
        items = most_met(matrix, self.max_items, self.min_customers)
        if len(items) < data.n_items:
            matrix = matrix[:, items]
        weights = self._learn(matrix, run)
        asked = replace(profile, half_life_steps=self.half_life_steps)
        return DenseItemItem("ease", data.n_items, items, weights, asked)

    def _learn(self, matrix: "csr_array", run: Run) -> Floats:
        """B for the votes [n_users, n], in one array that was X'X first; float32 [n, n]."""
        n, threads = matrix.shape[1], run.threads or None
        weights = upper_gram(*both_ways(matrix), threads=threads)
        weights.flat[:: n + 1] *= 1 + self.dropout / (1 - self.dropout)
        weights.flat[:: n + 1] += self.regularization
        try:
            with threadpool_limits(threads, user_api="blas"):
                invert_upper(weights, lambda done: run.on_epoch(Progress("EASE", done, n)))
        except np.linalg.LinAlgError as error:
            raise SettingError(
                f"EASE: a regularization of {self.regularization} is too small for this log; float32 cannot invert it"
            ) from error
        regression_weights(weights, threads=threads)
        return weights
