"""History sum: the vector of a customer is what the items of the history say, and what their attributes say."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

import numpy as np

from regulars.core import Floats, Ints, Queries
from regulars.features import Columns

from .factors import Encoder, Parts
from .fold_in import rows_of
from .profile import Profile

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@final
@dataclass(frozen=True)
class HistorySum(Encoder):
    """x = sum_j w_j c_j / (sum_j w_j) ** power + the vectors of the customer's attributes; its last entry is 1.

    contexts c: float32 [n_items, d], NaN rows for items that say nothing; w: by `profile`. The last column of the
    items' vectors is their bias. columns reads `Queries.attributes`; attribute_vectors: float32 [n_features, d].
    """

    contexts: Floats
    power: float
    profile: Profile
    attribute_vectors: Floats
    columns: Columns = field(default_factory=Columns)

    def encode(self, queries: Queries, item_vectors: Floats) -> Floats:
        met = self._met(queries)
        vectors: Floats = met @ np.nan_to_num(self.contexts)
        vectors *= self._norms(met)[:, np.newaxis]
        silent = np.diff(met.indptr) == 0
        if len(self.attribute_vectors) and queries.attributes.width:
            attributes = self.columns.matrix(queries.attributes)
            vectors += attributes @ self.attribute_vectors
            silent &= np.diff(attributes.indptr) == 0
        vectors[:, -1] = 1
        vectors[silent] = np.nan
        return vectors

    def contributions(self, queries: Queries, item_vectors: Floats, answers: Ints) -> Parts:
        """What each item of the history adds beyond the bias of the answer and what the attributes add."""
        met = self._met(queries)
        starts, items, weights = rows_of(met)
        shares = weights * np.repeat(self._norms(met), np.diff(starts))
        added = np.zeros((len(items), answers.shape[1]), dtype=np.float32)
        for row in range(len(queries)):
            events = slice(int(starts[row]), int(starts[row + 1]))
            known = answers[row] >= 0
            spoken = shares[events, np.newaxis] * self.contexts[items[events]]
            added[events, known] = spoken @ item_vectors[answers[row][known]].T
        return starts, items, added

    def _met(self, queries: Queries) -> "csr_array":
        """What each history weighs, without the items that say nothing."""
        met = self.profile.of(queries, len(self.contexts))
        unknown = np.isnan(self.contexts[met.indices, 0])
        if unknown.any():
            met.data[unknown] = 0
            met.eliminate_zeros()
        return met

    def _norms(self, met: "csr_array") -> Floats:
        masses = np.maximum(met.sum(axis=1), np.finfo(np.float32).tiny)
        norms: Floats = (masses**-self.power).astype(np.float32)
        return norms
