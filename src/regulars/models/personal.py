"""Personal: buy again what you buy often."""

from dataclasses import dataclass

import numpy as np

from regulars.core import QUIET, Dataset, Run, Settings, setting

from .kinds.item_item import SparseItemItem
from .kinds.profile import RULES, Profile


@dataclass(frozen=True)
class Personal(Settings):
    """How much of each item the customer has bought, older purchases counting less: the baseline of repeat shops.

    An item of the history scores the sum of its events' weights, halved for every `half_life_days` before the
    question, so that of two items bought equally often the one bought last comes first. rule: "log" takes the
    logarithm of that sum against stockpiling, "binary" counts the newest event alone. Items that are not in the
    history, or were returned, score NaN. Nothing is learned but the size of the catalog: it answers for any stranger
    with a history, and explains each item by itself.
    """

    half_life_days: float = setting(60.0, low=0.1, log=True)
    rule: str = setting("count", choices=RULES)

    def fit(self, data: Dataset, run: Run = QUIET) -> SparseItemItem:
        n = data.n_items
        profile = Profile(self.rule, self.half_life_days)
        ones = np.ones(n, dtype=np.float32)
        return SparseItemItem(
            "personal", n, np.arange(n + 1, dtype=np.int64), np.arange(n, dtype=np.int32), ones, profile
        )
