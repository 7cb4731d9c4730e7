"""Axes of content: few directions in which the likeness of items is nearly what it is by everything known of them."""

from typing import TYPE_CHECKING, Final

import numpy as np

from regulars.core import Floats, Run, floats
from regulars.features import Encoded, Inputs

from .kinds.content_map import design
from .kinds.content_space import ContentSpace, weighed

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SAMPLE: Final = 20_000  # items that tell how much features say


def content_space(inputs: Inputs, rows: Encoded, width: int, run: Run) -> ContentSpace:
    """Coordinates whose products are those of all features, but for about width ** -0.5; exact for few features.

    They are one long for items on average, and longer where more or rarer things are known: at length one each, lists
    of H&M's rare items were a tenth worse, those of citeulike's new ones a twelfth. The axes are random (Johnson,
    Lindenstrauss 1984). The leading singular vectors would come closer on average and be of less use: they tell what
    whole departments share, not a thing from its variants.
    """
    random = run.random()
    told = np.flatnonzero(rows.told)
    some = np.sort(random.permutation(told)[:SAMPLE]).astype(np.int64)
    features = design(inputs, rows[some])
    weights = weighed(inputs, features)
    weights /= max(_length(features, weights), 1e-12)
    if len(weights) <= width:
        return ContentSpace(inputs, np.diag(weights))
    axes = random.standard_normal((len(weights), width), dtype=np.float32) / np.float32(max(1, width) ** 0.5)
    return ContentSpace(inputs, floats(weights[:, np.newaxis] * axes))


def _length(features: "csr_array", weights: Floats) -> float:
    """The mean length of weighed rows; 0 without any."""
    squares = features.multiply(features) @ weights.astype(np.float64) ** 2
    return float(np.sqrt(squares).mean()) if len(squares) else 0.0
