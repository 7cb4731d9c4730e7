"""Markov chains: what customers go on to after an item."""

import math
from dataclasses import dataclass

import numpy as np

from regulars.core import QUIET, Dataset, Floats, Progress, Run, Settings, floats, setting
from regulars.kernels.cooccurrence import LEAST
from regulars.kernels.prefixes import Walks
from regulars.kernels.transitions import transitions

from .kinds.item_item import SparseItemItem
from .kinds.profile import RULES, Profile
from .walks import walks


@dataclass(frozen=True)
class Markov(Settings):
    """Transitions from step to step: of the steps that have item j and a next one, the share that goes on to item i.

    A step is a click or a whole basket (see `Profile`): every item of a basket leads to every item of the next one. An
    item does not lead to itself; what is bought again is for `Personal`.
    reach: transitions skip up to reach - 1 steps, and weigh half as much for every `ahead_steps` after the first.
    shrinkage is added to the steps that have j: an item met a few times is sure of little. popularity_damping: a share
    is divided by (steps that i follows) ** popularity_damping, so that what follows everything says less.
    The answer mixes the chains of all items of the history, each step of which weighs half as much for every
    `half_life_steps` that are newer; rule: see `Profile`. half_life_days: fading of old events, in training and in the
    history. activity: the say of a customer with n steps is divided by n ** activity.
    back: share of each transition that counts backwards as well, where the order of clicks means little.
    Memory: 16 bytes * neighbors * items.
    """

    neighbors: int = setting(200, low=1, high=5_000, log=True)
    reach: int = setting(10, low=1, high=20, log=True)
    ahead_steps: float = setting(3.0, low=0.1, high=100.0, log=True)
    shrinkage: float = setting(20.0, low=0.0, high=1_000.0)
    popularity_damping: float = setting(0.05, low=0.0, high=1.0)
    back: float = setting(0.2, low=0.0, high=1.0)
    half_life_steps: float = setting(1.0, low=0.05, high=100.0, log=True)
    rule: str = setting("count", choices=RULES)
    half_life_days: float = setting(math.inf, low=0.1, log=True)
    activity: float = setting(0.25, low=0.0, high=1.0)

    def fit(self, data: Dataset, run: Run = QUIET) -> SparseItemItem:
        n = data.n_items
        given = walks(data, np.arange(n, dtype=np.int32), self.half_life_days, self.activity)
        fading = floats(0.5 ** (np.arange(self.reach) / self.ahead_steps))
        leaves, comes = _traffic(given, fading)
        left = _sums(given, leaves + self.back * comes, n)
        right = np.power(_sums(given, comes + self.back * leaves, n), self.popularity_damping)
        near = transitions(
            given,
            fading,
            self.back,
            (floats(left), floats(right)),
            self.neighbors,
            shrinkage=self.shrinkage,
            threads=run.threads or None,
            on_rows=lambda done: run.on_epoch(Progress("Markov", done, n)),
        )
        return SparseItemItem("markov", n, *near, Profile(self.rule, self.half_life_days, self.half_life_steps))


def _traffic(given: Walks, fading: Floats) -> tuple[Floats, Floats]:
    """What goes out of each step to the next one, and what comes into it from all that reach it; float32 [n_steps]."""
    cuts = given.cuts
    users = np.repeat(np.arange(len(given.starts) - 1, dtype=np.int32), np.diff(given.starts))
    of_step = users[np.searchsorted(given.steps, np.arange(len(cuts)))]
    comes = np.zeros(len(cuts), dtype=np.float32)
    for gap, fades in enumerate(fading.tolist(), start=1):
        comes[gap:] += fades * cuts[:-gap] * (of_step[gap:] == of_step[:-gap])
    return cuts, comes


def _sums(given: Walks, of_steps: Floats, n: int) -> Floats:
    """The figures of the steps, summed over the events of each item, above 0; float32 [n]."""
    sums = np.bincount(given.items, given.weights * of_steps[given.steps], minlength=n)
    return floats(np.maximum(sums, LEAST))
