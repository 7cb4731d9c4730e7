"""BSPM: a history blurred over the graph of items, then sharpened; two filters and no training."""

import math
from dataclasses import dataclass

import numpy as np

from regulars.core import QUIET, Dataset, Floats, Run, Settings, floats, setting
from regulars.kernels.graph import multiply
from regulars.kernels.profiles import Sparse

from .kinds.graph_filter import GraphFilter
from .kinds.profile import RULES, Profile
from .near import customers_of, near_items, powers
from .spectrum import Graph, Spectrum, spectrum
from .votes import turned, votes

TERMS = 4  # of the exponential series: one Runge-Kutta step of fourth order


@dataclass(frozen=True)
class BSPM(Settings):
    """Blurring and sharpening (Choi et al., SIGIR 2023), with weights and exponents that the paper holds fixed.

    A history h is blurred in two ways, by the neighbors N of its items and by the leading directions V of the log; then
    both are sharpened:

        score = h ((1 - smooth) N / |N| + smooth S / |S|) exp(-sharpening P),     S = D^-stretch V V' D^stretch

    P = X'X over its largest eigenvalue, for the log X weighed by `activity` (see `votes`) and divided by the customers
    of each item D to the power `popularity`; V: its `factors` leading directions after so many `passes` over the log,
    of which few leave the edge soft (see `spectrum`); exp as one Runge-Kutta step of fourth order, as in the paper.
    N = Y'Y for the log Y weighed by `activity`, divided by D^tilt for the item of the history and D^(1 - tilt) for the
    answer, of which each answer keeps its `neighbors` largest entries, none for itself. |N|, |S|: the root mean square
    of what an event adds to all scores, so that `smooth` means about the same in every shop. Beyond the directions V
    the sharpening of N is taken as one number.
    rule, half_life_days: see `Profile`. Memory: 8 bytes * n_items * (neighbors + factors), twice the
    factors if sharpened.
    """

    factors: int = setting(256, low=4, high=2048, log=True)
    passes: int = setting(4, low=1, high=16, log=True)
    smooth: float = setting(0.5, low=0.0, high=1.0)
    sharpening: float = setting(1.0, low=0.0, high=4.0)
    stretch: float = setting(0.5, low=0.0, high=1.0)
    popularity: float = setting(0.4, low=0.0, high=1.0)
    activity: float = setting(0.9, low=0.0, high=2.0)
    tilt: float = setting(0.7, low=0.0, high=1.0)
    neighbors: int = setting(1_000, low=1, high=10_000, log=True)
    rule: str = setting("log", choices=RULES)
    half_life_days: float = setting(math.inf, low=0.1, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> GraphFilter:
        profile = Profile(self.rule, self.half_life_days)
        matrix = votes(data, profile, self.activity)
        customers = customers_of(matrix)
        norms = powers(customers, self.tilt), powers(customers, 1 - self.tilt)
        starts, items, weights = near_items(Graph.of(matrix, run), norms, self.neighbors, "BSPM")
        matrix.data /= powers(customers, self.popularity)[matrix.indices]
        graph = Graph.of(matrix, run)
        found = spectrum(graph, self.factors, "BSPM", passes=self.passes)
        stretch = powers(customers, self.stretch)[:, np.newaxis]
        inward, outward = floats(found.vectors / stretch), floats(found.vectors * stretch)
        weights *= (1 - self.smooth) / _spread_near((starts, items, weights), customers)
        inward *= self.smooth / _spread_smooth(inward, outward, customers)
        near = starts, items, weights
        if self.sharpening:
            near, inward, outward = self._sharpened(graph, found, near, inward, outward)
        inward[customers == 0], outward[customers == 0] = np.nan, np.nan
        return GraphFilter("bspm", data.n_items, *near, inward, outward, profile)

    def _sharpened(
        self, graph: Graph, found: Spectrum, near: Sparse, inward: Floats, outward: Floats
    ) -> tuple[Sparse, Floats, Floats]:
        """Near and smooth part times exp(-sharpening P): N becomes rest * N + V V' N (exp(-sharpening P) - rest)."""
        values = found.values.astype(np.float64) ** 2
        time = self.sharpening / max(values[0], 1e-30)
        rest = _series(time * values[-1] * 2 / 3)  # mean of the rest weighed by itself, if evenly spread
        spoken = multiply(turned(near), found.vectors, threads=graph.run.threads or None)
        inward = np.concatenate([inward, found.vectors], axis=1)
        sharp = _kutta(graph, np.concatenate([outward, spoken], axis=1), time)
        sharp[:, -spoken.shape[1] :] -= np.float32(rest) * spoken
        return (near[0], near[1], floats(near[2] * rest)), inward, sharp


def _kutta(graph: Graph, columns: Floats, time: float) -> Floats:
    """exp(-time X'X) columns, to the fourth power."""
    term = columns
    for power in range(1, TERMS + 1):
        term = graph.step(term) * np.float32(-time / power)
        columns = columns + term
    return columns


def _series(x: float) -> float:
    """exp(-x), to the fourth power."""
    return sum((-x) ** power / math.factorial(power) for power in range(TERMS + 1))


def _spread_near(near: Sparse, customers: np.ndarray) -> float:
    """The root mean square of what an event adds to all scores through the rows of `near`."""
    starts, _, weights = near
    sums = np.add.reduceat(np.append(np.square(weights, dtype=np.float64), 0), starts[:-1])
    sums[np.diff(starts) == 0] = 0
    return _root_mean(sums, customers)


def _spread_smooth(inward: Floats, outward: Floats, customers: np.ndarray) -> float:
    """The same through vectors."""
    return _root_mean(((inward @ (outward.T @ outward)) * inward).sum(axis=1), customers)


def _root_mean(sums: np.ndarray, customers: np.ndarray) -> float:
    """Of sums of squares for each item of a history, weighed by its customers; 1 where there is nothing."""
    mean = float(customers @ np.maximum(sums, 0)) / max(float(customers.sum()) * len(customers), 1.0)
    return math.sqrt(mean) or 1.0
