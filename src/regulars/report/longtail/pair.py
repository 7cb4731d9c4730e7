"""Pair: a model before content was mapped into it, and after."""

from dataclasses import dataclass

import numpy as np

from regulars.core import Bools, Floats
from regulars.core.errors import BadTable
from regulars.models.kinds.factors import Factors

BEFORE, AFTER = "before", "after"
_SAME = 0.999  # cosine from which on two vectors are one


@dataclass(frozen=True)
class Pair:
    """before: a model whose items have the vectors that their own events gave them; after: the same model with the
    content of its items mapped into the space of those vectors.
    """

    before: Factors
    after: Factors

    def __post_init__(self) -> None:
        if self.before.n_items != self.after.n_items:
            raise BadTable(f"before has {self.before.n_items} items, after {self.after.n_items}; they need the same")

    @property
    def both(self) -> dict[str, Factors]:
        return {BEFORE: self.before, AFTER: self.after}

    @property
    def placed(self) -> tuple[Bools, Bools]:
        """Which items have a vector before and after; bool [n_items] each."""
        return _placed(self.before.item_vectors), _placed(self.after.item_vectors)

    @property
    def moved(self) -> Bools:
        """Which items have a vector after that points elsewhere than before, or had none; bool [n_items]."""
        before, after = self.before.item_vectors, self.after.item_vectors
        had, has = self.placed
        width = min(before.shape[1], after.shape[1])
        products = np.einsum("ij,ij->i", before[:, :width], after[:, :width], dtype=np.float64)
        lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
        same = had & has & (np.nan_to_num(products) >= _SAME * np.nan_to_num(lengths))
        return np.asarray(has & ~same)


def _placed(vectors: Floats) -> Bools:
    """Which vectors are known and point anywhere."""
    lengths = np.linalg.norm(vectors, axis=1)
    return np.asarray(lengths > 0)  # NaN is not
