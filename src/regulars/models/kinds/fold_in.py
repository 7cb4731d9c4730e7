"""Fold-in: the vector that alternating least squares would give to a customer with this history."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from regulars.core import Floats, Ints, Queries
from regulars.kernels.fold_in import Law, added, fold_in_rows
from regulars.kernels.solve import Prior, Rows, solve_rows

from .factors import Encoder, Parts
from .profile import Profile, parts_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

TOLERANCE = 1e-6  # of the error of a vector, where float32 ends
_ROWS = "fold-in of the histories"  # a name in the dictionary of queries
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
        rows, ridges = self._rows(queries, item_vectors)
        vectors = np.zeros((len(queries), item_vectors.shape[1]), dtype=np.float32)
        prior = Prior(self.spectrum, np.ones(len(queries), dtype=np.float32), ridges)
        solve_rows(rows, item_vectors, prior, vectors, steps=STEPS, tolerance=TOLERANCE)
        empty = rows.starts[1:] == rows.starts[:-1]
        if empty.any():
            vectors[empty] = np.nan
        return vectors

    def contributions(self, queries: Queries, item_vectors: Floats, answers: Ints) -> Parts:
        rows, ridges = self._rows(queries, item_vectors)
        return rows.starts, rows.columns, added(*rows, item_vectors, self.spectrum, ridges, answers)

    def _rows(self, queries: Queries, item_vectors: Floats) -> tuple[Rows, Floats]:
        """What each history weighs, without the items that have no vector, and its ridge; kept with the queries for the
        reasons."""
        known: tuple[FoldIn, Floats, tuple[Rows, Floats]] | None = vars(queries).get(_ROWS)
        if known is not None and known[0] is self and known[1] is item_vectors:
            return known[2]
        history = self.profile.weighed(queries, len(item_vectors))
        starts, items, weights, ridges = fold_in_rows(
            history.starts, history.items, history.weights, item_vectors, self.pull, self._law
        )
        rows = Rows(starts, items, weights)
        vars(queries)[_ROWS] = self, item_vectors, (rows, ridges)
        return rows, ridges

    @cached_property
    def _law(self) -> NDArray[np.float64]:
        """Items that came after the fit have the largest pull: that of what few customers met."""
        largest = float(self.pull.max(initial=0))
        ridge = self.regularization, self.mass, self.power
        return np.array(Law(self.profile.law, largest, self.damping, *ridge), dtype=np.float64)


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
