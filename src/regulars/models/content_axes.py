"""Axes of content: few directions in which the likeness of items is nearly what it is by everything known of them."""

from typing import Final

import numpy as np

from regulars.core import Run, floats
from regulars.features import Encoded, Inputs

from .kinds.content_map import design
from .kinds.content_space import ContentSpace, weighed

SAMPLE: Final = 20_000  # items that tell how much features say


def content_space(inputs: Inputs, rows: Encoded, width: int, run: Run) -> ContentSpace:
    """Coordinates whose cosines are those of all features, but for about width ** -0.5; exact for few features.

    The axes are random (Johnson, Lindenstrauss 1984). The leading singular vectors would come closer on average and be
    of less use: they tell what whole departments share, not a thing from its variants.
    """
    random = run.random()
    told = np.flatnonzero(rows.told)
    some = np.sort(random.permutation(told)[:SAMPLE]).astype(np.int64)
    weights = weighed(inputs, design(inputs, rows[some]))
    if len(weights) <= width:
        return ContentSpace(inputs, np.diag(weights))
    axes = random.standard_normal((len(weights), width), dtype=np.float32) / np.float32(max(1, width) ** 0.5)
    return ContentSpace(inputs, floats(weights[:, np.newaxis] * axes))
