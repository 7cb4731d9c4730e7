"""Perceived color: sRGB in a space where equal distances look equally different, and colors as a few shades."""

from functools import cache
from typing import Final

import numpy as np

from regulars.core import Floats, Ints, floats

from .pictures import Pixels

SPACING: Final = 11.0  # between two shades; some five just noticeable differences
FEW: Final = 32  # codes: a shade that is nearest to fewer is left to its neighbors
SOFTNESS: Final = 5.5  # how far a color counts for the shades around it


def codes_of(pixels: Pixels) -> Ints:
    """Each color by the five highest bits of its red, green and blue; int32 [h, w] in [0, 32768)."""
    high = (pixels >> 3).astype(np.int32)
    codes: Ints = (high[..., 0] << 10) | (high[..., 1] << 5) | high[..., 2]
    return codes


def shares_of(codes: Ints, weights: Floats) -> Floats:
    """How much of a picture is of each shade; float32 [n_shades], summing up to 1. codes, weights: [h, w]."""
    found = np.bincount(codes.ravel(), weights=weights.ravel())
    there = np.flatnonzero(found)
    shares = floats(found[there]) @ shades()[there]
    return floats(shares / shares.sum())


@cache
def perceived() -> Floats:
    """Lightness, redness and yellowness of every code; float32 [32768, 3]: DIN99 of the middle of its colors.

    DIN 6176: CIELAB whose dark and dull colors are drawn apart, as eyes do: navy is far from black.
    """
    codes = np.arange(32768)
    rgb = np.stack([codes >> 10, codes >> 5 & 31, codes & 31], axis=1) / 31.0
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    xyz = linear @ matrix.T / matrix.sum(axis=1)
    root = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    light, a, b = 116 * root[:, 1] - 16, 500 * (root[:, 0] - root[:, 1]), 200 * (root[:, 1] - root[:, 2])
    turn = np.deg2rad(16.0)
    red = np.cos(turn) * a + np.sin(turn) * b
    yellow = 0.7 * (np.cos(turn) * b - np.sin(turn) * a)
    chroma = np.hypot(red, yellow)
    dull = np.divide(np.log1p(0.045 * chroma) / 0.045, chroma, out=np.ones_like(chroma), where=chroma > 1e-9)
    return floats(np.stack([105.51 * np.log1p(0.0158 * light), dull * red, dull * yellow], axis=1))


@cache
def shades() -> Floats:
    """How much each code is of each shade; float32 [32768, n_shades], rows sum up to 1.

    The shades are the points of a lattice around the grays that some color is nearest to.
    """
    colors = perceived()
    nearest = np.rint((colors - (SPACING / 2, 0, 0)) / SPACING).astype(np.int64)
    lattice, often = np.unique(nearest, axis=0, return_counts=True)
    middles = floats(lattice[often >= FEW] * SPACING + (SPACING / 2, 0, 0))
    away = (colors**2).sum(axis=1, keepdims=True) - 2 * colors @ middles.T + (middles**2).sum(axis=1)
    weights = np.exp((away.min(axis=1, keepdims=True) - away) / (2 * SOFTNESS**2))
    return floats(weights / weights.sum(axis=1, keepdims=True))
