"""Item-kNN: customers who have this also have that."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from regulars.core import QUIET, Dataset, Floats, Progress, Run, Settings, floats, setting
from regulars.kernels.cooccurrence import LEAST, nearest
from regulars.kernels.profiles import Sparse

from .kinds.item_item import SparseItemItem
from .kinds.profile import RULES, Profile
from .kinds.weighing import SIMILARITIES
from .votes import both_ways, turned, votes

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SIDES = ("history", "answer")


@dataclass(frozen=True)
class ItemKNN(Settings):
    """An item scores the sum of its similarities with the items of the history that count it among their nearest.

    similarity: "cosine" of the items' customers; "tfidf": cosine after votes are weighed by sqrt(vote) * idf, where
    idf = log(n_items / (1 + items of the customer)) makes busy customers count less; "bm25": the product of votes
    weighed by (k1 + 1) vote / (k1 (1 - b + b length / mean length) + vote) * idf (Robertson, Walker, SIGIR 1994), where
    length is the sum of an item's votes. Both weighings are those of the library implicit. "jaccard": the customers of
    both items by those of either, whatever they weigh.
    tilt a: a cosine divides by |j|^2a |i|^(2 - 2a) for item j of the history and answer i (Aiolli, RecSys 2013);
    above 1/2, popular answers gain. shrinkage is added to the divisor: pairs met by few customers lose.
    neighbors: how many answers each item of the history speaks for, or, with side = "answer", how many items may
    speak for each answer. activity: see `votes`; rule: see `Profile`.
    half_life_days: fading of old events, in training and in the history. half_life_steps: fading for every newer step
    (see `Profile`), in the history alone.
    Memory: 16 bytes * neighbors * items. The defaults were good on the validation pairs of both gowalla and ml-1m.
    """

    neighbors: int = setting(200, low=1, high=5_000, log=True)
    similarity: str = setting("tfidf", choices=SIMILARITIES)
    tilt: float = setting(0.7, low=0.0, high=1.0)
    shrinkage: float = setting(0.0, low=0.0, high=1_000.0)
    activity: float = setting(0.5, low=0.0, high=1.0)
    k1: float = setting(1.2, low=0.01, high=1_000.0, log=True)
    b: float = setting(0.75, low=0.0, high=1.0)
    side: str = setting("answer", choices=SIDES)
    rule: str = setting("log", choices=RULES)
    half_life_days: float = setting(math.inf, low=0.1, log=True)
    half_life_steps: float = setting(math.inf, low=0.1, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> SparseItemItem:
        profile = Profile(self.rule, self.half_life_days)
        matrix = votes(data, profile, self.activity)
        self._weigh(matrix)
        matrix.data[matrix.data < LEAST] = 0
        matrix.eliminate_zeros()
        near = self._nearest(matrix, run)
        asked = replace(profile, half_life_steps=self.half_life_steps)
        return SparseItemItem("item_knn", data.n_items, *near, asked)

    def _weigh(self, matrix: "csr_array") -> None:
        """Turns votes into the weights whose products are summed, in place."""
        if self.similarity == "cosine":
            return
        if self.similarity == "jaccard":
            matrix.data[:] = 1
            return
        lengths = np.diff(matrix.indptr)
        idf = np.log(max(matrix.shape[1], 1)) - np.log1p(lengths)
        if self.similarity == "tfidf":
            matrix.data[:] = np.sqrt(matrix.data) * np.repeat(idf, lengths)
            return
        sums = np.bincount(matrix.indices, weights=matrix.data, minlength=matrix.shape[1])
        long = floats(self.k1 * (1 - self.b + self.b * sums / max(sums.mean(), LEAST)))
        matrix.data[:] = (self.k1 + 1) * matrix.data / (long[matrix.indices] + matrix.data) * np.repeat(idf, lengths)

    def _nearest(self, matrix: "csr_array", run: Run) -> Sparse:
        """The rows of the weights: for each item of a history, the answers that it speaks for."""

        left, right = self._norms(matrix)
        by_user, by_item = both_ways(matrix)
        near = nearest(
            by_user,
            by_item,
            (left, right) if self.side == "history" else (right, left),
            self.neighbors,
            shrinkage=self.shrinkage,
            union=self.similarity == "jaccard",
            threads=run.threads or None,
            on_rows=lambda done: run.on_epoch(Progress("item-kNN", done, matrix.shape[1])),
        )
        return near if self.side == "history" else turned(near)

    def _norms(self, matrix: "csr_array") -> tuple[Floats, Floats]:
        """What a product is divided by, for the item of the history and for the answer; all above 0."""
        n = matrix.shape[1]
        if self.similarity == "bm25":
            return np.ones(n, dtype=np.float32), np.ones(n, dtype=np.float32)
        squares = np.bincount(matrix.indices, weights=np.square(matrix.data, dtype=np.float64), minlength=n)
        squares[squares == 0] = 1  # an item without customers has no neighbors to divide by
        if self.similarity == "jaccard":
            return floats(squares), floats(squares)
        return floats(squares**self.tilt), floats(squares ** (1 - self.tilt))
