"""Scores of sources that share no scale, each in a band of its own."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from .answers import Floats


@njit(cache=True, nogil=True)
def in_band(scores: Floats, band: int) -> Floats:
    """1/2 + l / (2 (1 + |l|)) - band, where l = log(1 + |x|) with the sign of x; float32 [n], NaN where x is."""
    out = np.empty_like(scores)
    for at in range(len(scores)):
        log = math.copysign(math.log1p(abs(np.float64(scores[at]))), scores[at])
        out[at] = 0.5 + log / (2 * (1 + abs(log))) - band
    return out
