"""Gradients: how a picture's lightness changes from place to place: local patterns, directions, and where."""

from functools import cache
from typing import Final

import numpy as np

from regulars.core import Bools, Floats, Ints, floats

from .pictures import Pixels

PATTERNS: Final = 59  # uniform patterns of eight neighbors, and all others as one
DIRECTIONS: Final = 9
STRENGTHS: Final = 6
_AROUND: Final = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))


@cache
def _uniform() -> Ints:
    """The number of each pattern of eight bits; those with more than two changes around are one; int32 [256]."""
    codes = np.arange(256)
    changes = np.array([bin(code ^ ((code << 1 | code >> 7) & 255)).count("1") for code in codes.tolist()])
    numbers = np.full(256, PATTERNS - 1, dtype=np.int32)
    numbers[changes <= 2] = np.arange((changes <= 2).sum())
    return numbers


def patterns(light: Pixels, inside: Bools, brighter: int) -> Floats:
    """How often each local binary pattern occurs (Ojala, Pietikäinen, Mäenpää, TPAMI 2002); float32 [PATTERNS].

    light: uint8 [h, w]; inside: bool [h - 2, w - 2], the places that count. brighter: by how much a neighbor must be.
    """
    height, width = inside.shape
    middle = light[1:-1, 1:-1].astype(np.int16) + brighter
    codes = np.zeros(inside.shape, dtype=np.uint8)
    for bit, (row, column) in enumerate(_AROUND):
        codes |= (light[row : row + height, column : column + width] > middle).view(np.uint8) << bit
    found = np.bincount(codes[inside], minlength=256)
    return floats(np.bincount(_uniform(), weights=found, minlength=PATTERNS))


def slopes(light: Pixels) -> tuple[Floats, Ints]:
    """Strength and direction of the change at each place but the border.

    light: uint8 [h, w]; strength: float32 [h - 2, w - 2]; direction: int32 in [0, DIRECTIONS), of lines, so that
    opposite ones are the same.
    """
    values = light.astype(np.float32)
    right = values[1:-1, 2:] - values[1:-1, :-2]
    down = values[2:, 1:-1] - values[:-2, 1:-1]
    turned = np.arctan2(down, right) * np.float32(DIRECTIONS / np.pi)
    direction = (turned + np.float32(DIRECTIONS + 0.5)).astype(np.int32) % DIRECTIONS
    return np.sqrt(right * right + down * down), direction


def textured(light: Pixels, inside: Bools) -> Floats:
    """How much change there is of each strength, and of each direction; float32 [STRENGTHS + DIRECTIONS].

    light: uint8 [h, w]; inside: bool [h - 2, w - 2], the places that count.
    """
    strength, direction = slopes(light)
    strength, direction = strength[inside], direction[inside]
    levels = np.minimum(np.log2(1 + strength / 4).astype(np.int32), STRENGTHS - 1)
    much = np.bincount(levels, minlength=STRENGTHS)
    ways = np.bincount(direction, weights=strength, minlength=DIRECTIONS)
    return floats(np.concatenate([much / max(much.sum(), 1), ways / max(ways.sum(), 1e-9)]))


def oriented(light: Pixels, cell: int) -> Floats:
    """Histograms of directions over a grid of cells (Dalal, Triggs, CVPR 2005); float32 [rows * columns * DIRECTIONS].

    light: uint8 [rows * cell + 2, columns * cell + 2]. Each cell is held against the strength around it.
    """
    strength, direction = slopes(light)
    rows, columns = strength.shape[0] // cell, strength.shape[1] // cell
    cells = np.arange(rows).repeat(cell)[:, np.newaxis] * columns + np.arange(columns).repeat(cell)
    size = rows * columns * DIRECTIONS
    found = np.bincount((cells * DIRECTIONS + direction).ravel(), weights=strength.ravel(), minlength=size)
    grid = found.reshape(rows, columns, DIRECTIONS)
    above, beside = (np.clip(np.arange(-1, n + 1), 0, n - 1) for n in (rows, columns))
    energy = (grid**2).sum(axis=2)[above][:, beside]
    around = sum(energy[row : row + rows, column : column + columns] for row in range(3) for column in range(3))
    held = np.minimum(grid / np.sqrt(around[..., np.newaxis] / 9 + (4.0 * cell) ** 2), 1.5)
    return floats(held.ravel())
