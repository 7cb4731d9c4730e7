"""A map of vectors on a plane: whose neighbors point the same way lies close by (UMAP, by the extra `maps`)."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from regulars.core import Floats, Longs
from regulars.core.errors import MissingExtra

Doubles = npt.NDArray[np.float64]

NEIGHBORS = 15
_BLOCK = 1024  # rows of likenesses held at a time


def mapper() -> Any:
    """The class that lays out maps. Raises MissingExtra without the extra `maps`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ImportWarning)  # of TensorFlow, for a part of the package that is not used
            from umap import UMAP  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtra("umap-learn", "maps") from error
    return UMAP


def principal(vectors: Floats) -> Doubles:
    """The places of vectors [n, d] along their two main directions; [n, 2]."""
    centered = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, directions = np.linalg.eigh(np.cov(centered, rowvar=False))
    main = directions[:, :-3:-1]
    main *= np.sign(main[np.abs(main).argmax(axis=0), [0, 1]])  # a direction and its opposite are one: take one
    places: Doubles = centered @ main
    return places


def layout(directions: Floats, first: Doubles, *, seed: int = 0) -> Doubles:
    """Places [n, 2] of unit vectors [n, d], beginning at the places `first`; the same seed gives the same map.

    UMAP over the NEIGHBORS nearest by cosine (McInnes, Healy, Melville, arXiv 1802.03426). Raises MissingExtra.
    """
    k = min(NEIGHBORS, len(directions) - 1)
    if k < 2:
        return first
    noise = np.random.default_rng(seed).normal(0, 1e-4, first.shape)  # two in one place cannot part
    begin = (first - first.mean(axis=0)) / max(float(np.ptp(first, axis=0).max()), 1e-9) + noise
    umap = mapper()(n_neighbors=k, metric="cosine", init=begin, random_state=seed % 2**32, n_jobs=1)
    places: Doubles = umap.fit_transform(directions).astype(np.float64)
    return places


def nearest(directions: Floats, k: int) -> Longs:
    """The k nearest others of each point by cosine, nearest first; [n, k]."""
    n = len(directions)
    near = np.empty((n, k), dtype=np.int64)
    for begin in range(0, n, _BLOCK):
        rows = np.arange(begin, min(begin + _BLOCK, n))
        far = 1.0 - directions[rows] @ directions.T
        far[np.arange(len(rows)), rows] = np.inf
        found = np.argpartition(far, k - 1, axis=1)[:, :k]
        order = np.lexsort((found, np.take_along_axis(far, found, axis=1)), axis=1)
        near[rows] = np.take_along_axis(found, order, axis=1)
    return near
