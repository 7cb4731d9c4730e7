"""BSPM: a history blurred over the graph of items, then sharpened; two filters and no training."""

import math
from dataclasses import dataclass

import numpy as np

from regulars.core import QUIET, Dataset, Floats, Run, Settings, floats, setting
from regulars.kernels.profiles import Sparse

from .kinds.graph_filter import GraphFilter
from .kinds.profile import RULES, Profile
from .near import customers_of, near_items, powers
from .spectrum import Graph, Spectrum, spectrum
from .votes import votes

TERMS = 4  # of the exponential series: one Runge-Kutta step of fourth order


@dataclass(frozen=True)
class BSPM(Settings):
    """Blurring and sharpening (Choi et al., SIGIR 2023), with weights and exponents that the paper holds fixed.

    A history h is blurred in two ways, by the neighbors N of its items and by the leading directions V of the log, of
    which the second is sharpened:

        score = (1 - smooth) h N / |N| + smooth h S / |S|,     S = D^-stretch V V' D^stretch exp(-sharpening P)

    P = X'X over its largest eigenvalue, for the log X weighed by `activity` (see `votes`) and divided by the customers
    of each item D to the power `popularity`; V: its `factors` leading directions; exp as one Runge-Kutta step of fourth
    order, as in the paper. N = Y'Y for the log Y weighed by `activity`, divided by D^tilt for the item of the history
    and D^(1 - tilt) for the answer, of which each answer keeps its `neighbors` largest entries. |N|, |S|: the root mean
    square of what an event adds to all scores, so that `smooth` means about the same in every shop.
    rule, half_life_days: see `Profile`. Memory: 8 bytes * n_items * (neighbors + factors).
    """

    factors: int = setting(448, low=4, high=2048, log=True)
    smooth: float = setting(0.5, low=0.0, high=1.0)
    sharpening: float = setting(0.0, low=0.0, high=4.0)
    stretch: float = setting(0.5, low=0.0, high=1.0)
    popularity: float = setting(0.4, low=0.0, high=1.0)
    activity: float = setting(0.8, low=0.0, high=2.0)
    tilt: float = setting(0.75, low=0.0, high=1.0)
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
        inward, outward = self._smooth(Graph.of(matrix, run), customers)
        weights *= (1 - self.smooth) / _spread_near((starts, items, weights), customers)
        inward *= self.smooth / _spread_smooth(inward, outward, customers)
        inward[customers == 0], outward[customers == 0] = np.nan, np.nan
        return GraphFilter("bspm", data.n_items, starts, items, weights, inward, outward, profile)

    def _smooth(self, graph: Graph, customers: np.ndarray) -> tuple[Floats, Floats]:
        """The two sides of S; float32 [n_items, d]."""
        stretch = powers(customers, self.stretch)[:, np.newaxis]
        found = spectrum(graph, self.factors, "BSPM")
        return floats(found.vectors / stretch), self._sharpened(graph, found, floats(found.vectors * stretch))

    def _sharpened(self, graph: Graph, found: Spectrum, columns: Floats) -> Floats:
        """exp(-sharpening P) columns, to the fourth power of P."""
        if not self.sharpening:
            return columns
        time = self.sharpening / max(float(found.values[0]) ** 2, 1e-30)
        term = columns
        for power in range(1, TERMS + 1):
            term = graph.step(term) * np.float32(-time / power)
            columns = columns + term
        return columns


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
