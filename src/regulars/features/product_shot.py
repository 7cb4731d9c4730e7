"""Product shots: what of a picture is the product, and what the plain background that shops put behind it."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from regulars.core import Bools, Floats, floats

PLAIN: Final = 0.55  # of the border: less in one color, and there is no plain background
ALIKE: Final = 6.0  # how far apart colors of one background may look: light falls off, cloth has folds
LEAST: Final = 0.005  # of the picture: less that differs from the background is dust
HOLES: Final = 0.15  # the part that background-colored places within the outline count: white soles, not necklaces


@dataclass(frozen=True)
class Product:
    """Where the product is.

    weights: float32 [h, w] in [0, 1]; outline: float32 [h, w], the same with its holes filled; box: left, top, right
    and bottom, the right and the lower one beyond; plain: whether a background was found.
    """

    weights: Floats
    outline: Floats
    box: tuple[int, int, int, int]
    plain: bool

    @classmethod
    def of(cls, colors: Floats) -> "Product":
        """Tells it from the border of the picture; colors: float32 [h, w, 3], perceived."""
        height, width = colors.shape[:2]
        everything = np.ones((height, width), dtype=np.float32)
        whole = cls(everything, everything, (0, 0, width, height), False)
        border = np.concatenate([colors[0], colors[-1], colors[:, 0], colors[:, -1]])
        background = np.median(border, axis=0)
        away = _distances(border, background)
        close = away < ALIKE
        if close.mean() < PLAIN:
            return whole
        unlike = 2.0 + 2.0 * float(np.median(away[close]))
        weights = np.clip((_distances(colors, background) - unlike) / 4.0, 0, 1)
        found = weights > 0.5
        if found.mean() < LEAST:
            return whole
        outline = np.maximum(weights, _enclosed(found))
        return cls(floats(np.maximum(weights, HOLES * outline)), floats(outline), _box(found), True)


def _distances(colors: Floats, background: Floats) -> Floats:
    apart = colors - background
    return floats(np.sqrt(np.einsum("...c,...c->...", apart, apart)))


def _enclosed(found: Bools) -> Bools:
    """The places with something found to the left, to the right, above and below."""
    left = np.maximum.accumulate(found, axis=1)
    right = np.maximum.accumulate(found[:, ::-1], axis=1)[:, ::-1]
    above = np.maximum.accumulate(found, axis=0)
    below = np.maximum.accumulate(found[::-1], axis=0)[::-1]
    enclosed: Bools = left & right & above & below
    return enclosed


def _box(found: Bools) -> tuple[int, int, int, int]:
    """The smallest box around all rows and columns with more than a speck."""
    height, width = found.shape
    rows = np.flatnonzero(found.sum(axis=1) > 0.01 * width)
    columns = np.flatnonzero(found.sum(axis=0) > 0.01 * height)
    if not len(rows) or not len(columns):
        return 0, 0, width, height
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
