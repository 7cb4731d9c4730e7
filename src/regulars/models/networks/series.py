"""Series: what a network is told of each step of many series side by side; no step is told of what came after it."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

from regulars.core import Floats, Frame, Longs, floats

SEASONS: Final = 3  # times that the same weekday (or week of the year) is looked up
SPREAD: Final = 5.0  # standard deviations beyond which what is known is cut


@dataclass(frozen=True)
class Series:
    """n series on one calendar.

    units: float32 [n, n_steps], NaN where not observed; known: float32 [n, n_steps + ahead or more, c], what is known
    before; NaN where it is not. static: attributes, a row for each series, or a frame without rows.
    """

    units: Floats
    known: Floats
    static: Frame = field(default_factory=pl.DataFrame)

    @property
    def n_steps(self) -> int:
        """Steps of the past."""
        steps: int = self.units.shape[1]
        return steps

    def __len__(self) -> int:
        return len(self.units)


@dataclass(frozen=True)
class SeriesReader:
    """How series are told to a network, learned from those of the fit.

    season: steps after which the pattern returns, 0 for none. level, spread: of the logarithms of all units; centers,
    scales: float32 [c], of what is known.
    """

    half_life: float
    season: int
    level: float
    spread: float
    centers: Floats
    scales: Floats

    @classmethod
    def learn(cls, series: Series, *, half_life: float, season: int) -> "SeriesReader":
        logs = np.log1p(np.maximum(series.units, 0))
        seen = logs[~np.isnan(logs)]
        level, spread = (float(seen.mean()), float(seen.std())) if len(seen) else (0.0, 1.0)
        known = series.known[:, : series.n_steps].reshape(-1, series.known.shape[2])
        there = ~np.isnan(known)
        counts = np.maximum(there.sum(0), 1)
        centers = np.where(there, known, 0).sum(0, dtype=np.float64) / counts
        scales = np.sqrt(np.where(there, (known - centers) ** 2, 0).sum(0, dtype=np.float64) / counts)
        return cls(half_life, season, level, spread or 1.0, floats(centers), floats(np.where(scales > 1e-6, scales, 1)))

    def read(self, series: Series) -> "Read":
        """These series as they are told."""
        logs = np.log1p(np.maximum(series.units, 0))
        known = (series.known - self.centers) / self.scales
        usual = _running(known[:, : series.n_steps], self.half_life)  # what the price has been until now
        return Read(
            self,
            logs,
            np.where(np.isnan(level := _running(logs[:, :, None], self.half_life)[:, :, 0]), self.level, level),
            np.clip(np.nan_to_num(known), -SPREAD, SPREAD),
            np.nan_to_num(usual),
        )

    @property
    def past(self) -> int:
        """Numbers that tell a step that was."""
        return 3 + 2 * len(self.centers)

    @property
    def ahead(self) -> int:
        """Numbers that tell a step to come."""
        return 2 * len(self.centers) + (2 if self.season else 0)


@dataclass(frozen=True)
class Read:
    """Series as a network is told of them.

    logs: float32 [n, n_steps], log(1 + units), NaN where not observed; levels: float32 [n, n_steps], their mean until
    each step, newer ones counting more; known: float32 [n, n_steps + ahead, c]; usual: float32 [n, n_steps, c], its
    mean until each step.
    """

    reader: SeriesReader
    logs: Floats
    levels: Floats
    known: Floats
    usual: Floats

    def past(self, rows: Longs, steps: Longs) -> Floats:
        """What is told of these steps of these series; float32 [len(rows), reader.past]."""
        logs, levels = self.logs[rows, steps], self.levels[rows, steps]
        known = self.known[rows, steps]
        parts = (
            np.nan_to_num(logs - levels)[:, None],
            ~np.isnan(logs)[:, None],
            (levels - self.reader.level)[:, None] / self.reader.spread,
            known,
            known - self.usual[rows, steps],
        )
        return np.concatenate(parts, axis=1, dtype=np.float32)

    def ahead(self, rows: Longs, steps: Longs, horizon: int) -> Floats:
        """What is told at these steps of each of the `horizon` coming ones; float32 [len(rows), horizon, ahead]."""
        coming = np.minimum(steps[:, None] + 1 + np.arange(horizon), self.known.shape[1] - 1)
        known = self.known[rows[:, None], coming]
        parts = [known, known - self.usual[rows, steps][:, None]]
        if self.reader.season:
            parts.append(self._same_season(rows, steps, horizon))
        return np.concatenate(parts, axis=2, dtype=np.float32)

    def _same_season(self, rows: Longs, steps: Longs, horizon: int) -> Floats:
        """The mean of the last times of each coming step's season until `steps`, and how many of them were observed."""
        season, coming = self.reader.season, np.arange(1, horizon + 1)
        back = -(-coming // season) * season  # so many steps before the coming one, it is known
        before = (coming - back)[:, None] - season * np.arange(SEASONS)  # [horizon, SEASONS], at most 0
        places = steps[:, None, None] + before
        logs = self.logs[rows[:, None, None], np.maximum(places, 0)]
        there = (places >= 0) & ~np.isnan(logs)
        counts = there.sum(2)
        means = np.where(there, logs, 0).sum(2) / np.maximum(counts, 1)
        told = np.where(counts > 0, means - self.levels[rows, steps][:, None], 0)
        return np.stack([told, counts / SEASONS], axis=2)


def _running(values: Floats, half_life: float) -> Floats:
    """The mean until each step, newer values counting more; NaN before the first; values: [n, n_steps, c]."""
    kept = 0.5 ** (1 / half_life)
    there = ~np.isnan(values)
    filled = np.where(there, values, 0)
    sums, weights = np.zeros((2, len(values), values.shape[2]))
    means = np.full(values.shape, np.nan, dtype=np.float32)
    for step in range(values.shape[1]):
        sums, weights = kept * sums + filled[:, step], kept * weights + there[:, step]
        np.divide(sums, weights, out=means[:, step], where=weights > 0, casting="same_kind")
    return means
