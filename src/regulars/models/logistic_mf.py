"""Logistic matrix factorization: how likely each item is met."""

import math
from dataclasses import dataclass

from regulars.core import QUIET, Dataset, Run, Settings, setting
from regulars.kernels.pairwise import LOGISTIC

from .kinds.factors import Factors
from .kinds.profile import RULES
from .pairwise import Loss, learn


@dataclass(frozen=True)
class LogisticMF(Settings):
    """Logistic loss over what was met and over random items that were not (Johnson, 2014, eq. 4-6).

    Maximizes log sigmoid(score) of each thing met and `negative_weight` * log sigmoid(-score) of each of `negatives`
    items that were not. So the score is the log odds of an item against as many random ones.
    All else is as for BPR: factors, epochs, rate, regularization, popularity, power, features, rule, half_life_days.
    """

    factors: int = setting(64, low=2, high=1024, log=True)
    epochs: int = setting(30, low=1, high=500, log=True)
    rate: float = setting(0.1, low=1e-3, high=1.0, log=True)
    regularization: float = setting(0.05, low=1e-4, high=10.0, log=True)
    negatives: int = setting(8, low=1, high=100, log=True)
    negative_weight: float = setting(1.0, low=0.01, high=100.0, log=True)
    popularity: float = setting(0.0, low=0.0, high=1.0)
    power: float = setting(0.5, low=0.0, high=1.0)
    rule: str = setting("log", choices=RULES)
    half_life_days: float = setting(math.inf, low=1.0, log=True)
    item_features: tuple[str, ...] = ()
    user_features: tuple[str, ...] = ()

    def fit(self, data: Dataset, run: Run = QUIET) -> Factors:
        loss = Loss(LOGISTIC, scale=self.negative_weight, negatives=self.negatives)
        return learn("logistic_mf", self, loss, data, run)
