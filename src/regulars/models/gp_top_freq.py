"""GP-TopFreq: what you buy most often, then what everybody does."""

from dataclasses import dataclass

import numpy as np

from regulars.core import QUIET, Dataset, Progress, Run, Settings, floats, setting

from .kinds.basket_profile import BasketProfile
from .kinds.regression import Regression


@dataclass(frozen=True)
class GPTopFreq(Settings):
    """In how many of your baskets an item was, ties by how many customers have it: the bar for next-basket methods.

    As in "A Next Basket Recommendation Reality Check" (Li, Jullien, Ariannezhad, de Rijke, ACM TOIS 2023), whose ties
    fall by chance; by popularity they find an eighth more on Ta-Feng. A basket is what was bought at one moment.
    fading: what a basket weighs for each newer one to the power of how many there are; 1: all alike, as published.
    Items that the history lacks follow by popularity alone. NaN for a history without a purchase.
    """

    fading: float = setting(1.0, low=0.1, high=1.0)

    def fit(self, data: Dataset, run: Run = QUIET) -> Regression:
        met = BasketProfile().of(data.histories(), data.n_items)
        customers = np.bincount(met.indices, minlength=data.n_items)
        # below 1, so that no popularity outweighs a basket; by logarithms, so that rare items differ in float32
        usual = np.log1p(customers) / (2 + np.log1p(customers.max(initial=0)))
        run.on_epoch(Progress("GP-TopFreq", 1, 1))
        return Regression(
            "gp_top_freq",
            data.n_items,
            np.empty(0, dtype=np.int32),
            np.empty((0, 0), dtype=np.float32),
            floats(np.where(customers > 0, usual, np.nan)),
            1.0,
            BasketProfile(self.fading),
        )
