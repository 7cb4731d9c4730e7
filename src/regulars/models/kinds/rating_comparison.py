"""Comparison: which deviations of ratings are compared, and how ratings in a history deviate from the expected."""

from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np

from regulars.core import Floats, Histories, Longs, floats
from regulars.kernels.correlation import Near

from .clipped import Scale

COMPARISONS = ("pearson_baseline", "pearson", "adjusted_cosine")


class Deviations(NamedTuple):
    """Of each history: mean + b_u, NaN without a rating, and its ratings as ragged rows."""

    expected: Floats
    residuals: Near  # by how much ratings differ from mean + b_u + b_i
    compared: Near  # the same rows, the values that similarities are made of


@final
@dataclass(frozen=True)
class Comparison:
    """What similarities of ratings are made of, always over what both sides have in common.

    rule: "pearson_baseline": the cosine of what baselines leave over (Koren, TKDD 2010, section 2.3); "pearson": the
    correlation of the ratings around their means over what is in common (Resnick et al., CSCW 1994);
    "adjusted_cosine": the cosine of ratings less their customer's mean (Sarwar et al., WWW 2001).
    """

    rule: str

    @property
    def centered(self) -> bool:
        """Whether values are freed of their means over what is in common."""
        return self.rule == "pearson"

    def values(self, starts: Longs, ratings: Floats, residuals: Floats) -> Floats:
        """What is compared of ratings in the rows of customers, given what baselines leave of them; float32."""
        if self.rule == "pearson_baseline":
            return residuals
        if self.rule == "pearson":
            return ratings
        counts = np.diff(starts)
        rows = np.repeat(np.arange(len(counts)), counts)
        means = np.bincount(rows, ratings, len(counts)) / np.maximum(counts, 1)
        return floats(ratings - means[rows])

    def of(self, scale: Scale, history: Histories, mean: float, damping: float, biases: Floats) -> Deviations:
        """How the ratings of histories deviate; b_u is solved with `damping`, b_i are `biases`, NaN for the unrated."""
        expected, residuals, ratings = deviations(scale, history, mean, damping, biases)
        starts, items, left = residuals
        return Deviations(expected, residuals, Near(starts, items, self.values(starts, floats(ratings - mean), left)))


def deviations(
    scale: Scale, history: Histories, mean: float, damping: float, biases: Floats
) -> tuple[Floats, Near, Floats]:
    """mean + b_u of each history, NaN without a rating; what each rating differs from the expected; and the ratings."""
    starts, items, ratings = scale.of(history, ~np.isnan(biases))
    counts = np.diff(starts)
    rows = np.repeat(np.arange(len(counts)), counts)
    left = ratings - mean - biases[items].astype(np.float64)
    bias = np.bincount(rows, left, len(counts)) / (damping + counts)
    expected = floats(np.where(counts > 0, mean + bias, np.nan))
    return expected, Near(starts, items, floats(left - bias[rows])), ratings
