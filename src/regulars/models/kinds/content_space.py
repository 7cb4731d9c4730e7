"""Content space: what items are like, as coordinates whose products tell how much they have in common."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

import numpy as np

from regulars.core import Floats, Frame, floats
from regulars.features import Encoded, Inputs

from .content_map import design, encoded

if TYPE_CHECKING:
    from scipy.sparse import csr_array

BATCH: Final = 8_192  # items looked at together


@final
@dataclass(frozen=True)
class ContentSpace:
    """Features times axes. axes: float32 [n_features, w].

    Of two items that are as like a third in direction, the one of which more or rarer things are known is the likelier.
    """

    inputs: Inputs
    axes: Floats

    @property
    def width(self) -> int:
        return int(self.axes.shape[1])

    def vectors(self, features: Frame) -> Floats:
        """The coordinates of each row of a table; float32 [n, w], 0 where nothing is known."""
        return self.of(encoded(self.inputs, features))

    def of(self, rows: Encoded) -> Floats:
        """The coordinates of encoded rows; float32 [n, w]."""
        found = np.zeros((len(rows), self.width), dtype=np.float32)
        for start in range(0, len(rows) if self.width else 0, BATCH):
            some = np.arange(start, min(start + BATCH, len(rows)))
            found[some] = design(self.inputs, rows[some]) @ self.axes
        found[~rows.told] = 0
        return found


def weighed(inputs: Inputs, features: "csr_array") -> Floats:
    """What each feature of `design` is multiplied by, for cosines that tell likeness; float32 [n_features].

    As `Content` weighs by default: a category by its information log(items / items with it); a word of a text or a
    value of a list by its own, the whole as a category of their mean information times (number of them) ** .25, for
    items on average; vectors as a category of n ** .5 items, numbers by 1, gaps by 0.
    """
    n = features.shape[0]
    often = np.bincount(features.indices, minlength=features.shape[1])
    information = np.log(max(n, 2) / np.maximum(often, 1))
    weights, first = np.ones(features.shape[1]), 0
    for column in inputs.categories:
        block = slice(first, first + len(column.names))
        weights[block] = information[block]
        first = block.stop
    for bag in inputs.bags:
        block = slice(first, first + len(bag.names))
        weights[block] = information[block] * _length(features[:, block], information[block])
        first = block.stop
    for vector in inputs.vectors:
        weights[first : first + vector.width] = np.log(max(n, 2)) / 2
        first += vector.width
    weights[first + len(inputs.numbers) :] = 0
    return floats(weights)


def _length(bags: "csr_array", information: np.ndarray) -> float:
    """How long bags should be, over how long they are with their words weighed by information; means of the items."""
    bags = bags.tocsr()
    rows = np.repeat(np.arange(bags.shape[0]), np.diff(bags.indptr))
    squares = (bags.data * information[bags.indices]) ** 2
    sums = np.bincount(rows, squares, bags.shape[0])
    told = sums > 0
    means = np.bincount(rows, squares * information[bags.indices], bags.shape[0])[told] / sums[told]
    lengths = means * np.diff(bags.indptr)[told] ** 0.25
    return float(lengths.mean() / np.sqrt(sums[told]).mean()) if told.any() else 0.0
