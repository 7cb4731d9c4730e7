"""BPR: what was met should score above what was not, pair by pair."""

import math
from dataclasses import dataclass

from regulars.core import QUIET, Dataset, Run, Settings, setting
from regulars.kernels.pairwise import BPR as LOSS

from .kinds.factors import Factors
from .kinds.profile import RULES
from .pairwise import Loss, learn


@dataclass(frozen=True)
class BPR(Settings):
    """Bayesian personalized ranking (Rendle et al., UAI 2009) of customers who are the sum of what they met.

    Maximizes log sigmoid(score of what was met - score of what was not) once for each thing met in each of the epochs.
    Of items ** `hardness` drawn ones the one with the best score teaches (Zhang, Chen, Wang, Yu, SIGIR 2013): 41 of
    40,000 items, 4 of 50; with 0 it is one, the BPR of the paper. popularity: items are drawn by the number of their
    customers to this power.
    A customer's vector is the sum of the context vectors of the history over their weight to the `power`, without the
    item that is asked about (FISM: Kabbur, Ning, Karypis, KDD 2013); so strangers are answered like customers.
    factors: width of the vectors; the last entry of an item's is its bias. rate: of the first steps; later ones shrink
    as in Adagrad. regularization: what a vector loses with each step. rule, half_life_days: see `Profile`; what weighs
    more is learned with larger steps.
    item_features, user_features: columns of the tables of items and customers, or "all". An item's vectors are then its
    own and those of its features, a customer's has those of their attributes added (LightFM: Kula, 2015): items without
    events and strangers without a history get answers.
    Memory of a fit: 8 bytes * factors * n_items, and half as much again for the work.
    """

    factors: int = setting(64, low=2, high=1024, log=True)
    epochs: int = setting(30, low=1, high=500, log=True)
    rate: float = setting(0.05, low=1e-3, high=1.0, log=True)
    regularization: float = setting(0.05, low=1e-4, high=10.0, log=True)
    hardness: float = setting(0.35, low=0.0, high=0.7)
    popularity: float = setting(0.0, low=0.0, high=1.0)
    power: float = setting(0.5, low=0.0, high=1.0)
    rule: str = setting("log", choices=RULES)
    half_life_days: float = setting(math.inf, low=1.0, log=True)
    item_features: tuple[str, ...] = ()
    user_features: tuple[str, ...] = ()

    def fit(self, data: Dataset, run: Run = QUIET) -> Factors:
        drawn = max(1, round(data.n_items**self.hardness))
        return learn("bpr", self, Loss(LOSS, negatives=drawn), data, run)
