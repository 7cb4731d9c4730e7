"""RP3beta: where a walk of three steps over the graph of customers and items ends."""

import math
from dataclasses import dataclass

import numpy as np

from regulars.core import QUIET, Dataset, Run, Settings, floats, setting

from .kinds.item_item import SparseItemItem
from .kinds.profile import RULES, Profile
from .near import customers_of, near_items, powers
from .spectrum import Graph
from .votes import votes

SIDES = ("history", "answer")


@dataclass(frozen=True)
class RP3Beta(Settings):
    """Item j to its customers u to their items i: w[j, i] = sum_u (p(u | j) p(i | u)) ** alpha / customers(i) ** beta.

    Source: Paudel, Christoffel, Newell, Bernstein, TiiS 2017, eq. 3 and 5. A step from a node goes to each neighbor
    with chance vote / sum of its votes; alpha above 1 follows likely steps more, beta above 0 leads away from best
    sellers.
    neighbors: how many answers each item of the history keeps (side "history", as published), or how many items may
    speak for each answer (side "answer"). rule, half_life_days: see `Profile`.
    Memory: 16 bytes * neighbors * n_items.
    """

    alpha: float = setting(1.0, low=0.0, high=2.0)
    beta: float = setting(0.3, low=0.0, high=1.0)
    neighbors: int = setting(500, low=1, high=5_000, log=True)
    side: str = setting("answer", choices=SIDES)
    rule: str = setting("log", choices=RULES)
    half_life_days: float = setting(math.inf, low=0.1, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> SparseItemItem:
        profile = Profile(self.rule, self.half_life_days)
        matrix = votes(data, profile, 0.0)
        by_user = np.maximum(matrix.sum(axis=1), np.finfo(np.float32).tiny)
        by_item = np.maximum(matrix.sum(axis=0), np.finfo(np.float32).tiny)
        matrix.data = floats((matrix.data / np.sqrt(np.repeat(by_user, np.diff(matrix.indptr)))) ** self.alpha)
        left, right = floats(by_item**self.alpha), powers(customers_of(matrix), self.beta)
        near = near_items(Graph.of(matrix, run), (left, right), self.neighbors, "RP3beta", side=self.side)
        return SparseItemItem("rp3beta", data.n_items, *near, profile)
