"""Vectors made ready for the search of large inner products: by falling norm, and as bytes with bounds of the error."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from . import tiles
from .answers import Floats, Ints

Bytes = NDArray[np.int8]
Doubles = NDArray[np.float64]

TILE = 256  # items looked at together, with one bound and one scale: at 256 factors 64 KiB of bytes


class Catalog(NamedTuple):
    """Items by falling norm. Those with a NaN or an infinity are left out: nobody can tell their scores."""

    vectors: Floats  # [n_items, d] in their own order
    order: Ints  # [m] items by falling norm
    norms: Doubles  # [m]
    places: Ints  # [n_items] where an item stands in the order, -1 where it does not


class Coded(NamedTuple):
    """Vectors as bytes, vector = scale * bytes + residual; queries one by one, items by tile."""

    codes: Bytes  # queries: [n, d]; items: as `tiles.packed`
    scales: Doubles
    norms: Doubles  # of a vector, or the largest of a tile; NaN for what is not finite
    residuals: Doubles  # norm of the residual, or the largest of a tile


def catalog(vectors: Floats) -> Catalog:
    """The items [m, d] by falling norm; equal norms by index."""
    norms = norms_of(vectors)
    sound = np.flatnonzero(np.isfinite(norms))
    order = sound[np.argsort(-norms[sound], kind="stable")].astype(np.int32)
    places = np.full(len(vectors), -1, dtype=np.int32)
    places[order] = np.arange(len(order))
    return Catalog(vectors, order, norms[order], places)


def coded_items(items: Catalog) -> Coded:
    """The items as bytes, with one scale for each tile."""
    codes, scales, residuals = codes_of(items.vectors, items.order, TILE)
    return Coded(tiles.packed(codes), scales, items.norms[::TILE].copy(), residuals)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def norms_of(vectors: Floats) -> Doubles:
    """The length of each vector; float64 [n]."""
    norms = np.empty(len(vectors))
    for row in range(len(vectors)):
        total = 0.0
        for value in vectors[row]:
            total += np.float64(value) * np.float64(value)
        norms[row] = np.sqrt(total)
    return norms


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def codes_of(vectors: Floats, rows: Ints, size: int) -> tuple[Bytes, Doubles, Doubles]:
    """Bytes of the chosen rows, -1 for a row of zeros; one scale and one largest residual for each `size` of them."""
    d = vectors.shape[1]
    groups = -(-len(rows) // size)
    codes = np.zeros((groups * size, -(-d // tiles.WIDTH) * tiles.WIDTH), dtype=np.int8)
    scales = np.ones(groups)
    residuals = np.zeros(groups)
    for group in range(groups):
        members = rows[group * size : (group + 1) * size]
        largest = 0.0
        for row in members:
            if row >= 0:
                largest = max(largest, np.abs(vectors[row]).max())
        if largest == 0.0:
            continue
        scale = largest / 127.0
        scales[group] = scale
        for at in range(len(members)):
            left = 0.0
            if members[at] < 0:
                continue
            for column in range(d):
                value = np.float64(vectors[members[at], column])
                code = np.rint(value / scale)
                codes[group * size + at, column] = np.int8(code)
                left += (value - scale * code) ** 2
            residuals[group] = max(residuals[group], np.sqrt(left))
    return codes, scales, residuals
