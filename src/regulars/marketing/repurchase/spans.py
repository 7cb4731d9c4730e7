"""Spans: how sure the figures over all pairs are, by drawing customers again and again."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from regulars.core import Bools, Floats, Ints, Longs

from .calibration import Doubles

RESAMPLES = 200
_NEAREST = 1e-6


@dataclass(frozen=True)
class Drawn:
    """Log loss and average precision over all pairs, of as many shops of customers drawn anew; float64 [resamples].

    Two models drawn with one seed see the same shops, so that their difference can be taken one by one.
    """

    figures: Mapping[str, Doubles]

    @classmethod
    def of(cls, row: Ints, said: Floats, happened: Bools, *, seed: int = 0, resamples: int = RESAMPLES) -> "Drawn":
        """From the customer of each pair, what was said of it, and whether it happened; all [n]."""
        m = int(row.max(initial=-1)) + 1
        random = np.random.default_rng(seed)
        chances = np.clip(said.astype(np.float64), _NEAREST, 1 - _NEAREST)
        loss = np.bincount(row, -np.where(happened, np.log(chances), np.log1p(-chances)), m)
        pairs = np.bincount(row, minlength=m)
        ranked = _Ranked.of(row, said, happened)
        drawn = np.full((2, resamples), np.nan)
        for place in range(resamples if m else 0):
            times = np.bincount(random.integers(0, m, m), minlength=m).astype(np.int64)
            drawn[0, place] = (times @ loss) / max(float(times @ pairs), 1.0)
            drawn[1, place] = ranked.average_precision(times)
        return cls({"log loss": drawn[0], "average precision": drawn[1]})

    def interval(self, figure: str) -> tuple[float, float]:
        """95 % of the shops; NaN where none has the figure."""
        drawn = self.figures[figure]
        known = drawn[~np.isnan(drawn)]
        low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
        return float(low), float(high)

    def p(self, figure: str, difference: float, other: "Drawn") -> float:
        """Two-sided p value of no difference to another model drawn with the same seed, as if it were normal."""
        apart = self.figures[figure] - other.figures[figure]
        known = apart[~np.isnan(apart)]
        error = float(known.std(ddof=1)) if len(known) > 1 else 0.0
        return math.erfc(abs(difference) / error / math.sqrt(2)) if error else float(difference == 0)


@dataclass(frozen=True)
class _Ranked:
    """Pairs in the order of what was said. row: int32 [n]; found: places of those that happened; reach: the last place
    with the same chance, and how many of `found` are not behind it.
    """

    row: Ints
    found: Ints
    reach: Ints
    hits: Ints

    @classmethod
    def of(cls, row: Ints, said: Floats, happened: Bools) -> "_Ranked":
        order = np.argsort(-said, kind="stable")
        ends = np.flatnonzero(np.append(np.diff(said[order]) != 0, True)) if len(said) else np.zeros(0, dtype=np.int64)
        found = np.flatnonzero(happened[order])
        reach = ends[np.searchsorted(ends, found)] if len(ends) else found
        hits = np.searchsorted(found, reach, side="right") - 1
        return cls(row[order], *(part.astype(np.int32) for part in (found, reach, hits)))

    def average_precision(self, times: Longs) -> float:
        """Where the customer of each row counts as often as `times` says, int [m]."""
        weight = times[self.row]
        if not len(self.found) or not (weights := weight[self.found]).any():
            return float("nan")
        places, hits = np.cumsum(weight), np.cumsum(weights)
        return float((weights * (hits[self.hits] / np.maximum(places[self.reach], 1))).sum() / hits[-1])
