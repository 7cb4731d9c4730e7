"""Freshness: how many customers an item is likely to find next, by when and how often it was met."""

from typing import Final

import numpy as np
import polars as pl

from regulars.core import Dataset, Floats, floats

from .launches import launched
from .lives import PERIODS, Finds, Lives, Period
from .poisson import log_linear

ENOUGH: Final = 100  # discoveries in them, below which nothing is told


def log_rates(data: Dataset, columns: tuple[str, ...] = ()) -> Floats:
    """How fresh items are at the end of a log: float32 [n_items], all 0 where its times tell nothing.

    The log of how many customers will discover an item in the coming period, over that of one that was met once, just
    now, as which one counts that is listed later. Discoveries are Poisson, with a rate whose log is linear in recency,
    frequency and age, for items what is enough to know of customers (Fader, Hardie, Lee, Marketing Science 2005,
    section 2). What came before and after the beginnings of the last PERIODS periods tells the weights; a period is as
    long as the newest tenth of the events. Items that nobody met are rated by what is known of them: see `launched`.
    columns: those of the items that are looked at, all if none are named.
    """
    newest, finds = Period.newest(data), Finds.of(data)
    cases = [
        (lives.features[lives.met], finds.within(after, data.n_items)[lives.met])
        for after in (newest.before(periods) for periods in range(PERIODS if newest.seconds else 0))
        if (lives := Lives.until(data, after.before())).met.any()
    ]
    if sum(int(counts.sum()) for _, counts in cases) < ENOUGH:
        return np.zeros(data.n_items, dtype=np.float32)
    weights = log_linear(*(np.concatenate(parts) for parts in zip(*cases, strict=True)))
    nothing, known = pl.DataFrame({"": np.zeros(data.n_items)}), data.item_features
    described = known.select(columns or known.columns) if known.width else nothing
    lives = Lives.until(data, newest)
    rates = np.where(lives.met, lives.features @ weights, launched(data, newest, described=described, finds=finds))
    return floats(rates - weights[0])
