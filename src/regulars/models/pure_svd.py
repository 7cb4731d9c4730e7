"""PureSVD: a history projected on the leading directions of the whole log."""

import math
from dataclasses import dataclass

import numpy as np

from regulars.core import QUIET, Dataset, Floats, Run, Settings, floats, setting

from .kinds.factors import Factors
from .kinds.history_sum import HistorySum
from .kinds.profile import RULES, Profile
from .near import customers_of, powers
from .spectrum import Graph, spectrum
from .votes import votes


@dataclass(frozen=True)
class PureSVD(Settings):
    """score = h V V' for a history h and the leading singular vectors V of the log (Cremonesi et al., RecSys 2010).

    popularity p: the log is divided by the customers of each item to the power p first, as is the history; answers are
    multiplied by theirs to the power p again: h D^-p V V' D^p (the ideal filter of Shen et al., CIKM 2021, eq. 15,
    with p = 1/2). 0 is PureSVD as published, whose first directions are best sellers. activity: see `votes`; rule,
    half_life_days: see `Profile`. Memory of a fit: 12 bytes * factors * (n_users + 2 * n_items).
    """

    factors: int = setting(256, low=4, high=4096, log=True)
    popularity: float = setting(0.5, low=0.0, high=1.0)
    activity: float = setting(1.0, low=0.0, high=2.0)
    rule: str = setting("log", choices=RULES)
    half_life_days: float = setting(math.inf, low=0.1, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> Factors:
        profile = Profile(self.rule, self.half_life_days)
        matrix = votes(data, profile, self.activity)
        customers = customers_of(matrix)
        scale = powers(customers, self.popularity)
        matrix.data /= scale[matrix.indices]
        vectors = spectrum(Graph.of(matrix, run), self.factors, "PureSVD").vectors
        scale = np.where(customers > 0, scale, np.nan)[:, np.newaxis]
        encoder = HistorySum(_without_bias(vectors / scale), 0.0, profile, np.empty((0, 0), dtype=np.float32))
        return Factors("pure_svd", data.n_items, _without_bias(vectors * scale), encoder)


def _without_bias(vectors: np.ndarray) -> Floats:
    """With the last column that `HistorySum` takes for a bias, zero for all."""
    return floats(np.pad(vectors, ((0, 0), (0, 1))))
