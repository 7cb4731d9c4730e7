"""Plan: how long a search may take, and how it chooses what to try next."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from regulars.core import Settings, setting

EACH: Final = 15  # trials for each method, where nothing else is said
PROMISE: Final = 4.0  # the power of a method's best value, beside the best of all, by which trials are shared out


@dataclass(frozen=True)
class Plan(Settings):
    """How many trials, for how long, and how they are chosen.

    trials: of all methods together, those of earlier runs of the study included; 0: 15 for each method, or as many as
    the minutes allow. minutes: of this run; a trial that runs when they are over is given up. search: "bayes" learns
    from the trials before, "grid" tries `levels` values of every narrowed setting (of every setting where none is
    narrowed) in every combination, in a random order. first: trials that every method gets before they are shared out
    by promise. patience: a trial may take so many times as long as the first one of its method, and 5 seconds in any
    case. memory_mb: how much more than before a fit may take; 0: nine tenths of what the machine has left.
    """

    search: str = setting("bayes", choices=("bayes", "grid"))
    trials: int = setting(0, low=0)
    minutes: float = setting(math.inf, low=0.0)
    levels: int = setting(3, low=2, high=100)
    first: int = setting(4, low=1)
    patience: float = setting(10.0, low=1.0)
    memory_mb: float = setting(0.0, low=0.0)

    def most(self, methods: int) -> float:
        """How many trials the whole study may have."""
        if self.trials:
            return self.trials
        return EACH * methods if math.isinf(self.minutes) else math.inf


def whose_turn(best: Mapping[str, float], made: Mapping[str, int], first: int) -> str:
    """The method that gets the next trial.

    best: what the best trial of each method that can still be tried is worth, NaN where none was measured; more is
    better, so an error is given as one over it. made: its trials. After `first` trials each, every trial goes to the
    method with the largest promise / (1 + trials), as seats go to parties (D'Hondt): the promise is
    (best / best of all) ** PROMISE, so that half as good gets a sixteenth of the trials.
    """
    behind = [name for name in best if made[name] < first]
    if behind:
        return min(behind, key=lambda name: made[name])
    top = max((value for value in best.values() if value > 0), default=math.nan)
    return max(best, key=lambda name: _promise(best[name], top) / (1 + made[name]))


def _promise(value: float, top: float) -> float:
    """0 for a method of which nothing could be measured."""
    if math.isnan(top):
        return 0.0 if math.isnan(value) else 1.0
    return 0.0 if math.isnan(value) else max(0.0, value / top) ** PROMISE
