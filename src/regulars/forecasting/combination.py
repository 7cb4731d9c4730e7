"""Combination: several forecasters weighed by how well they did at earlier origins."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from regulars.core import QUIET, Run, floats
from regulars.core.errors import SettingError

from .accuracy import scales
from .arrays import Numbers, part
from .calibrated import WINDOWS
from .forecast import LEVELS, Forecast
from .forecaster import DemandModel, Forecaster
from .panel import Panel
from .rehearsal import Calibration, Rehearsal, rehearse

PARTS = 20  # weights are multiples of 1 / PARTS
PASSES = 4


@dataclass(frozen=True)
class Combined:
    """The members' models, the weight of each, and the errors of the whole at its rehearsal.

    counts: the point is a whole number.
    """

    models: tuple[DemandModel, ...]
    weights: tuple[float, ...]
    calibration: Calibration
    counts: bool

    @property
    def horizon(self) -> int:
        """How many steps."""
        return self.models[0].horizon

    def forecast(self, panel: Panel, levels: Sequence[float] = LEVELS) -> Forecast:
        """The weighted mean of what the members say; one that cannot tell leaves its weight to the others."""
        used = [(model, weight) for model, weight in zip(self.models, self.weights, strict=True) if weight > 0]
        told = [model.forecast(panel, ()) for model, _ in used]
        point = blended(np.stack([one.point for one in told]), np.array([weight for _, weight in used]))
        sure = self.calibration.apply(replace(told[0], point=point), panel, levels)
        return replace(sure, point=nearest(sure.point)) if self.counts else sure


@dataclass(frozen=True)
class Combination:
    """Weights at which the members' mean would have been best over the last `windows` horizons, by `aim`.

    aim: "median" (absolute error against the series' own changes; where nothing but whole units was ever sold, the
    answer is a whole number too, since their median is one), "percentage" or "mean" (squared error). Every member is
    fitted twice, and no window that is judged was seen by the fit that forecast it.
    """

    members: tuple[Forecaster, ...]
    aim: str = "median"
    windows: int = WINDOWS

    def __post_init__(self) -> None:
        if not self.members or self.aim not in ("mean", "median", "percentage"):
            raise SettingError(f"a combination of {len(self.members)} members cannot aim at {self.aim!r}")

    def fit(self, panel: Panel, horizon: int, run: Run = QUIET) -> Combined:
        """Rehearses every member, weighs them, then fits them on everything; members without weight are left out."""
        tries = [rehearse(member, panel, horizon, self.windows, run) for member in self.members]
        points = np.stack([one.point for one in tries])
        counts = self.aim == "median" and counted(panel.units)
        weights = weighed(points, tries[0].actual, _worth(tries[0], panel, self.aim), self.aim, counts=counts)
        told = Rehearsal(blended(points, weights), tries[0].actual, tries[0].spread)
        chosen = np.flatnonzero(weights)
        models = tuple(self.members[place].fit(panel, horizon, run) for place in chosen)
        return Combined(models, tuple(weights[chosen].tolist()), told.calibration(), counts)


def blended(points: Numbers, weights: Numbers) -> Numbers:
    """The weighted mean over the first axis, NaN only where no weighted member can tell."""
    by = np.where(np.isnan(points), 0, weights.reshape(-1, *[1] * (points.ndim - 1)))
    total = by.sum(axis=0)
    summed = (by * np.nan_to_num(points)).sum(axis=0)
    return floats(part(summed, total))


def counted(units: Numbers) -> bool:
    """Whether all units that were observed are whole numbers."""
    return bool((np.isnan(units) | (units == np.floor(units))).all())


def nearest(point: Numbers) -> Numbers:
    """The nearest whole number, halves up."""
    return np.floor(point + 0.5)


def weighed(points: Numbers, actual: Numbers, worth: Numbers, aim: str, *, counts: bool = False) -> Numbers:
    """The weights of least loss, multiples of 1 / PARTS: from equal ones by moving parts from member to member."""
    told = ~np.isnan(actual) & ~np.isnan(points).any(axis=0) & (worth > 0)
    said, wanted, worth = points[:, told], actual[told], worth[told]
    shares = np.full(len(points), PARTS // len(points))
    shares[0] += PARTS - shares.sum()

    def loss(tried: Numbers) -> float:
        mean = tried @ said / PARTS
        errors = np.abs((nearest(mean) if counts else mean) - wanted)
        return float(np.mean(worth * (errors**2 if aim == "mean" else errors), dtype=np.float64))

    best = loss(shares) if told.any() else 0.0
    for _ in range(PASSES * PARTS if told.any() else 0):
        tries = [(loss(moved), moved) for moved in _moves(shares)]
        least, moved = min(tries, key=lambda tried: tried[0], default=(best, shares))
        if least >= best:
            break
        best, shares = least, moved
    return shares / PARTS


def _moves(shares: Numbers) -> Iterator[Numbers]:
    for giver in np.flatnonzero(shares):
        for taker in range(len(shares)):
            for parts in {1, int(shares[giver])}:
                if taker != giver:
                    moved = shares.copy()
                    moved[giver] -= parts
                    moved[taker] += parts
                    yield moved


def _worth(rehearsal: Rehearsal, panel: Panel, aim: str) -> Numbers:
    """What an error of one unit counts in each cell."""
    if aim == "percentage":
        return np.where(rehearsal.actual > 0, 1 / np.maximum(rehearsal.actual, 1e-9), 0)
    scale = scales(panel, panel.n_steps)
    own = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
    return np.broadcast_to((own**2 if aim == "mean" else own)[None, :, None], rehearsal.actual.shape)
