"""Trending: what sells better now than before, beyond chance."""

from dataclasses import dataclass

import numpy as np

from regulars.core import DAY, QUIET, Dataset, Floats, Longs, Run, Settings, floats, setting

from .kinds.item_scores import ItemScores


@dataclass(frozen=True)
class Trending(Settings):
    """How surely an item's share of the shop's demand has risen in the newest window; the same list for everybody.

    Demand is counted in customers per window of `window_days`: the newest window against the `before` windows ahead of
    it. If an item's count in a window is Poisson, then, given its total, its count in the newest window is binomial
    (Przyborowski, Wilenski, Biometrika 1940); an unchanged share has the chance p0 = new / (new + old) of the whole
    shop. The chance p gets the prior Beta(shrinkage * p0, shrinkage * (1 - p0)), which draws items with few events to
    "no change" (with shrinkage 1 and p0 = 1/2 it is Jeffreys' interval: Brown, Cai, DasGupta, Statistical Science 2001,
    section 3.1.3). Score: logit of the lower `doubt` quantile of p, less logit(p0): a log ratio of rates that the true
    one exceeds with probability 1 - doubt. Above 0: rising. NaN for items with fewer than `min_events`.
    """

    window_days: float = setting(7.0, low=0.01, high=365.0, log=True)
    before: int = setting(4, low=1, high=52, log=True)
    shrinkage: float = setting(2.0, low=0.1, high=100.0, log=True)
    doubt: float = setting(0.1, low=0.001, high=0.5, log=True)
    min_events: int = setting(3, low=1, high=1000, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> ItemScores:
        new, old = _customers(data, self.window_days, self.before)
        scores = np.where(new + old >= self.min_events, self._rise(new, old), np.float32(np.nan))
        return ItemScores("trending", data.n_items, scores[np.newaxis])

    def _rise(self, new: Longs, old: Longs) -> Floats:
        """The lower limit of the log ratio of rates for each item."""
        from scipy.special import betaincinv, logit

        # one event more on each side: a log that is shorter than the windows must not divide by zero
        p0 = (new.sum() + 1) / (new.sum() + old.sum() + 2)
        low = betaincinv(new + self.shrinkage * p0, old + self.shrinkage * (1 - p0), self.doubt)
        tiny = np.finfo(np.float64).tiny
        return floats(logit(np.maximum(low, tiny)) - logit(p0))


def _customers(data: Dataset, window_days: float, before: int) -> tuple[Longs, Longs]:
    """Different customers of each item in the newest window, and in each of the `before` windows ahead, added up."""
    age = (data.time.max(initial=0) - data.time) / (window_days * DAY)
    window = np.floor(age).astype(np.int64)
    near = (window <= before) & (data.weight > 0)
    span = data.n_items * (before + 1)
    keys = np.unique(
        data.user[near].astype(np.int64) * span + data.item[near].astype(np.int64) * (before + 1) + window[near]
    )
    item, when = np.divmod(keys % span, before + 1) if len(keys) else (keys, keys)
    new = np.bincount(item[when == 0], minlength=data.n_items)
    return new, np.bincount(item[when > 0], minlength=data.n_items)
