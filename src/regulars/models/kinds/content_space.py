"""Content space: what items are like, as coordinates whose cosines tell how much they have in common."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

import numpy as np

from regulars.core import Floats, Frame, floats
from regulars.features import Encoded, Inputs

from .content_map import design

if TYPE_CHECKING:
    from scipy.sparse import csr_array

BATCH: Final = 8_192  # items looked at together


@final
@dataclass(frozen=True)
class ContentSpace:
    """Features times axes, at length one. axes: float32 [n_features, w]."""

    inputs: Inputs
    axes: Floats

    @property
    def width(self) -> int:
        return int(self.axes.shape[1])

    def vectors(self, features: Frame) -> Floats:
        """The coordinates of each row of a table; float32 [n, w], 0 where nothing is known."""
        return self.of(self.inputs.encode(features))

    def of(self, rows: Encoded) -> Floats:
        """The coordinates of encoded rows; float32 [n, w]."""
        found = np.zeros((len(rows), self.width), dtype=np.float32)
        for start in range(0, len(rows) if self.width else 0, BATCH):
            some = np.arange(start, min(start + BATCH, len(rows)))
            found[some] = design(self.inputs, rows[some]) @ self.axes
        found[~rows.told] = 0
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        return floats(found / np.maximum(lengths, 1e-12))


def weighed(inputs: Inputs, features: "csr_array") -> Floats:
    """What each feature of `design` is multiplied by, for cosines that tell likeness; float32 [n_features].

    A category by the information log(items / items with it), a text and a vector as a category of their mean
    information would be, numbers by 1, gaps by 0.
    """
    n = features.shape[0]
    often = np.bincount(features.indices, minlength=features.shape[1])
    information = np.log(max(n, 2) / np.maximum(often, 1))
    weights, first = np.ones(features.shape[1]), 0
    for column in (*inputs.categories, *inputs.bags):
        block = slice(first, first + len(column.names))
        mass = often[block].sum()
        mean = float((information[block] * often[block]).sum() / max(1, mass))
        single = column in inputs.categories
        weights[block] = information[block] if single else mean * (max(1, mass) / n) ** 0.25
        first = block.stop
    for vector in inputs.vectors:
        weights[first : first + vector.width] = np.log(max(n, 2))
        first += vector.width
    weights[first + len(inputs.numbers) :] = 0
    return floats(weights)
