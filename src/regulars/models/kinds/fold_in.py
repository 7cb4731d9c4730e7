"""Fold-in: the vector that alternating least squares would give to a customer with this history."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

import numpy as np

from regulars.core import Floats, Ints, Queries
from regulars.kernels.solve import Prior, Rows, solve_rows

from .factors import Encoder, Parts
from .profile import Profile, parts_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

TOLERANCE = 1e-6  # of the error of a vector, where float32 ends
_MET = "fold-in of the histories"  # a name in the dictionary of queries
STEPS = 1_000  # of conjugate gradients, never reached: rows end after a few dozen


@final
@dataclass(frozen=True)
class FoldIn(Encoder):
    """Solves the row of implicit ALS exactly, for customers of the training and strangers alike.

    spectrum: float32 [d], the diagonal of the Gram matrix of the item vectors times the unobserved weight; mass: the
    number of items times that weight; ridge = regularization * (items met + mass) ** power. pull: float32 [n_items],
    what multiplies the weight of an item in a profile; it is divided by (items met) ** damping, too.
    Source: Hu, Koren, Volinsky, ICDM 2008, eq. 4 (the vector) and 7 (what each item adds).
    """

    spectrum: Floats
    mass: float
    regularization: float
    power: float
    pull: Floats
    damping: float
    profile: Profile = field(default_factory=Profile)

    def encode(self, queries: Queries, item_vectors: Floats) -> Floats:
        met = self._met(queries, item_vectors)
        vectors = np.zeros((len(queries), item_vectors.shape[1]), dtype=np.float32)
        ridges = self._ridges(met)
        prior = Prior(self.spectrum, np.ones(len(queries), dtype=np.float32), ridges)
        solve_rows(rows_of(met), item_vectors, prior, vectors, steps=STEPS, tolerance=TOLERANCE)
        vectors[np.diff(met.indptr) == 0] = np.nan
        return vectors

    def contributions(self, queries: Queries, item_vectors: Floats, answers: Ints) -> Parts:
        met = self._met(queries, item_vectors)
        starts, items, weights = rows_of(met)
        added = np.zeros((len(items), answers.shape[1]), dtype=np.float32)
        for row, ridge in enumerate(self._ridges(met).tolist()):
            events = slice(starts[row], starts[row + 1])
            known = answers[row] >= 0
            wanted = item_vectors[answers[row][known]].astype(np.float64)
            vectors = item_vectors[items[events]].astype(np.float64)
            added[events, known] = _added(vectors, weights[events], self.spectrum + ridge, wanted)
        return starts, items, added

    def _met(self, queries: Queries, item_vectors: Floats) -> "csr_array":
        """What each history weighs, without the items that have no vector; kept with the queries for the reasons."""
        known: tuple[FoldIn, Floats, csr_array] | None = vars(queries).get(_MET)
        if known is not None and known[0] is self and known[1] is item_vectors:
            return known[2]
        met = self._weighed(queries, item_vectors)
        vars(queries)[_MET] = self, item_vectors, met
        return met

    def _weighed(self, queries: Queries, item_vectors: Floats) -> "csr_array":
        met = self.profile.of(queries, len(item_vectors))
        unknown = np.isnan(item_vectors[met.indices, 0])
        if unknown.any():
            met.data[unknown] = 0
            met.eliminate_zeros()
        newer = len(item_vectors) - len(self.pull)  # than the fit: pulled as what few customers met
        pull = np.pad(self.pull, (0, newer), constant_values=self.pull.max(initial=0)) if newer else self.pull
        met.data *= damped(met, pull, self.damping)
        return met

    def _ridges(self, met: "csr_array") -> Floats:
        return ridges_of(np.diff(met.indptr), self.mass, self.regularization, self.power)


def ridges_of(counts: np.ndarray, mass: float, regularization: float, power: float) -> Floats:
    """regularization * (counts + mass) ** power: what is met often shrinks more (Rendle et al., RecSys 2022, eq. 5)."""
    scaled: Floats = (regularization * (counts + mass) ** power).astype(np.float32)
    return scaled


def damped(met: "csr_array", pull: Floats, damping: float) -> Floats:
    """What multiplies each weight of a matrix: the pull of its column over (entries of its row) ** damping."""
    counts = np.diff(met.indptr)
    rows = np.maximum(counts, 1).astype(np.float64) ** -damping
    factors: Floats = (pull[met.indices] * np.repeat(rows, counts)).astype(np.float32)
    return factors


def rows_of(met: "csr_array") -> Rows:
    """The rows of a matrix as the kernels take them."""
    return Rows(*parts_of(met))


def _added(vectors: np.ndarray, weights: np.ndarray, diagonal: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """w_j v_j' A^-1 y_i with A = V' W V + diagonal, for the events j of a history and the answers i; float64 [n, k].

    By a system of the size of the history where that is smaller: A^-1 V' W = D^-1 V' (W^-1 + V D^-1 V')^-1.
    """
    if len(vectors) <= len(diagonal):
        scaled = vectors / diagonal
        small = scaled @ vectors.T + np.diag(1 / weights.astype(np.float64))
        return np.asarray(np.linalg.solve(small, scaled @ wanted.T))
    whole = (vectors.T * weights) @ vectors + np.diag(diagonal.astype(np.float64))
    return np.asarray(weights[:, np.newaxis] * (vectors @ np.linalg.solve(whole, wanted.T)))
