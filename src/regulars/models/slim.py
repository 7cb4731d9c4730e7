"""SLIM: every item predicted from the few others that are worth a weight."""

import logging
import math
from dataclasses import dataclass, replace

import numpy as np

from regulars.core import QUIET, Dataset, Progress, Run, Settings, setting
from regulars.core.errors import EmptyData
from regulars.kernels.elastic_net import Penalty, elastic_nets
from regulars.kernels.local_gram import log_of

from .kinds.item_item import SparseItemItem
from .kinds.profile import RULES, Profile
from .votes import both_ways, turned, votes

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SLIM(Settings):
    """The sparse linear model that predicts each item from others (Ning, Karypis, ICDM 2011, eq. 4), solved exactly.

    Minimizes |X - X W|^2 / 2 + l2 |W|^2 / 2 + l1 |W|_1 with a zero diagonal for the votes X, by coordinate descent.
    l1 leaves out what explains little, so it decides how sparse the weights are: an item that shares customers with
    fewer than l1 (their votes multiplied) never speaks for it. l2 shares a weight among items that say the same.
    signed: weights may be below 0, as the paper's may not; slower.
    candidates: only so many items, those that would explain an item best if alone, may speak for it (fsSLIM); as
    many as the catalog has: the paper's SLIM. neighbors: how many of their weights are kept, the largest.
    activity: see `votes`; rule, half_life_days: see `Profile`. half_life_steps fades
    the history that is asked about, not those of the training.
    Memory: 8 bytes * neighbors * items three times over; and up to 16,384 items 4 bytes * items^2 while it learns.
    An item of which nothing else tells has no weights, and scores NaN.
    """

    l1: float = setting(0.1, low=1e-3, high=1e3, log=True)
    l2: float = setting(30.0, low=1e-2, high=1e4, log=True)
    signed: bool = setting(False, choices=(False, True))
    candidates: int = setting(500, low=10, high=100_000, log=True)
    neighbors: int = setting(200, low=1, high=5_000, log=True)
    activity: float = setting(0.5, low=0.0, high=1.0)
    rule: str = setting("binary", choices=RULES)
    half_life_days: float = setting(math.inf, low=0.1, log=True)
    half_life_steps: float = setting(math.inf, low=0.1, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> SparseItemItem:
        profile = Profile(self.rule, self.half_life_days)
        matrix = votes(data, profile, self.activity)
        if not matrix.nnz:
            raise EmptyData(
                "SLIM learns from what customers have, and nobody has anything; give a log with positive weights"
            )
        threads = run.threads or None
        nets = elastic_nets(
            log_of(*both_ways(matrix), threads=threads),
            Penalty(np.float32(self.l1), np.float32(self.l2), self.signed),
            candidates=self.candidates,
            neighbors=self.neighbors,
            threads=threads,
            on_rows=lambda done: run.on_epoch(Progress("SLIM", done, data.n_items)),
        )
        if nets.unfinished:
            _log.warning("SLIM: the weights of %d items were still moving; a larger l2 helps", nets.unfinished)
        asked = replace(profile, half_life_steps=self.half_life_steps)
        return SparseItemItem("slim", data.n_items, *turned(nets.weights), asked)
