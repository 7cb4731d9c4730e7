"""Popularity: what most customers buy."""

import math
from dataclasses import dataclass

import numpy as np

from regulars.core import QUIET, Dataset, Run, Settings, floats, setting

from .kinds.item_scores import ItemScores
from .kinds.profile import Profile


@dataclass(frozen=True)
class Popularity(Settings):
    """How many customers have an item, or how much of it they have; the same list for everybody.

    count: "customers" counts different customers, each with the newest of their events; "weight" sums the weights.
    half_life_days: what is that much older than the newest event of the log counts half; inf: all time.
    What was returned in full does not count; an item that nobody kept scores NaN.
    """

    count: str = setting("customers", choices=("customers", "weight"))
    half_life_days: float = setting(math.inf, low=0.1, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> ItemScores:
        profile = Profile("binary" if self.count == "customers" else "count", self.half_life_days)
        now = np.full(data.n_users, data.time.max(initial=0), dtype=np.int64)
        kept = profile.of_histories(data.histories(), now, data.n_items)
        totals = np.bincount(kept.indices, weights=kept.data, minlength=data.n_items)
        scores = floats(np.where(totals > 0, totals, np.nan))
        return ItemScores("popularity", data.n_items, scores[np.newaxis])
