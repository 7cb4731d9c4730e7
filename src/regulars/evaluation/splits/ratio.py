"""A share of each customer's events is withheld: by time, or at random where a log has no times."""

from dataclasses import dataclass

import numpy as np

from regulars.core import Bools, Dataset, Settings, setting

from ..split import Split, asking, keys, need_times, targets, wanted_by
from .last import cut_tails

PAST_AND_FUTURE_MIXED = "training and history hold events from after the wanted ones: past and future are mixed"
NO_TIMES = "the events have no times: training and history may hold what came after the wanted events"


def mixing(data: Dataset) -> str:
    """How a split that does not look at the clock leaks."""
    return PAST_AND_FUTURE_MIXED if data.time.min() < data.time.max() else NO_TIMES


@dataclass(frozen=True)
class RatioPerUser(Settings):
    """Withholds the newest `share` of each customer's target events, at least one.

    random: withholds a random share of each customer's items instead, all events of an item together; for logs without
    times. Who has one item only stays in training, unasked.
    """

    share: float = setting(0.2, low=0.01, high=0.99)
    kinds: tuple[str, ...] = ()
    random: bool = setting(False)
    seed: int = setting(0, low=0)

    def cut(self, data: Dataset) -> Split:
        """Raises BadTable when the events have no times and `random` is not chosen."""
        target = targets(data, self.kinds)
        name = f"{self.share:.0%} of each customer's events"
        if self.random:
            return _at_random(data, target, self.share, self.seed, f"{name}, at random")
        need_times(data, "RatioPerUser")
        counts = np.bincount(data.user[target], minlength=data.n_users)
        withhold = np.where(counts > 0, np.maximum(1, np.rint(counts * self.share)), 0).astype(np.int64)
        return cut_tails(data, target, withhold, f"the newest {name}")


def _at_random(data: Dataset, target: Bools, share: float, seed: int, name: str) -> Split:
    withheld = random_share(data, target, share, np.random.default_rng(seed))
    users = np.unique(data.user[withheld])
    train = data.where(~withheld)
    queries = train.queries(users, int(data.time.max()) + 1)
    split = Split(name, train, queries, wanted_by(data, users, withheld, target), leaks=mixing(data))
    return asking(split, strangers=False)


def random_share(data: Dataset, target: Bools, share: float, rng: np.random.Generator) -> Bools:
    """The events of a random `share` of each customer's target items (at least one, never all); bool [n_events]."""
    pairs = keys(data.user, data.item, data.n_items)
    chosen = np.unique(pairs[target])
    owner = chosen // data.n_items
    order = np.lexsort((rng.random(len(chosen)), owner))
    counts = np.bincount(owner, minlength=data.n_users)
    place = np.arange(len(chosen)) - (np.cumsum(counts) - counts)[owner]
    take = np.clip(np.rint(counts * share), 1, np.maximum(counts - 1, 0)).astype(np.int64)
    out = chosen[order[place < take[owner]]]
    return np.isin(pairs, out)
