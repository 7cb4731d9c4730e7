"""Rating fold-in: bias and vector of a customer, solved from whatever they have rated."""

from dataclasses import dataclass
from typing import final

import numpy as np

from regulars.core import Floats, Ints, Queries, floats
from regulars.kernels.ridge import Solved, solve_customers
from regulars.kernels.sgd import Ratings, Side

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
        solved = self._solved(self._rated(queries, item_vectors), item_vectors)
        vectors = np.empty((len(queries), d + 2), dtype=np.float32)
        vectors[:, :d] = self.unit * (solved.vectors + solved.said)
        vectors[:, d] = self.unit / SMALL
        vectors[:, d + 1] = (self.mean + self.unit * solved.biases) / SMALL
        vectors[np.isnan(solved.biases)] = np.nan
        return vectors

    def contributions(self, queries: Queries, item_vectors: Floats, answers: Ints) -> Parts:
        """What each rating adds beyond mean + unit b_i, which an item gets from everybody."""
        history = self._rated(queries, item_vectors)
        starts, items, _ = history
        errors = self._solved(history, item_vectors).errors
        added = np.zeros((len(items), answers.shape[1]), dtype=np.float32)
        for row in np.flatnonzero(np.diff(starts)):
            events = slice(int(starts[row]), int(starts[row + 1]))
            known = answers[row] >= 0
            wanted = _with_ones(item_vectors[answers[row][known]])
            rated = _with_ones(item_vectors[items[events]])
            parts = errors[events, np.newaxis] * _influence(rated, self._ridges(rated), wanted)
            if self.implicit.shape[1]:
                parts += self.implicit[items[events]] @ wanted[:, :-1].T / len(rated) ** 0.5
            added[events, known] = self.unit * parts
        return starts, items, added

    def _rated(self, queries: Queries, item_vectors: Floats) -> Parts:
        return self.scale.of(queries.history, ~np.isnan(item_vectors[:, 0]))

    def _solved(self, history: Parts, item_vectors: Floats) -> Solved:
        starts, items, ratings = history
        values = floats((ratings - self.mean) / self.unit)
        side = Side(item_vectors[:, -2] / np.float32(SMALL), item_vectors[:, :-2])
        return solve_customers(
            Ratings(starts, items, values),
            side,
            self.implicit,
            regularization=self.regularization,
            shrinkage=self.shrinkage,
        )

    def _ridges(self, rated: np.ndarray) -> np.ndarray:
        ridges = np.full(rated.shape[1], self.regularization * len(rated) + self.shrinkage)
        ridges[-1] = self.shrinkage
        return ridges


def item_vectors(biases: Floats, vectors: Floats) -> Floats:
    """The vectors of items as the encoder wants them; float32 [n_items, d + 2]."""
    tail = np.column_stack([SMALL * biases, np.full(len(biases), SMALL)])
    return floats(np.concatenate([vectors, tail], axis=1))


def _with_ones(vectors: Floats) -> np.ndarray:
    ones = vectors[:, :-1].astype(np.float64)
    ones[:, -1] = 1
    return ones


def _influence(rated: np.ndarray, diagonal: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """V (V'V + diagonal)^-1 W': what one unit of each rating adds to each wanted item; float64 [n, k].

    By a system of the size of the history where that is smaller.
    """
    if len(rated) <= len(diagonal):
        scaled = rated / diagonal
        return np.asarray(np.linalg.solve(scaled @ rated.T + np.eye(len(rated)), scaled @ wanted.T))
    return np.asarray(rated @ np.linalg.solve(rated.T @ rated + np.diag(diagonal), wanted.T))
