"""What all lists together do to the catalog: one figure per recommender, without asking what was wanted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from regulars.core import MISSING, Ints, Longs

from .facts import ItemFacts

SAMPLE = 500  # lists that are compared pair by pair: 124,750 pairs


@dataclass(frozen=True)
class Shown:
    """The lists of all queries, cut at k, in figures.

    counts: int64 [n_items], lists that show each item; n: lists; sample: int32 [s, k], up to SAMPLE of the lists.
    """

    counts: Longs
    n: int
    k: int
    sample: Ints
    facts: ItemFacts


CatalogMetric = Callable[[Shown], float]


def coverage(shown: Shown) -> float:
    """Share of the catalog that is on at least one list."""
    return _share(int(np.count_nonzero(shown.counts)), len(shown.counts))


def filled(shown: Shown) -> float:
    """Share of the n * k places that hold an item."""
    return _share(int(shown.counts.sum()), shown.n * shown.k)


def gini(shown: Shown) -> float:
    """How unevenly the places go to the items of the catalog: 0 all alike, near 1 all to one."""
    counts = np.sort(shown.counts)
    ranks = np.arange(1, len(counts) + 1)
    return _share(float(((2 * ranks - len(counts) - 1) * counts).sum()), len(counts) * int(counts.sum()))


def novelty(shown: Shown) -> float:
    """Mean self-information of the shown items in bits (Zhou et al., PNAS 2010): high where few customers have them."""
    return _share(float(shown.counts @ shown.facts.self_information), int(shown.counts.sum()))


def popularity(shown: Shown) -> float:
    """Mean popularity percentile of the shown items: 0.5 like a random draw, near 1 only best sellers."""
    return _share(float(shown.counts @ shown.facts.percentile), int(shown.counts.sum()))


def overlap(shown: Shown) -> float:
    """Mean Jaccard similarity of the lists of two customers: 1 when everybody gets the same."""
    from scipy.sparse import csr_array

    lists = shown.sample
    present = lists != MISSING
    starts = np.concatenate([[0], np.cumsum(present.sum(axis=1))])
    items = lists[present]
    marks = csr_array((np.ones(len(items), dtype=np.float32), items, starts), shape=(len(lists), len(shown.counts)))
    both = (marks @ marks.T).toarray()
    sizes = np.diff(starts)
    either = sizes[:, None] + sizes[None, :] - both
    pairs = np.triu(either > 0, 1)
    return _share(float((both[pairs] / either[pairs]).sum()), int(pairs.sum()))


def diversity(shown: Shown) -> float:
    """Mean of 1 - cosine between two items of a list, an item seen as the set of customers who have it (Ziegler et al.,
    WWW 2005, with that similarity); estimated from sketches on the sample of lists.
    """
    known, where = np.unique(shown.sample, return_inverse=True)
    vectors = shown.facts.vectors(np.maximum(known, 0)) * (known != MISSING)[:, None].astype(np.float32)
    where = where.reshape(shown.sample.shape)
    alike = np.array([_pair_sum(vectors[row]) for row in where])
    return 1.0 - _share(float(alike.sum()), _pairs(shown.sample))


def category_diversity(shown: Shown) -> float:
    """Share of the pairs of items on a list that are of different categories; NaN where items have none."""
    if not len(shown.facts.category):
        return float("nan")
    codes = np.sort(np.where(shown.sample == MISSING, -2, shown.facts.category[shown.sample]), axis=1)
    same = sum(
        int(((codes[:, gap:] == codes[:, :-gap]) & (codes[:, gap:] >= 0)).sum()) for gap in range(1, codes.shape[1])
    )
    return 1.0 - _share(same, _pairs(shown.sample))


def _pair_sum(vectors: np.ndarray) -> float:
    """The inner products of all pairs of rows, summed."""
    return float((np.square(vectors.sum(axis=0)).sum() - np.square(vectors).sum()) / 2)


def _pairs(lists: Ints) -> int:
    lengths = (lists != MISSING).sum(axis=1)
    return int((lengths * (lengths - 1) // 2).sum())


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


CATALOG_METRICS: Final[Mapping[str, CatalogMetric]] = MappingProxyType(
    {
        "coverage": coverage,
        "filled": filled,
        "gini": gini,
        "novelty": novelty,
        "popularity": popularity,
        "diversity": diversity,
        "category_diversity": category_diversity,
        "overlap": overlap,
    }
)
