"""Gate: how much of an item's vector is its own, by how often it was met, and what was decided about it."""

from dataclasses import dataclass
from typing import final

import numpy as np

from regulars.core import Floats, Ints, Longs, floats


@final
@dataclass(frozen=True)
class Decision:
    """What the withheld events said of a mapping, and what follows.

    scale, bias: of vectors by content, so that cold items score what warm ones of the same appeal do. half: customers
    at which an item's own vector and that by its content count the same; 0: its own alone, once it has one. popular:
    items met so often keep their own.
    asked: the withheld events that decided; before, after: their NDCG with the plain model and with this one.
    """

    scale: float = 1.0
    bias: float = 0.0
    half: float = 0.0
    popular: float = 100.0
    asked: int = 0
    before: float = float("nan")
    after: float = float("nan")
    popular_before: float = float("nan")
    popular_after: float = float("nan")

    def share(self, counts: Ints | Longs) -> Floats:
        """How much of the vector of an item that so many customers met is its own; float32 in [0, 1]."""
        own = counts / np.maximum(counts + self.half, 1e-9)
        return floats(np.where(counts >= self.popular, 1.0, own))

    def vectors(self, own: Floats, content: Floats, counts: Ints | Longs) -> Floats:
        """The vectors of items, and their biases; float32 [n, d + 1]. A NaN row of one leaves the other alone."""
        share = self.share(counts)
        share[np.isnan(content[:, 0])] = 1
        share[np.isnan(own[:, 0])] = 0
        share = share[:, np.newaxis]
        made = np.empty((len(own), own.shape[1] + 1), dtype=np.float32)
        known = np.where(share > 0, own, 0)
        mapped = np.where(share < 1, np.float32(self.scale) * content, 0)
        made[:, :-1] = share * known + (1 - share) * mapped
        made[:, -1:] = np.float32(self.bias) * (1 - share)
        made[np.isnan(made[:, 0])] = np.nan
        return made

    @property
    def words(self) -> str:
        """The decision in a sentence."""
        where = "every item" if np.isinf(self.popular) else f"items that fewer than {self.popular:g} customers met"
        if self.half == 0:
            changed = "Only items that nobody met are placed by their content"
        else:
            changed = f"Content moves {where}; at {self.half:g} customers it counts as much as behavior"
        figures = f"NDCG@10 {self.before:.4f} before, {self.after:.4f} after"
        return f"{changed}. {self.asked:,} withheld events decided: {figures}"
