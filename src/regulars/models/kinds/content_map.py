"""Content map: what makes an item's vector of what is known of it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import numpy as np

from regulars.core import Floats, Frame, floats
from regulars.features import Bag, Encoded, Inputs

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class ContentMap(ABC):
    """Abstract: reads tables of attributes, of new items too, and answers with vectors."""

    inputs: Inputs

    @abstractmethod
    def mapped(self, rows: Encoded) -> Floats:
        """The vector of each row, whatever is known of it; float32 [n, d]."""

    def vectors(self, features: Frame) -> Floats:
        """The vector of each item of a table; float32 [n, d], a NaN row where nothing is known of it.

        Raises BadTable for a number that is NaN or infinite, and for vectors of another width than was learned.
        """
        return self.placed(encoded(self.inputs, features))

    def placed(self, rows: Encoded) -> Floats:
        """The vector of each row; float32 [n, d], a NaN row where nothing is known."""
        found = self.mapped(rows)
        found[~rows.told] = np.nan
        return found


@final
@dataclass(frozen=True)
class LinearMap(ContentMap):
    """Features times weights. weights: float32 [n_features, d]; mean: float32 [d], what is added to all."""

    inputs: Inputs
    weights: Floats
    mean: Floats

    def mapped(self, rows: Encoded) -> Floats:
        return floats(design(self.inputs, rows) @ self.weights + self.mean)


def encoded(inputs: Inputs, features: Frame) -> Encoded:
    """Rows of a table as content maps read them: bags at length one, so that many tags say as much as few."""
    rows = inputs.encode(features)
    return replace(rows, bags=tuple(_unit(bag) for bag in rows.bags))


def _unit(bag: Bag) -> Bag:
    n = len(bag.starts) - 1
    whose = np.repeat(np.arange(n), np.diff(bag.starts))
    lengths = np.sqrt(np.bincount(whose, bag.weights.astype(np.float64) ** 2, n))
    return replace(bag, weights=floats(bag.weights / np.maximum(lengths, 1e-12)[whose]))


def design(inputs: Inputs, rows: Encoded) -> "csr_array":
    """Encoded rows as one matrix, float32 [n, n_features]: an entry for each category and word, and all numbers."""
    from scipy.sparse import csr_array, hstack

    n = len(rows)
    blocks: list[csr_array] = []
    for place, column in enumerate(inputs.categories):
        codes = rows.categories[:, place]
        known = np.flatnonzero(codes)
        ones = np.ones(len(known), dtype=np.float32)
        blocks.append(csr_array((ones, (known, codes[known] - 1)), shape=(n, len(column.names))))
    for bag, named in zip(rows.bags, inputs.bags, strict=True):
        blocks.append(csr_array((bag.weights, bag.codes, bag.starts), shape=(n, len(named.names))))
    for vectors in rows.vectors:  # of length about one, as words and categories are
        blocks.append(csr_array(vectors / np.float32(max(1, vectors.shape[1]) ** 0.5)))  # noqa: PERF401
    blocks.append(csr_array(np.concatenate([rows.numbers, rows.missing], axis=1)))
    return csr_array(hstack(blocks, format="csr", dtype=np.float32))
