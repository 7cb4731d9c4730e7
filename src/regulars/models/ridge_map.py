"""Ridge map: item vectors as a linear function of content, in closed form."""

from typing import TYPE_CHECKING, Final

import numpy as np

from regulars.core import Floats, Longs, floats
from regulars.features import Encoded, Inputs

from .kinds.content_map import LinearMap, design

if TYPE_CHECKING:
    from scipy.sparse import csr_array

STEPS: Final = 200  # of conjugate gradients
TOLERANCE: Final = 1e-4
HALF: Final = 10.0


def ridge_map(inputs: Inputs, rows: Encoded, own: Floats, weights: Floats, ridge: float) -> LinearMap:
    """The map that minimizes sum_i w_i |own_i - mean - x_i B|^2 + ridge |B|^2, by conjugate gradients.

    own: float32 [n, d]; weights: float32 [n], how much each item teaches.
    """
    taught = np.flatnonzero(weights > 0)
    features, own, weights = design(inputs, rows[taught]), own[taught], weights[taught]
    whole = max(float(weights.sum()), 1e-12)
    mean = (weights[:, np.newaxis] * own).sum(0) / whole
    scaled = features.multiply(np.sqrt(weights)[:, np.newaxis]).tocsr().astype(np.float32)
    wanted = np.sqrt(weights)[:, np.newaxis] * (own - mean)
    return LinearMap(inputs, _solved(scaled, floats(wanted), ridge), floats(mean))


def said(counts: Longs, least: int) -> Floats:
    """How much items teach that so many customers met: nothing below `least`, then n / (n + HALF)."""
    enough = counts >= min(least, counts.max(initial=0))
    return floats(np.where(enough, counts / (counts + HALF), 0))


def _solved(features: "csr_array", wanted: Floats, ridge: float) -> Floats:
    """B of (X'X + ridge) B = X'Y, all columns at once (Hestenes, Stiefel 1952)."""
    turned = features.T.tocsr()
    solution = np.zeros((features.shape[1], wanted.shape[1]), dtype=np.float32)
    residual = floats(turned @ wanted)
    direction = residual.copy()
    square = (residual.astype(np.float64) ** 2).sum(0)
    first = square.copy()
    for _ in range(STEPS):
        if (square <= TOLERANCE**2 * np.maximum(first, 1e-30)).all():
            break
        image = turned @ (features @ direction) + np.float32(ridge) * direction
        step = square / np.maximum((direction * image).sum(0, dtype=np.float64), 1e-30)
        solution += direction * step.astype(np.float32)
        residual -= image * step.astype(np.float32)
        before, square = square, (residual.astype(np.float64) ** 2).sum(0)
        direction = residual + direction * (square / np.maximum(before, 1e-30)).astype(np.float32)
    return solution
