"""Gate: how much of an item's vector is its own, by how often it was met, and what decided that."""

from dataclasses import dataclass
from typing import final

import numpy as np

from regulars.core import Floats, Ints, Longs, floats

UNKNOWN = float("nan")


@final
@dataclass(frozen=True)
class Decision:
    """How own vectors and those by content share an item, and the later or withheld events that decided it.

    An item that n customers met is g own + scale (1 - yields g) content, with g = n / (n + half), 0 for
    one that has no vector of its own. Items that `popular` customers met are their own alone. In content, what is
    behind `factors` tastes, but for the last, is likeness, and counts `alike` times. To the last, what an item is worth
    to anybody, comes `pace` times how fresh it is: the log of a rate, 0 for an item just listed.
    asked: events that decided; before, after: their mean NDCG@10 in lists of the plain model and of this, and that of
    those whose answer is popular; cold: events of items that nobody had met, or as if, with their NDCG@10 in the same
    lists, where the plain model has 0; rehearsed: whether all these came later than what a first fit knew.
    """

    scale: float = 1.0
    half: float = 0.0
    yields: float = 1.0
    popular: float = np.inf
    alike: float = 1.0
    factors: int = 0
    pace: float = 0.0
    asked: int = 0
    before: float = UNKNOWN
    after: float = UNKNOWN
    popular_before: float = UNKNOWN
    popular_after: float = UNKNOWN
    cold: int = 0
    cold_after: float = UNKNOWN
    rehearsed: bool = False

    def shares(self, counts: Ints | Longs) -> tuple[Floats, Floats]:
        """What own vectors and those by content are multiplied by; float32 [n] each."""
        own = counts / np.maximum(counts + self.half, 1e-9)
        content = self.scale * (1 - self.yields * own)
        popular = counts >= self.popular
        return floats(np.where(popular, 1, own)), floats(np.where(popular, 0, content))

    def vectors(self, own: Floats, content: Floats, counts: Ints | Longs, rates: Floats) -> Floats:
        """The vectors of items; float32 [n, d]. NaN rows of one leave the other: whole, if it is the own one.

        rates: float32 [n], logs of how fresh items are.
        """
        by_own, by_content = self.shares(counts)
        new, unknown = np.isnan(own[:, 0]), np.isnan(content[:, 0])
        by_own[unknown], by_content[new] = 1, self.scale
        made = np.where(new, 0, by_own)[:, np.newaxis] * np.nan_to_num(own)
        told = np.nan_to_num(content)
        if content.shape[1] > self.factors:
            told[:, self.factors : -1] *= np.float32(self.alike)
        made += np.where(unknown, 0, by_content)[:, np.newaxis] * told
        if self.pace:
            made[:, -1] += np.float32(self.pace) * rates
        made[new & unknown] = np.nan
        return floats(made)

    @property
    def words(self) -> str:
        """What was decided, in two sentences."""
        if not self.half and self.yields == 1:
            changed = "Items that nobody met are placed by content, all others stay where behavior has them"
        elif np.isinf(self.popular):
            changed = f"Content speaks for every item, as much as behavior at {self.half:g} customers"
        else:
            changed = (
                f"Content speaks for items that fewer than {self.popular:g} customers met, as much as behavior at "
                f"{self.half:g}; the others stay where behavior has them"
            )
        if self.pace:
            changed += f"; how fresh items are counts {self.pace:g}"
        kind = "rehearsed" if self.rehearsed else "withheld"
        told = [f"{self.asked:,} {kind} events {self.before:.4f} before, {self.after:.4f} after"]
        if not np.isnan(self.popular_before):
            told.append(f"those of popular items {self.popular_before:.4f} and {self.popular_after:.4f}")
        if self.cold:
            told.append(f"{self.cold:,} events of new items 0 and {self.cold_after:.4f}")
        return f"{changed}. NDCG@10 of {'; of '.join(told)}"
