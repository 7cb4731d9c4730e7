"""Responses: how the demand of each series answers to its drivers, leaning on what all series of its product show."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from regulars.core import Ints, floats

from .arrays import Numbers


@dataclass(frozen=True)
class Memory:
    """How fast the past fades, and how much a series leans on its group.

    half_life: steps after which an observation counts half for the response; level: the same for the level, which
    follows faster. lean: observations that the response of the group is worth.
    """

    half_life: float
    level: float
    lean: float


@dataclass(frozen=True)
class Responses:
    """What was learned until one origin: level [n] (of log units less what the drivers explain), effects [n, c]."""

    level: Numbers
    effects: Numbers

    def expected(self, drivers: Numbers) -> Numbers:
        """log(1 + units) at these drivers; [n, h, c] -> float32 [n, h], NaN for a series that was never observed."""
        return floats(self.level[:, None] + np.einsum("nhc,nc->nh", drivers, self.effects))


def responses(
    z: Numbers, drivers: Numbers, groups: Ints, memory: Memory, origins: Ints
) -> Iterator[tuple[int, Responses]]:
    """The responses as known after each of the rising `origins` (steps), from one pass over the steps.

    z: log(1 + units), float32 [n, n_steps], NaN where not observed. Ridge regression of each series around the
    response of its group (a within estimator: every series has a level of its own), on decayed moments.
    """
    n, _, c = drivers.shape
    slow, fast = 0.5 ** (1 / memory.half_life), 0.5 ** (1 / memory.level)
    moments = np.zeros((n, c + 1, c + 2))  # of (1, x) with (1, x, z)
    recent = np.zeros((n, c + 2))
    wanted = set(origins.tolist())
    for step in range(int(origins.max(initial=0))):
        told = ~np.isnan(z[:, step])
        row = np.empty((n, c + 2))
        row[:, 0], row[:, 1:-1], row[:, -1] = 1, drivers[:, step], np.where(told, z[:, step], 0)
        row *= told[:, None]
        moments = slow * moments + row[:, :-1, None] * row[:, None, :]
        recent = fast * recent + row
        if step + 1 in wanted:
            yield step + 1, _solved(moments, recent, groups, memory.lean)


def _solved(moments: Numbers, recent: Numbers, groups: Ints, lean: float) -> Responses:
    weight = np.maximum(moments[:, 0, 0], 1e-9)
    means = moments[:, 0, 1:] / weight[:, None]  # of x and z
    centered = moments[:, 1:, 1:] - moments[:, 1:, :1] * means[:, None, :]
    pooled = np.zeros((int(groups.max()) + 1, *centered.shape[1:]))
    np.add.at(pooled, groups, centered)
    eye = np.eye(centered.shape[1])
    common = np.linalg.solve(pooled[..., :-1] + lean * eye, pooled[..., -1:])[groups]
    effects = np.linalg.solve(centered[..., :-1] + lean * eye, centered[..., -1:] + lean * common)[..., 0]
    seen = recent[:, 0] > 0
    latest = recent[:, 1:] / np.where(seen, recent[:, 0], np.nan)[:, None]
    return Responses(latest[:, -1] - np.einsum("nc,nc->n", latest[:, :-1], effects), effects)
