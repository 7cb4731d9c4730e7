"""WARP: what was met should stand at the top of the list; steps are largest where it stands far below."""

import math
from dataclasses import dataclass

from regulars.core import QUIET, Dataset, Run, Settings, setting
from regulars.kernels.pairwise import WARP as LOSS

from .kinds.factors import Factors
from .kinds.profile import RULES
from .pairwise import Loss, learn


@dataclass(frozen=True)
class WARP(Settings):
    """Weighted approximate-rank pairwise loss (Weston, Bengio, Usunier, "WSABIE", IJCAI 2011).

    For each thing met, items that were not met are drawn until one scores above it less `margin`, at most `max_sampled`
    of them; both then move by log(n_items / draws): hardly when it stands near the top, where none is found.
    kos: 0 learns each thing met alike; k the k-th best of 10 drawn of each customer (k-OS WARP: Weston, Yee, Weiss,
    RecSys 2013): small k sharpens the top of the list, large k asks for all tastes of a customer.
    All else is as for BPR: factors, epochs, rate, regularization, popularity, power, features, rule, half_life_days.
    """

    factors: int = setting(64, low=2, high=1024, log=True)
    epochs: int = setting(30, low=1, high=500, log=True)
    rate: float = setting(0.05, low=1e-3, high=1.0, log=True)
    regularization: float = setting(0.1, low=1e-4, high=10.0, log=True)
    margin: float = setting(1.0, low=0.01, high=10.0, log=True)
    max_sampled: int = setting(50, low=1, high=1_000, log=True)
    kos: int = setting(0, low=0, high=10)
    popularity: float = setting(0.0, low=0.0, high=1.0)
    power: float = setting(0.5, low=0.0, high=1.0)
    rule: str = setting("log", choices=RULES)
    half_life_days: float = setting(math.inf, low=1.0, log=True)
    item_features: tuple[str, ...] = ()
    user_features: tuple[str, ...] = ()

    def fit(self, data: Dataset, run: Run = QUIET) -> Factors:
        loss = Loss(LOSS, scale=self.margin, tries=self.max_sampled, kos=self.kos)
        return learn("warp", self, loss, data, run)
