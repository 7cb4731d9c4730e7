"""User-kNN: what customers with a history like yours have that you have not."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regulars.core import QUIET, Dataset, Floats, Progress, Run, Settings, floats, setting
from regulars.kernels.profiles import Sparse

from .kinds.neighbors import Neighbors, parts
from .kinds.profile import RULES, Profile
from .kinds.weighing import SIMILARITIES, Weighing

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class UserKNN(Settings):
    """An item scores the sum of the similarities of the nearest histories that have it, times what it weighs there.

    The neighbors are found when the question is asked, among the stored histories of all customers: a stranger and a
    customer of the training are the same to it. neighbors: how many are heard; similarity, tilt, k1, b: see `Weighing`,
    the first three as the library implicit has them, with customers in the place of items; shrinkage is added to the
    divisor; a similarity counts with its power. activity: a neighbor with n items has votes of n ** -activity.
    popularity: votes for an item that n customers have are divided by n ** popularity.
    rule: see `Profile`; half_life_days: fading of old events, in the stored histories and in that of the question.
    Holds the histories of customers, without their ids: guard the file like the log. Memory: 20 bytes for each pair of
    a customer and an item. The defaults were good on the validation pairs of both gowalla and ml-1m.
    """

    neighbors: int = setting(250, low=1, high=5_000, log=True)
    similarity: str = setting("bm25", choices=SIMILARITIES)
    tilt: float = setting(0.5, low=0.0, high=1.0)
    shrinkage: float = setting(0.0, low=0.0, high=1_000.0)
    power: float = setting(1.4, low=0.1, high=10.0, log=True)
    activity: float = setting(0.0, low=0.0, high=1.0)
    popularity: float = setting(0.2, low=0.0, high=1.0)
    k1: float = setting(2.0, low=0.01, high=1_000.0, log=True)
    b: float = setting(0.9, low=0.0, high=1.0)
    rule: str = setting("log", choices=RULES)
    half_life_days: float = setting(math.inf, low=0.1, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> Neighbors:
        profile = Profile(self.rule, self.half_life_days)
        end = np.full(data.n_users, data.time.max(initial=0), dtype=np.int64)
        stored = _without_empty(profile.of_histories(data.histories(), end, data.n_items))
        weighing = self._weighing(stored, data.n_items)
        likeness = weighing.of(stored)
        run.on_epoch(Progress("user-kNN", 1, 1))
        return Neighbors(
            "user_knn",
            data.n_items,
            self.neighbors,
            self.power,
            self.shrinkage,
            stored[0],
            stored[1],
            self._votes(stored, data.n_items),
            likeness,
            weighing.norms(stored[0], likeness, 1 - self.tilt),
            weighing,
            profile,
        )

    def _weighing(self, stored: Sparse, n_items: int) -> Weighing:
        n = len(stored[0]) - 1
        idf = np.log(max(n, 1)) - np.log1p(np.bincount(stored[1], minlength=n_items))
        length = float(stored[2].sum(dtype=np.float64)) / max(n, 1)
        return Weighing(self.similarity, floats(np.maximum(idf, 0)), self.tilt, self.k1, self.b, length or 1.0)

    def _votes(self, stored: Sparse, n_items: int) -> Floats:
        lengths, met = np.diff(stored[0]), np.bincount(stored[1], minlength=n_items)
        voices = np.repeat(lengths.astype(np.float64) ** -self.activity, lengths)
        return floats(stored[2] * voices * met[stored[1]].astype(np.float64) ** -self.popularity)


def _without_empty(matrix: "csr_array") -> Sparse:
    """The rows that hold anything, with rising items."""
    matrix.sort_indices()
    starts, items, amounts = parts(matrix)
    return np.concatenate([[0], starts[1:][np.diff(starts) > 0]]), items, amounts
