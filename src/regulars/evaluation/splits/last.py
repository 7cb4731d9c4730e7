"""Leave-last-out: the customary test of sequence models, kept for comparison with published figures."""

from dataclasses import dataclass

import numpy as np

from regulars.core import Bools, Dataset, Longs, Settings, setting

from ..split import Split, asking, need_times, targets, wanted_by

PAST_IS_SHARED = (
    "each customer is asked at a moment of their own, and training holds events of other customers from after it: "
    "trends of the test days are known. Figures are comparable with published ones, not with what a shop will see"
)


@dataclass(frozen=True)
class LeaveLastOut(Settings):
    """Withholds the last `events` target events of each customer and asks at the first of them.

    Events of one second cannot be told apart: those that share the moment of the first withheld one are withheld with
    it, and so is whatever else the customer did from then on. Who has no earlier event stays in training, unasked.
    """

    events: int = setting(1, low=1, high=1000)
    kinds: tuple[str, ...] = ()

    def cut(self, data: Dataset) -> Split:
        """Raises BadTable when the events have no times."""
        need_times(data, "LeaveLastOut")
        target = targets(data, self.kinds)
        counts = np.bincount(data.user[target], minlength=data.n_users)
        return cut_tails(data, target, np.minimum(counts, self.events), f"leave the last {self.events} out")


def cut_tails(data: Dataset, target: Bools, withhold: Longs, name: str) -> Split:
    """Withholds everything from the withhold[user]-th last target event on; the split of those with a history."""
    starts, moments = _moments(data, target, withhold)
    asked = starts & (data.time[np.minimum(data.starts[:-1], len(data) - 1)] < moments)
    withheld = asked[data.user] & (data.time >= moments[data.user])
    users = np.flatnonzero(asked).astype(np.int32)
    train = data.where(~withheld)
    wanted = wanted_by(data, users, withheld, target)
    return asking(
        Split(name, train, train.queries(users, moments[users]), wanted, leaks=PAST_IS_SHARED), strangers=False
    )


def _moments(data: Dataset, target: Bools, withhold: Longs) -> tuple[Bools, Longs]:
    """Who has something to withhold, and the time of the withhold[user]-th last target event of each who has."""
    events = np.flatnonzero(target)
    ends = np.searchsorted(data.user[events], np.arange(data.n_users), side="right")
    has = withhold > 0
    moments = np.zeros(data.n_users, dtype=np.int64)
    moments[has] = data.time[events[(ends - withhold)[has]]]
    return has, moments
