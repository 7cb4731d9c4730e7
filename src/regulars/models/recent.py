"""Recent: what is new in the shop."""

from dataclasses import dataclass

import numpy as np

from regulars.core import DAY, QUIET, Dataset, Floats, Run, Settings, floats, setting

from .kinds.item_scores import ItemScores
from .kinds.profile import Profile


@dataclass(frozen=True)
class Recent(Settings):
    """The newest items first; the same list for everybody.

    by: "arrival" looks at an item's first event, for a shelf of new arrivals; "sale" at its last one. The score is
    minus the item's age in days at the newest event of the log.
    min_customers: items that fewer customers have kept score NaN, so that one odd sale opens no shelf.
    """

    by: str = setting("arrival", choices=("arrival", "sale"))
    min_customers: int = setting(1, low=1, high=1000, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> ItemScores:
        ages = _days_ago(data, newest=self.by == "sale")
        kept = Profile("count").of_histories(data.histories(), np.zeros(data.n_users, np.int64), data.n_items)
        customers = np.bincount(kept.indices, minlength=data.n_items)
        scores = np.where(customers >= self.min_customers, -ages, np.float32(np.nan))
        return ItemScores("recent", data.n_items, scores[np.newaxis])


def _days_ago(data: Dataset, *, newest: bool) -> Floats:
    """Days from the first (or newest) event of each item to the newest event of the log; NaN without events."""
    now = data.time.max(initial=0)
    bought = data.weight > 0
    seconds = np.full(data.n_items, -np.inf if newest else np.inf)
    choose = np.maximum if newest else np.minimum
    choose.at(seconds, data.item[bought], data.time[bought])
    return floats(np.where(np.isfinite(seconds), now - seconds, np.nan) / DAY)
