"""How good each list is for the one who got it: one figure per query, NaN when nothing was wanted.

Every metric looks at the whole catalog's ranking, cut at k; docs/explanation/metrics.md holds the formulas.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from regulars.core import Bools, Floats

from .judged import Judged

Metric = Callable[[Judged], Floats]


def recall(judged: Judged) -> Floats:
    """Share of the wanted items that the list holds: hits / wanted."""
    return _per(judged, judged.found, judged.wanted)


def recall_capped(judged: Judged) -> Floats:
    """Hits out of those that k places could hold: hits / min(k, wanted), so that a perfect list reaches 1."""
    return _per(judged, judged.found, np.minimum(judged.wanted, judged.k))


def precision(judged: Judged) -> Floats:
    """Share of the k places that hold a wanted item: hits / k, empty places included."""
    return _per(judged, judged.found, judged.k)


def hit_rate(judged: Judged) -> Floats:
    """1 when the list holds any wanted item, else 0."""
    return _per(judged, judged.found > 0, 1)


def mrr(judged: Judged) -> Floats:
    """1 / rank of the first hit, 0 without one (Voorhees, TREC-8, 1999)."""
    ranks = 1 + judged.hits.argmax(axis=1)
    return _per(judged, judged.found > 0, ranks)


def average_precision(judged: Judged) -> Floats:
    """Precision at the rank of each hit, summed, out of min(k, wanted): its mean over customers is MAP@k."""
    hits_until = np.cumsum(judged.hits, axis=1, dtype=np.float32)
    total = np.einsum("nk,nk,k->n", hits_until, judged.hits, 1 / _ranks(judged.k))
    return _per(judged, total, np.minimum(judged.wanted, judged.k))


def ndcg(judged: Judged) -> Floats:
    """Hits, each worth 1 / log2(rank + 1), out of those of a list with min(k, wanted) hits in front (Järvelin,
    Kekäläinen, ACM TOIS 2002, with the discount of Burges et al. 2005 that has become the custom).
    """
    discounts = 1 / np.log2(_ranks(judged.k) + 1)
    ideal = np.concatenate([[0.0], np.cumsum(discounts)])
    return _per(judged, judged.hits @ discounts, ideal[np.minimum(judged.wanted, judged.k)])


def _ranks(k: int) -> npt.NDArray[np.float64]:
    return np.arange(1, k + 1, dtype=np.float64)


def _per(judged: Judged, gained: npt.NDArray[np.generic], possible: npt.ArrayLike) -> Floats:
    figures = np.full(len(judged), np.nan, dtype=np.float32)
    asked: Bools = judged.wanted > 0
    np.divide(gained, possible, out=figures, where=asked, casting="unsafe")
    return figures


METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        "recall": recall,
        "recall_capped": recall_capped,
        "precision": precision,
        "ndcg": ndcg,
        "map": average_precision,
        "mrr": mrr,
        "hit_rate": hit_rate,
    }
)
