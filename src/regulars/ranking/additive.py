"""Additive ranker: a curve over each number of the evidence, and products of two; their sum is the score."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regulars.core import Bools, Floats, Ints, Longs, Run, Settings, floats, setting

from .evidence import FACTS
from .table import Lists, Table

if TYPE_CHECKING:
    from scipy.sparse import csr_array

KNOTS = 9  # of each curve
PASSES = 200


@dataclass(frozen=True)
class Additive:
    """sum over columns c of curve_c(x_c) + sum over pairs (a, b) of weight * x_a * x_b.

    knots: float32 [c, KNOTS], rising; heights: float32 [c, KNOTS], the curves at the knots, straight in between. What
    lies beyond the knots of its column counts as the nearest: nothing is foretold of what was never seen.
    crosses: int32 [pairs, 2], columns; weights: float32 [pairs].
    """

    knots: Floats
    heights: Floats
    crosses: Ints
    weights: Floats

    def score(self, table: Table) -> Floats:
        evidence = table.numbers
        total = np.zeros(len(evidence))
        evidence = np.clip(evidence, self.knots[:, 0], self.knots[:, -1])
        for column, (knots, heights) in enumerate(zip(self.knots, self.heights, strict=True)):
            total += np.interp(evidence[:, column], knots, heights)
        for (a, b), weight in zip(self.crosses, self.weights, strict=True):
            total += weight * (evidence[:, a] * evidence[:, b])
        return floats(total)


@dataclass(frozen=True)
class AdditiveRanker(Settings):
    """A curve over each number, and products of what the sources say with what is known of the customer.

    With hardly any data it stays at its prior: every source's surprise counts alike. It does not read categories.
    roughness: penalty on squared steps of the curves and on squared weights, beside a few nats for each customer;
    negatives: unwanted candidates of each list that it looks at, 0 for all.
    """

    roughness: float = setting(2.0, low=0.01, high=1_000.0, log=True)
    negatives: int = setting(50, low=0, high=1_000)

    def learn(self, lists: Lists, run: Run) -> Additive:
        if self.negatives:
            lists = lists.fewer(self.negatives, run.random())
        n, columns = lists.sources, lists.table.numbers.shape[1]
        slopes = np.zeros(columns, dtype=np.float32)
        slopes[:n] = 1 / max(1, n)
        return learn_additive(lists, crosses(n), slopes, self.roughness)


def crosses(sources: int) -> Ints:
    """What is multiplied: score and place by each source with the events of the history and with those of the item."""
    events, times = (2 * sources + FACTS.index(name) for name in ("events", "times"))
    pairs = [(column, fact) for column in range(2 * sources) for fact in (events, times)]
    return np.array(pairs, dtype=np.int32).reshape(-1, 2)


def learn_additive(lists: Lists, crosses: Ints, slopes: Floats, roughness: float) -> Additive:
    """The ranker under which what was wanted is most likely chosen: listwise softmax (Cao et al., ICML 2007), ridged.

    slopes: [c], the straight lines that the curves are where the log is too short to tell.
    """
    from scipy.optimize import minimize

    evidence, starts = lists.table.numbers, lists.starts
    knots = knots_of(evidence, KNOTS)
    straight = knots * slopes[:, np.newaxis]
    products = evidence[:, crosses[:, 0]] * evidence[:, crosses[:, 1]]
    spread = np.maximum(products.std(axis=0), 1e-6)
    design = _design(evidence, knots, products / spread)
    shape, curves = knots.shape, knots.size
    target, rough = _shares(starts, lists.wanted), roughness / (len(starts) - 1)
    begin = design[:, :curves] @ straight.ravel()

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        chances, value = _softmax(begin + design @ parameters, starts, target)
        steps = np.diff(parameters[:curves].reshape(shape), axis=1)
        slope = np.zeros(shape)
        slope[:, 1:] += steps
        slope[:, :-1] -= steps
        pull = np.concatenate([slope.ravel(), parameters[curves:]])
        gradient = design.T @ (chances - target) / (len(starts) - 1) + 2 * rough * pull
        return value + rough * float((steps**2).sum() + (parameters[curves:] ** 2).sum()), gradient

    found = minimize(loss, np.zeros(design.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": PASSES})
    heights = straight + found.x[:curves].reshape(shape)
    return Additive(floats(knots), floats(heights), crosses, floats(found.x[curves:] / spread))


def knots_of(evidence: Floats, n: int) -> np.ndarray:
    """Where curves may bend: n quantiles of each column, moved apart where they coincide; float64 [c, n]."""
    low, high = evidence.min(axis=0), evidence.max(axis=0)
    even = np.linspace(low, high + 1e-3, n)
    mixed = 0.5 * even + 0.5 * np.quantile(evidence, np.linspace(0, 1, n), axis=0)
    return np.asarray(mixed.T, dtype=np.float64)


def _design(evidence: Floats, knots: np.ndarray, products: np.ndarray) -> "csr_array":
    """The matrix that turns heights and weights into scores: two neighbors of each number, then the products."""
    from scipy.sparse import csr_array

    n, c = evidence.shape
    k = knots.shape[1]
    columns, values = np.empty((n, 2 * c), dtype=np.int32), np.empty((n, 2 * c))
    for column in range(c):
        x, line = evidence[:, column].astype(np.float64), knots[column]
        left = np.clip(np.searchsorted(line, x, side="right") - 1, 0, k - 2)
        part = np.clip((x - line[left]) / (line[left + 1] - line[left]), 0, 1)
        columns[:, 2 * column], columns[:, 2 * column + 1] = column * k + left, column * k + left + 1
        values[:, 2 * column], values[:, 2 * column + 1] = 1 - part, part
    further = np.broadcast_to(c * k + np.arange(products.shape[1], dtype=np.int32), products.shape)
    columns, values = np.concatenate([columns, further], axis=1), np.concatenate([values, products], axis=1)
    starts = np.arange(n + 1, dtype=np.int64) * columns.shape[1]
    return csr_array((values.ravel(), columns.ravel(), starts), shape=(n, c * k + products.shape[1]))


def _shares(starts: Longs, wanted: Bools) -> np.ndarray:
    """1 / (wanted items of the query) where wanted, else 0; float64 [p]."""
    counts = np.add.reduceat(wanted.astype(np.float64), starts[:-1])
    return np.where(wanted, 1 / np.repeat(counts, np.diff(starts)), 0.0)


def _softmax(scores: np.ndarray, starts: Longs, target: np.ndarray) -> tuple[np.ndarray, float]:
    """The chance of each pair within its query, and the mean surprise of the target in nats."""
    lengths = np.diff(starts)
    shifted = scores - np.repeat(np.maximum.reduceat(scores, starts[:-1]), lengths)
    sums = np.repeat(np.add.reduceat(np.exp(shifted), starts[:-1]), lengths)
    logs = shifted - np.log(sums)
    return np.exp(logs), -float(target @ logs) / len(lengths)
