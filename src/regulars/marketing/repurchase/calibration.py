"""Calibrated: what is said to happen in 3 of 10 cases does, as the newest weeks of the log show."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from regulars.core import DAY, QUIET, Bools, Dataset, Floats, Ints, Longs, Run, Settings, floats, longs, setting
from regulars.core.errors import EmptyData

from .frequency import Frequency
from .method import HORIZONS, RepurchaseMethod, RepurchaseModel
from .pairs import Pairs
from .reading import bought_within, last_moment, pairs_of

Doubles = npt.NDArray[np.float64]

WINDOW_WEEKS = max(HORIZONS)
_NEAREST = 1e-6  # that a probability comes to 0 or 1
_LEAST = 200  # pairs of a step of an isotonic curve, so that its ends are no accident


@dataclass(frozen=True)
class Curve:
    """From what a model says to what happens, straight between the points; float64 [points] each, rising."""

    said: Doubles
    happens: Doubles

    def __call__(self, said: Floats | Doubles) -> Doubles:
        return np.asarray(np.interp(said, self.said, self.happens), dtype=np.float64)


def isotonic(said: Floats, happened: Bools) -> Curve:
    """The rising step function nearest to what happened (Zadrozny, Elkan, KDD 2002), straight between its steps.

    Steps of fewer than 200 cases join the next. Beyond the outer steps it goes halfway to 0 and to 1, so that the order
    of what was said stays.
    """
    from scipy.optimize import isotonic_regression

    order = np.argsort(said, kind="stable")
    x, y = said[order].astype(np.float64), happened[order].astype(np.float64)
    fitted = isotonic_regression(y).x
    starts = _long_enough(np.flatnonzero(np.diff(fitted, prepend=-1.0) > 0), len(x))
    sizes = np.diff(np.append(starts, len(x)))
    centers, shares = np.add.reduceat(x, starts) / sizes, (np.add.reduceat(y, starts) + 0.5) / (sizes + 1)
    shares = np.maximum.accumulate(shares)
    apart = (np.diff(centers, prepend=0.0) > 0) & (centers < 1)
    told, happens = centers[apart], shares[apart]
    low, high = shares[0] / 2, (1 + shares[-1]) / 2
    return Curve(np.concatenate([[0.0], told, [1.0]]), np.concatenate([[low], happens, [high]]))


def platt(said: Floats, happened: Bools) -> Curve:
    """A logistic curve of the log odds of what was said (Platt 1999; two numbers, for few cases), at 201 points."""
    x, y = _log_odds(said.astype(np.float64)), happened.astype(np.float64)
    columns = np.column_stack([np.ones(len(x)), x])
    weights = np.array([0.0, 1.0])
    for _ in range(25):
        chances = 1 / (1 + np.exp(-np.clip(columns @ weights, -30, 30)))
        bend = (columns * (chances * (1 - chances))[:, None]).T @ columns + 1e-6 * np.eye(2)
        weights = weights - np.linalg.solve(bend, columns.T @ (chances - y) + 1e-6 * (weights - [0.0, 1.0]))
    points = 1 / (1 + np.exp(-np.linspace(-13.8, 13.8, 201)))
    rising = weights[0] + max(weights[1], 0.0) * _log_odds(points)
    return Curve(points, 1 / (1 + np.exp(-rising)))


KINDS = {"isotonic": isotonic, "platt": platt}


@dataclass(frozen=True)
class Calibration:
    """A curve for each of several horizons (weeks); between and beyond them what the nearest say."""

    horizons: Ints
    curves: tuple[Curve, ...]

    @classmethod
    def learned(cls, said: Floats, happened: Bools, kind: str, horizons: Sequence[int] = HORIZONS) -> "Calibration":
        """From probabilities and what happened, both [n, horizons]; pairs of NaN are left out."""
        known = ~np.isnan(said).any(axis=1)
        curves = [KINDS[kind](said[known, place], happened[known, place]) for place in range(len(horizons))]
        return cls(np.array(horizons, dtype=np.int32), tuple(curves))

    def __call__(self, said: Floats, horizons: Sequence[int]) -> Floats:
        """Calibrated probabilities; float32 [n, horizons], rising with the horizon."""
        told = np.empty_like(said)
        for column, weeks in enumerate(horizons):
            place = np.clip(np.interp(weeks, self.horizons, np.arange(len(self.horizons))), 0, len(self.curves) - 1)
            low, part = int(place), float(place - int(place))
            high = min(low + 1, len(self.curves) - 1)
            values = said[:, column]
            told[:, column] = (1 - part) * self.curves[low](values) + (part * self.curves[high](values) if part else 0)
        return rising(told, horizons)


@dataclass(frozen=True)
class CalibratedModel:
    """A model, and what its probabilities turn out to mean."""

    model: RepurchaseModel
    calibration: Calibration

    def probabilities(self, pairs: Pairs, horizons: Sequence[int] = HORIZONS) -> Floats:
        return self.calibration(self.model.probabilities(pairs, horizons), horizons)


@dataclass(frozen=True)
class Calibrated(Settings):
    """A method whose probabilities are put right by the newest 4 weeks, which it has not seen.

    The method is fitted on what was before, its curves are learned from the 4 weeks, then it is fitted on everything.
    """

    of: RepurchaseMethod = field(default_factory=Frequency)
    kind: str = setting("isotonic", choices=tuple(KINDS))

    def fit(self, data: Dataset, run: Run = QUIET) -> CalibratedModel:
        """Raises EmptyData when the log is shorter than 8 weeks."""
        moment = moments(data, 1)[0]
        pairs = pairs_of(data, moment)
        said = self.of.fit(data.before(moment), run).probabilities(pairs)
        calibration = Calibration.learned(said, bought_within(data, pairs, HORIZONS), self.kind)
        return CalibratedModel(self.of.fit(data, run), calibration)


def moments(data: Dataset, n: int) -> list[int]:
    """n moments, the newest first, each 4 weeks before the next; after the newest come the last 4 weeks of the log.

    Raises EmptyData when there are not as many weeks before the oldest as after it.
    """
    end = last_moment(data)
    found = [end - (place + 1) * WINDOW_WEEKS * 7 * DAY for place in range(n)]
    begin = int(data.time.min())
    if end - found[-1] > found[-1] - begin or not ((data.time < found[-1]) & (data.weight > 0)).any():
        raise EmptyData(
            f"the log covers {(end - begin) / DAY:.0f} days; to learn what is bought again within {WINDOW_WEEKS} weeks "
            f"takes {2 * n * WINDOW_WEEKS * 7} days or more"
        )
    return found


def rising(probabilities: Floats, horizons: Sequence[int]) -> Floats:
    """No less likely within a longer time; float32 [n, horizons]."""
    order = np.argsort(horizons, kind="stable")
    sorted_ = np.maximum.accumulate(probabilities[:, order], axis=1)
    return floats(np.clip(sorted_[:, np.argsort(order, kind="stable")], _NEAREST, 1 - _NEAREST))


def _long_enough(starts: Longs, n: int) -> Longs:
    kept: list[int] = []
    for start in starts.tolist():
        if not kept or (start - kept[-1] >= _LEAST and n - start >= _LEAST):
            kept.append(start)
    return longs(kept)


def _log_odds(chances: Doubles) -> Doubles:
    kept = np.clip(chances, _NEAREST, 1 - _NEAREST)
    return np.asarray(np.log(kept) - np.log1p(-kept))
