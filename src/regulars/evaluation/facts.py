"""What training knew about each item: how often it was met, by whom, and of which category it is."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from regulars.core import Dataset, Floats, Ints, Longs, ints, spans, starts_of

from .split import keys

WIDTH = 1024  # of a sketch: a cosine is off by about 1 / sqrt(1024), at random and alike for every recommender


@dataclass(frozen=True)
class ItemFacts:
    """events: int64 [n_items], training events of each item; n_users: customers with any event;
    starts: int64 [n_items + 1] and owners: the different customers of each item, one item after another;
    category: int32 [n_items], a code, -1 where unknown; of length 0 when items have no categories.
    """

    events: Longs
    n_users: int
    starts: Longs
    owners: Ints
    category: Ints

    @classmethod
    def of(cls, train: Dataset) -> "ItemFacts":
        """The facts of the training events; the category is the column of that name among the items' features."""
        width = max(1, train.n_users)
        pairs = np.sort(keys(train.item, train.user, width))
        pairs = pairs[np.diff(pairs, prepend=-1) > 0]  # np.unique hashes, which takes ten times as long
        category = ints([])
        if "category" in train.item_features.columns:
            ranks = train.item_features["category"].rank("dense").fill_null(0)
            category = ranks.to_numpy().astype(np.int32) - 1
        return cls(
            np.bincount(train.item, minlength=train.n_items),
            int((np.diff(train.starts) > 0).sum()),
            starts_of(np.bincount(pairs // width, minlength=train.n_items)),
            ints(pairs % width),
            category,
        )

    @property
    def n_items(self) -> int:
        return len(self.events)

    @cached_property
    def customers(self) -> Longs:
        """How many different customers had each item; int64 [n_items]."""
        return np.diff(self.starts)

    @cached_property
    def self_information(self) -> npt.NDArray[np.float64]:
        """Bits of surprise: -log2 of the share of customers who have the item, an item of nobody counted as of one."""
        bits: npt.NDArray[np.float64] = np.log2(max(1, self.n_users) / np.maximum(self.customers, 1))
        return bits

    @cached_property
    def percentile(self) -> npt.NDArray[np.float64]:
        """Share of the catalog with fewer customers, equals counted half; the mean over the catalog is 0.5."""
        ranks = np.sort(self.customers)
        below = np.searchsorted(ranks, self.customers, side="left")
        until = np.searchsorted(ranks, self.customers, side="right")
        shares: npt.NDArray[np.float64] = (below + until) / (2 * max(1, self.n_items))
        return shares

    def vectors(self, items: Ints) -> Floats:
        """Who has each of `items`, sketched; float32 [len(items), WIDTH], of length about 1; an item of nobody is 0.

        The inner product of two rows estimates the cosine of the two items' sets of customers without bias
        (feature hashing with signs, Weinberger et al., ICML 2009, lemma 2).
        """
        lengths = self.customers[items]
        owners = self.owners[spans(self.starts[:-1][items], lengths)]
        hashed = _scattered(owners)
        bucket = ((hashed >> np.uint64(32)) % np.uint64(WIDTH)).astype(np.int64)
        sign = 1.0 - 2.0 * (hashed & np.uint64(1)).astype(np.float64)
        rows = np.repeat(np.arange(len(items)), lengths)
        sketch = np.bincount(rows * WIDTH + bucket, sign, len(items) * WIDTH).reshape(-1, WIDTH)
        return (sketch / np.sqrt(np.maximum(lengths, 1))[:, None]).astype(np.float32)


def _scattered(numbers: Ints) -> npt.NDArray[np.uint64]:
    """64 bits that look random for each number: the output of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    x = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
