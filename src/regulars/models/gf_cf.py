"""GF-CF: collaborative filtering as a low-pass filter on the graph of items, without training."""

import math
from dataclasses import dataclass

import numpy as np

from regulars.core import QUIET, Dataset, Run, Settings, floats, setting

from .kinds.graph_filter import GraphFilter
from .kinds.profile import RULES, Profile
from .near import customers_of, near_items, powers
from .spectrum import Graph, spectrum
from .votes import votes


@dataclass(frozen=True)
class GFCF(Settings):
    """score = h P + ideal * h D^-p V V' D^p (Shen et al., CIKM 2021, eq. 15 and 16, p = 1/2).

    P = R'R for the log R divided by the square roots of the customer's activity and of the item's popularity, of which
    each answer keeps its `neighbors` largest entries; V: its `factors` leading directions; D: customers of the items;
    popularity: p. activity 1 is that of the paper, see `votes`. An item says nothing of itself through P.
    rule, half_life_days: see `Profile`. Memory: 8 bytes * n_items * (neighbors + factors).
    """

    factors: int = setting(256, low=4, high=2048, log=True)
    ideal: float = setting(0.3, low=0.0, high=10.0)
    popularity: float = setting(0.5, low=0.0, high=1.0)
    activity: float = setting(1.0, low=0.0, high=2.0)
    neighbors: int = setting(1_000, low=1, high=10_000, log=True)
    rule: str = setting("log", choices=RULES)
    half_life_days: float = setting(math.inf, low=0.1, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> GraphFilter:
        profile = Profile(self.rule, self.half_life_days)
        matrix = votes(data, profile, self.activity)
        customers = customers_of(matrix)
        scale = powers(customers, self.popularity)
        matrix.data /= scale[matrix.indices]
        graph, ones = Graph.of(matrix, run), np.ones_like(scale)
        near = near_items(graph, (ones, ones), self.neighbors, "GF-CF")
        vectors = spectrum(graph, self.factors, "GF-CF").vectors
        scale = np.where(customers > 0, scale, np.nan)[:, np.newaxis]
        inward, outward = floats(self.ideal * vectors / scale), floats(vectors * scale)
        return GraphFilter("gf_cf", data.n_items, *near, inward, outward, profile)
