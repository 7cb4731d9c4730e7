"""Axes of content: the directions in which the items of a catalog differ most, by what is known of them."""

from typing import Final

import numpy as np

from regulars.core import Run, floats
from regulars.features import Encoded, Inputs

from .kinds.content_map import design
from .kinds.content_space import ContentSpace, weighed
from .spectrum import Graph, spectrum

SAMPLE: Final = 20_000  # items that tell the axes
PASSES: Final = 3


def content_space(inputs: Inputs, rows: Encoded, width: int, run: Run) -> ContentSpace:
    """Coordinates whose cosines come closest to those of all features; all features where they are no more."""
    told = np.flatnonzero(rows.told)
    some = np.sort(run.random().permutation(told)[:SAMPLE]).astype(np.int64)
    features = design(inputs, rows[some])
    weights = weighed(inputs, features)
    if not width or not len(some) or features.shape[1] <= width:
        return ContentSpace(inputs, np.diag(weights) if width else np.zeros((len(weights), 0), dtype=np.float32))
    features.data *= weights[features.indices]
    lengths = np.sqrt(np.asarray(features.multiply(features).sum(axis=1))).ravel()
    features.data /= np.repeat(np.maximum(lengths, 1e-12), np.diff(features.indptr)).astype(np.float32)
    axes = spectrum(Graph.of(features, run), width, "content_to_cf, likeness", passes=PASSES).vectors
    return ContentSpace(inputs, floats(axes * weights[:, np.newaxis]))
