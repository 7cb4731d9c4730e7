"""Association rules: what is bought together in one basket."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from regulars.core import QUIET, Dataset, Frame, Ints, Longs, Progress, Run, Settings, floats, ints, setting
from regulars.kernels.cooccurrence import nearest

from .baskets import baskets
from .kinds.item_item import SparseItemItem
from .kinds.profile import Profile
from .votes import both_ways

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MEASURES = ("support", "confidence", "lift", "conviction")
Doubles = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class AssociationRules(Settings):
    """Rules "who has j in the basket also takes i" (Agrawal, Imielinski, Swami, SIGMOD 1993), ranked by one measure.

    With c(j), c(i), c(j, i) of n baskets: support = c(j, i) / n, how often the rule is seen; confidence =
    c(j, i) / c(j), how often it holds; lift = confidence / (c(i) / n), how much more often than by chance; conviction =
    (1 - c(i) / n) / (1 - confidence), the exceptions expected by chance for each that there is (Brin and others, SIGMOD
    1997), where a rule without an exception counts half of one.
    measure: which of them ranks; support and confidence prefer what everybody buys, and complete baskets best; lift and
    conviction what belongs together. min_baskets, min_support, min_confidence: what a rule needs. neighbors: items met
    most with each item that are looked at. within: "basket", see `baskets`; "customer" takes all that a customer ever
    bought for one basket.
    Similar items are those that are bought together. A question with a basket is answered by the basket, another one
    by the history: the sum of the measures of the rules that fire; items that no rule leads to score NaN.
    """

    measure: str = setting("confidence", choices=MEASURES)
    min_baskets: int = setting(5, low=1, high=1_000, log=True)
    min_support: float = setting(0.0, low=0.0, high=1.0)
    min_confidence: float = setting(0.0, low=0.0, high=1.0)
    within: str = setting("basket", choices=("basket", "customer"))
    neighbors: int = setting(1_000, low=1, high=20_000, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> SparseItemItem:
        found = self._found(data, run)
        starts = np.searchsorted(found.left, np.arange(data.n_items + 1)).astype(np.int64)
        weights = floats(found.measures()[self.measure])
        return SparseItemItem(
            "association_rules", data.n_items, starts, found.right, weights, Profile("binary", basket=True)
        )

    def rules(self, data: Dataset, run: Run = QUIET) -> Frame:
        """A table of all rules, best first: antecedent, consequent (ids), the four measures, and count of baskets."""
        found = self._found(data, run)
        ids = {"antecedent": data.items.names(found.left), "consequent": data.items.names(found.right)}
        table = pl.DataFrame({**ids, **found.measures(), "count": found.both.astype(np.int64)})
        return table.sort([self.measure, "count"], descending=True, maintain_order=True)

    def _found(self, data: Dataset, run: Run) -> "_Rules":
        """The rules that reach what is asked of them, by antecedent."""
        held = _held(data, data.user if self.within == "customer" else baskets(data))
        sizes = np.bincount(held.indices, minlength=data.n_items).astype(np.float64)
        ones = np.ones(data.n_items, dtype=np.float32)
        starts, right, both = nearest(
            *both_ways(held),
            (ones, ones),
            self.neighbors,
            threads=run.threads or None,
            on_rows=lambda done: run.on_epoch(Progress("association rules", done, data.n_items)),
        )
        left = np.repeat(np.arange(data.n_items, dtype=np.int32), np.diff(starts))
        enough = np.flatnonzero(both >= self.min_baskets)
        enough = enough[np.lexsort((right[enough], left[enough]))]
        found = _Rules(left[enough], right[enough], both[enough].astype(np.float64), sizes, held.shape[0])
        measures = found.measures()
        kept = (measures["support"] >= self.min_support) & (measures["confidence"] >= self.min_confidence)
        return found._replace(left=found.left[kept], right=found.right[kept], both=found.both[kept])


class _Rules(NamedTuple):
    """Pairs of items, how many baskets hold both, and how many hold each item of the catalog, of n."""

    left: Ints
    right: Ints
    both: Doubles
    sizes: Doubles
    n: int

    def measures(self) -> dict[str, Doubles]:
        confidence, chance = self.both / self.sizes[self.left], self.sizes[self.right] / self.n
        exceptions = np.maximum(1 - confidence, 0.5 / self.sizes[self.left])
        return {
            "support": self.both / self.n,
            "confidence": confidence,
            "lift": confidence / chance,
            "conviction": (1 - chance) / exceptions,
        }


def _held(data: Dataset, basket: Ints | Longs) -> "csr_array":
    """Which basket holds which item; ones [n_baskets, n_items]. What was returned is no purchase."""
    from scipy.sparse import coo_array, csr_array

    bought = data.weight > 0
    _, rows = np.unique(basket[bought], return_inverse=True)
    pairs = np.unique(rows.reshape(-1) * np.int64(data.n_items) + data.item[bought])
    ones = np.ones(len(pairs), dtype=np.float32)
    at = (ints(pairs // data.n_items), ints(pairs % data.n_items))
    held = csr_array(coo_array((ones, at), shape=(int(rows.max(initial=-1)) + 1, data.n_items)))
    held.sort_indices()
    return held
