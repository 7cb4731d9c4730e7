"""Points on a plane so that neighbors stay together: the stochastic descent of UMAP."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Doubles = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]

A, B = 1.577, 0.895  # 1 / (1 + A d^2B) is near 1 up to a distance of .1 and falls like exp(-d) beyond (min_dist .1)
PUSHED = 5  # points drawn at random that a point is pushed from, for each neighbor that pulls it
_FARTHEST = 4.0  # step of a coordinate


@njit(cache=True)
def settle(places: Doubles, starts: Longs, neighbors: Longs, weights: Doubles, epochs: int, seed: int) -> None:
    """Moves `places` [n, 2] in place: neighbors pull in proportion to their weight, others push.

    starts [n + 1], neighbors, weights in (0, 1]: the graph, each edge in both directions. A step for an edge of weight
    w is made in a share w of the `epochs`, at a rate that falls to 0 (McInnes, Healy, Melville, arXiv 1802.03426,
    alg. 5). One thread, so that a seed gives one map.
    """
    n = len(places)
    due = 1.0 / weights
    state = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(1)
    for epoch in range(epochs):
        rate = 1.0 - epoch / epochs
        for i in range(n):
            for edge in range(starts[i], starts[i + 1]):
                if due[edge] > epoch + 1:
                    continue
                due[edge] += 1.0 / weights[edge]
                j = neighbors[edge]
                dx, dy = places[i, 0] - places[j, 0], places[i, 1] - places[j, 1]
                square = dx * dx + dy * dy
                if square > 0.0:
                    power = square**B
                    pull = rate * -2.0 * A * B * power / square / (1.0 + A * power)
                    dx, dy = _kept(pull * dx), _kept(pull * dy)
                    places[i, 0] += dx
                    places[i, 1] += dy
                    places[j, 0] -= dx
                    places[j, 1] -= dy
                for _ in range(PUSHED):
                    state ^= state << np.uint64(13)
                    state ^= state >> np.uint64(7)
                    state ^= state << np.uint64(17)
                    j = np.int64(state % np.uint64(n))
                    if j == i:
                        continue
                    dx, dy = places[i, 0] - places[j, 0], places[i, 1] - places[j, 1]
                    square = dx * dx + dy * dy
                    push = rate * 2.0 * B / ((0.001 + square) * (1.0 + A * square**B))
                    places[i, 0] += _kept(push * dx)
                    places[i, 1] += _kept(push * dy)


@njit(cache=True)
def _kept(step: float) -> float:
    """A step no longer than the longest."""
    return min(max(step, -_FARTHEST), _FARTHEST)
