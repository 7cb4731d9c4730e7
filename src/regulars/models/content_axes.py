"""Axes of content: few directions in which the likeness of items is nearly what it is by everything known of them."""

from typing import TYPE_CHECKING, Final

import numpy as np

from regulars.core import Floats, Run, floats
from regulars.features import Encoded, Inputs

from .kinds.content_map import design
from .kinds.content_space import ContentSpace, weighed
from .spectrum import Graph, spectrum

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SAMPLE: Final = 20_000  # items that tell how much features say
LEADING: Final = 0.25  # part of the axes, at most, that are no random ones
SEEN: Final = 5_000  # items that tell which these are
PASSES: Final = 2  # until these are near enough: what they miss, the random ones tell


def content_space(inputs: Inputs, rows: Encoded, width: int, run: Run) -> ContentSpace:
    """Coordinates whose products are those of all features, but for about width ** -0.5; exact for few features.

    They are one long for items on average, and longer where more or rarer things are known: at length one each, lists
    of H&M's rare items were a tenth worse, those of citeulike's new ones a twelfth. Some axes are the leading singular
    vectors, which tell what whole departments share; the others are random in all that these leave (Johnson,
    Lindenstrauss 1984), and tell a thing from its variants.
    """
    random = run.random()
    told = np.flatnonzero(rows.told)
    some = np.sort(random.permutation(told)[:SAMPLE]).astype(np.int64)
    features = design(inputs, rows[some])
    weights = weighed(inputs, features)
    weights /= max(_length(features, weights), 1e-12)
    if len(weights) <= width:
        return ContentSpace(inputs, np.diag(weights))
    leading = _leading(features[:: max(1, len(some) // SEEN)], weights, width, run)
    n = width - leading.shape[1]
    others = random.standard_normal((len(weights), n), dtype=np.float32) / np.float32(max(1, n) ** 0.5)
    others -= leading @ (leading.T @ others)
    return ContentSpace(inputs, floats(weights[:, np.newaxis] * np.concatenate([leading, others], axis=1)))


def _leading(features: "csr_array", weights: Floats, width: int, run: Run) -> Floats:
    """As many leading singular vectors of weighed rows as leave products least noise; float32 [n_features, k].

    The noise of n random axes is, squared, the square of what is left for them over n.
    """
    most = int(LEADING * width)
    weighted = features.multiply(weights[np.newaxis]).tocsr().astype(np.float32)
    whole = float((weighted.data.astype(np.float64) ** 2).sum())
    if not most or not whole:
        return np.empty((len(weights), 0), dtype=np.float32)
    found = spectrum(Graph.of(weighted, run.member(1)), most, "content_to_cf, axes", passes=PASSES)
    left = 1 - np.append(0, np.cumsum(found.values.astype(np.float64) ** 2)) / whole
    noise = left**2 / (width - np.arange(len(left)))
    return floats(found.vectors[:, : int(noise.argmin())])


def _length(features: "csr_array", weights: Floats) -> float:
    """The mean length of weighed rows; 0 without any."""
    squares = features.multiply(features) @ weights.astype(np.float64) ** 2
    return float(np.sqrt(squares).mean()) if len(squares) else 0.0
