"""Frequency: what was bought often and lately is bought again; the baseline."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from regulars.core import QUIET, Dataset, Floats, Run, Settings, floats, setting

from .method import HORIZONS
from .pairs import Pairs


@dataclass(frozen=True)
class FrequencyModel:
    """How often each was bought, days counting half for every `half_life_days` that they are old."""

    half_life_days: float

    def rates(self, pairs: Pairs) -> Floats:
        """Purchases of a day, lately; float32 [n]."""
        of_pair = np.repeat(np.arange(len(pairs)), pairs.counts)
        counts = np.bincount(of_pair, np.exp2(-pairs.ages / self.half_life_days), len(pairs))
        return floats(counts * np.log(2) / self.half_life_days)

    def probabilities(self, pairs: Pairs, horizons: Sequence[int] = HORIZONS) -> Floats:
        return floats(-np.expm1(-self.rates(pairs)[:, None] * (7.0 * np.array(horizons))))


@dataclass(frozen=True)
class Frequency(Settings):
    """Personal frequency and recency: purchases per day, halved for every `half_life_days` that they are old.

    The chance of a purchase is that of a Poisson process of this rate; how well that holds is for `Calibrated` to say.
    Nothing is learned.
    """

    half_life_days: float = setting(100.0, low=1.0, high=3_650.0, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> FrequencyModel:
        return FrequencyModel(self.half_life_days)
