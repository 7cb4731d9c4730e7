"""Poisson regression: counts whose logs of rates are linear in few features."""

from typing import Any, Final

import numpy as np

from regulars.core import Longs

Doubles = np.ndarray[Any, np.dtype[np.float64]]
RIDGE: Final = 1.0  # squared weights are held back by; a few dozen events outweigh it
STEPS: Final = 50
FARTHEST: Final = 2.0  # a weight moves in one step: far from the best the curve is no guide
NEAR: Final = 1e-6
LOWEST, HIGHEST = -20.0, 10.0  # logs of rates while learning


def log_linear(features: Doubles, counts: Longs) -> Doubles:
    """Weights of the likeliest rates, all but the first drawn towards 0, by Newton's method; float64 [d].

    features: float64 [n, d], the first of them 1; counts: [n], not all 0.
    """
    weights = np.zeros(features.shape[1])
    weights[0] = np.log(counts.mean())
    pull = np.full(len(weights), RIDGE)
    pull[0] = 0
    for _ in range(STEPS):
        rates = np.exp(np.clip(features @ weights, LOWEST, HIGHEST))
        slope = features.T @ (counts - rates) - pull * weights
        curve = (features * rates[:, np.newaxis]).T @ features + np.diag(pull + NEAR)
        step = np.linalg.solve(curve, slope)
        largest = float(np.abs(step).max())
        weights += step * min(1.0, FARTHEST / max(largest, NEAR))
        if largest < NEAR:
            break
    return weights
