"""Symmetric positive systems of equations, small enough for loops: these compile in a third of the time that a call of
LAPACK takes to compile, and run as fast."""

from __future__ import annotations

import numpy as np
from numba import njit

from .vectors import Doubles

LOOSE = {"reassoc", "contract", "nsz"}


@njit(cache=True, nogil=True, fastmath=LOOSE, error_model="numpy")
def factor(system: Doubles) -> None:
    """L with L L' = system, in place; only the lower half is read and written."""
    for a in range(len(system)):
        for b in range(a + 1):
            total = system[a, b]
            for f in range(b):
                total -= system[a, f] * system[b, f]
            system[a, b] = np.sqrt(total) if a == b else total / system[b, b]


@njit(cache=True, nogil=True, fastmath=LOOSE, error_model="numpy")
def solve_many(lower: Doubles, sides: Doubles) -> None:
    """Solves L L' X = sides, in place; sides: [n, k], k right sides beside each other."""
    n, k = sides.shape
    for a in range(n):
        for b in range(a):
            for side in range(k):
                sides[a, side] -= lower[a, b] * sides[b, side]
        for side in range(k):
            sides[a, side] /= lower[a, a]
    for a in range(n - 1, -1, -1):
        for side in range(k):
            sides[a, side] /= lower[a, a]
        for b in range(a):
            for side in range(k):
                sides[b, side] -= lower[a, b] * sides[a, side]
