"""Rating fold-in: bias and vector of a customer, solved from whatever they have rated."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np

from regulars.core import Floats, Ints, Queries, floats

from .clipped import Scale
from .factors import Encoder, Parts

SMALL = 2.0**-10  # scales what is no taste: cosines between items see the vectors alone; a power of two rounds nothing


@final
@dataclass(frozen=True)
class RatingFoldIn(Encoder):
    """Ridge regression of a customer's ratings on what they rated; the items are held fixed.

    A predicted rating is mean + unit (b_u + b_i + (p_u + |N(u)|^-1/2 sum_{j in N(u)} y_j).q_i). The item vectors are
    [q_i, SMALL b_i, SMALL], so the score is an inner product. b_u and p_u minimize the squared errors over the history
    + shrinkage b_u^2 + (regularization |N(u)| + shrinkage) |p_u|^2.
    implicit: y, float32 [n_items, d], or [n_items, 0] where a method has none.
    """

    mean: float
    unit: float
    regularization: float
    shrinkage: float
    scale: Scale
    implicit: Floats

    def encode(self, queries: Queries, item_vectors: Floats) -> Floats:
        d = item_vectors.shape[1] - 2
        vectors = np.full((len(queries), d + 2), np.nan, dtype=np.float32)
        for row, _, (rated, errors, diagonal, said) in self._systems(self._rated(queries, item_vectors), item_vectors):
            solved = _solved(rated, diagonal, errors)
            vectors[row, :d] = self.unit * (solved[:d] + said)
            vectors[row, d] = self.unit / SMALL
            vectors[row, d + 1] = (self.mean + self.unit * solved[d]) / SMALL
        return vectors

    def contributions(self, queries: Queries, item_vectors: Floats, answers: Ints) -> Parts:
        """What each rating adds beyond mean + unit b_i, which an item gets from everybody."""
        history = self._rated(queries, item_vectors)
        starts, items, _ = history
        added = np.zeros((len(items), answers.shape[1]), dtype=np.float32)
        for row, events, (rated, errors, diagonal, _) in self._systems(history, item_vectors):
            known = answers[row] >= 0
            wanted = _with_ones(item_vectors[answers[row][known]])
            parts = errors[:, np.newaxis] * _influence(rated, diagonal, wanted)
            if self.implicit.shape[1]:
                parts += self.implicit[items[events]] @ wanted[:, :-1].T / len(errors) ** 0.5
            added[events, known] = self.unit * parts
        return starts, items, added

    def _rated(self, queries: Queries, item_vectors: Floats) -> Parts:
        return self.scale.of(queries.history, ~np.isnan(item_vectors[:, 0]))

    def _systems(self, history: Parts, item_vectors: Floats) -> Iterator[tuple[int, slice, tuple[np.ndarray, ...]]]:
        """Row and events of each history that is not empty, with its regression.

        That is: [q_j, 1] float64 [n, d + 1], what is left to explain [n], ridges [d + 1], what N(u) says [d].
        """
        starts, items, ratings = history
        for row in np.flatnonzero(np.diff(starts)):
            events = slice(int(starts[row]), int(starts[row + 1]))
            vectors = item_vectors[items[events]]
            n, d = len(vectors), item_vectors.shape[1] - 2
            said = (
                self.implicit[items[events]].sum(axis=0, dtype=np.float64) / n**0.5
                if self.implicit.size
                else np.zeros(d)
            )
            rated = _with_ones(vectors)
            errors = (ratings[events] - self.mean) / self.unit - vectors[:, d] / SMALL - rated[:, :d] @ said
            diagonal = np.full(d + 1, self.regularization * n + self.shrinkage)
            diagonal[d] = self.shrinkage
            yield int(row), events, (rated, errors, diagonal, said)


def item_vectors(biases: Floats, vectors: Floats) -> Floats:
    """The vectors of items as the encoder wants them; float32 [n_items, d + 2]."""
    tail = np.column_stack([SMALL * biases, np.full(len(biases), SMALL)])
    return floats(np.concatenate([vectors, tail], axis=1))


def _with_ones(vectors: Floats) -> np.ndarray:
    ones = vectors[:, :-1].astype(np.float64)
    ones[:, -1] = 1
    return ones


def _solved(rated: np.ndarray, diagonal: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """(V'V + diagonal)^-1 V' errors, by a system of the size of the history where that is smaller; float64 [d + 1]."""
    if len(rated) <= len(diagonal):
        scaled = rated / diagonal
        small = scaled @ rated.T + np.eye(len(rated))
        return np.asarray(scaled.T @ np.linalg.solve(small, errors))
    return np.asarray(np.linalg.solve(rated.T @ rated + np.diag(diagonal), rated.T @ errors))


def _influence(rated: np.ndarray, diagonal: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """V (V'V + diagonal)^-1 W': what one unit of each rating adds to each wanted item; float64 [n, k]."""
    if len(rated) <= len(diagonal):
        scaled = rated / diagonal
        return np.asarray(np.linalg.solve(scaled @ rated.T + np.eye(len(rated)), scaled @ wanted.T))
    return np.asarray(rated @ np.linalg.solve(rated.T @ rated + np.diag(diagonal), wanted.T))
