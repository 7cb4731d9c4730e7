"""Walks: the histories of a shop as steps, and what a cut between two of them says, as sequential methods count it."""

import numpy as np

from regulars.core import DAY, MISSING, Dataset, Ints, floats
from regulars.kernels.prefixes import Walks

from .kinds.steps import steps_of


def walks(data: Dataset, items: Ints, half_life_days: float, activity: float) -> Walks:
    """The events with `items` (int32, rising), which are numbered by their place, weighed by the mean of the log.

    A cut after a step weighs 1, halved for every `half_life_days` between the step and the end of the log, and is
    divided by n ** activity for a customer with n steps; after a customer's last step it weighs 0. What was taken back,
    or weighs nothing, is left out.
    """
    places = np.full(data.n_items + 1, MISSING, dtype=np.int32)  # the last one is for an unknown item
    places[items] = np.arange(len(items), dtype=np.int32)
    history = data.histories()
    history = history.where((places[history.items] != MISSING) & (history.weights > 0))
    steps = steps_of(history)
    first = np.flatnonzero(np.diff(steps, prepend=-1))  # event of each step
    users = history.rows[first]
    goes_on = np.append(users[1:] == users[:-1], [False] * min(1, len(users)))
    ages = (data.time.max(initial=0) - history.times[first]) / DAY
    taken = np.bincount(users, minlength=len(history))[users]
    cuts = goes_on * np.exp2(-ages / half_life_days) * np.power(taken, -activity)
    mean = history.weights.mean() if len(steps) else 1.0
    return Walks(history.starts, places[history.items], floats(history.weights / mean), steps, floats(cuts))
