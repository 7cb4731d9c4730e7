"""Markov chains: what customers go on to after an item."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regulars.core import QUIET, Dataset, Longs, Progress, Run, Settings, floats, setting
from regulars.kernels.cooccurrence import LEAST, nearest
from regulars.kernels.prefixes import Walks

from .kinds.item_item import SparseItemItem
from .kinds.profile import RULES, Profile
from .votes import parts
from .walks import walks

if TYPE_CHECKING:
    from scipy.sparse import csr_array


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
    Memory: 16 bytes * neighbors * items, and 8 * reach * events.
    """

    neighbors: int = setting(200, low=1, high=5_000, log=True)
    reach: int = setting(10, low=1, high=20, log=True)
    ahead_steps: float = setting(3.0, low=0.1, high=100.0, log=True)
    shrinkage: float = setting(20.0, low=0.0, high=1_000.0)
    popularity_damping: float = setting(0.0, low=0.0, high=1.0)
    half_life_steps: float = setting(1.0, low=0.05, high=100.0, log=True)
    rule: str = setting("count", choices=RULES)
    half_life_days: float = setting(math.inf, low=0.1, log=True)
    activity: float = setting(0.25, low=0.0, high=1.0)

    def fit(self, data: Dataset, run: Run = QUIET) -> SparseItemItem:
        n = data.n_items
        given = walks(data, np.arange(n, dtype=np.int32), self.half_life_days, self.activity)
        baskets, users = _baskets(given, n)
        here = baskets * given.cuts[:, np.newaxis]
        here.data[here.data < LEAST] = 0
        here.eliminate_zeros()
        there = self._ahead(baskets, users)
        columns = here.tocsc()
        left = columns.sum(axis=0)
        right = np.power(np.maximum(there.T @ given.cuts, LEAST), self.popularity_damping)
        near = nearest(
            parts(there.indptr, there.indices, there.data),
            parts(columns.indptr, columns.indices, columns.data),
            (floats(np.maximum(left, LEAST)), floats(right)),
            self.neighbors,
            shrinkage=self.shrinkage,
            threads=run.threads or None,
            on_rows=lambda done: run.on_epoch(Progress("Markov", done, n)),
        )
        return SparseItemItem("markov", n, *near, Profile(self.rule, self.half_life_days, self.half_life_steps))

    def _ahead(self, baskets: "csr_array", users: Longs) -> "csr_array":
        """What follows each step; [n_steps, n_items]."""
        from scipy.sparse import coo_array

        gaps = range(1, self.reach + 1)
        here = [np.flatnonzero(users[gap:] == users[:-gap]) for gap in gaps]
        there = [steps + gap for steps, gap in zip(here, gaps, strict=True)]
        fading = np.repeat([0.5 ** ((gap - 1) / self.ahead_steps) for gap in gaps], [len(steps) for steps in here])
        pairs = (np.concatenate(here), np.concatenate(there))
        ahead: csr_array = coo_array((floats(fading), pairs), shape=(len(users),) * 2).tocsr() @ baskets
        return ahead


def _baskets(given: Walks, n_items: int) -> tuple["csr_array", Longs]:
    """The weight of each item in each step, float32 [n_steps, n_items], and the customer of each step."""
    from scipy.sparse import coo_array

    n = len(given.cuts)
    users = np.repeat(np.arange(len(given.starts) - 1), np.diff(given.starts))
    entries: csr_array = coo_array((given.weights, (given.steps, given.items)), shape=(n, n_items)).tocsr()
    entries.sum_duplicates()
    return entries, users[np.searchsorted(given.steps, np.arange(n))]
