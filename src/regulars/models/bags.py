"""Bags of features: a row's vector is its own and those of its features, learned together."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from regulars.core import Bools, Floats, Frame
from regulars.core.errors import MissingColumn
from regulars.features import Columns

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ALL: Final = ("all",)  # every column of a table
SLOWNESS: Final = 0.1  # sum of squares before the first step


@dataclass
class Bag:
    """Vectors of features [n_features, d], which change as they learn, and the rows that have them [n, n_features]."""

    matrix: "csr_array"
    vectors: Floats
    sums: Floats
    rate: float

    @classmethod
    def of(cls, matrix: "csr_array", d: int, rate: float) -> "Bag":
        """Features that say nothing yet."""
        n = matrix.shape[1]
        return cls(matrix, np.zeros((n, d), dtype=np.float32), np.full(n, SLOWNESS, dtype=np.float32), rate)

    def learn(self, pulls: Floats) -> Floats:
        """One step of Adagrad along what the rows [n, d] ask for; returns what it adds to each row."""
        slopes = self.matrix.T @ pulls
        self.sums += np.square(slopes).mean(axis=1)
        steps = slopes * (self.rate / np.sqrt(self.sums))[:, np.newaxis]
        self.vectors += steps
        gained: Floats = self.matrix @ steps
        return gained


def columns_of(frame: Frame, names: tuple[str, ...], table: str, rows: Bools) -> Columns:
    """How the named columns of a table are read, learned from `rows` [n] of it; none for no names.

    Raises MissingColumn when the table lacks one.
    """
    if not names:
        return Columns()
    lost = [name for name in names if name not in frame.columns] if names != ALL else []
    if lost or not frame.width:
        raise MissingColumn(
            f"{table}_features names {list(names)}; the table of {table}s has {frame.columns or 'none'}"
        )
    return Columns.learn((frame if names == ALL else frame.select(names)).filter(rows))
