"""NCF: a network that judges pairs of customer and item, by a product and by layers."""

import math
from dataclasses import dataclass

from regulars.core import QUIET, Dataset, Run, setting

from .kinds.pairs import Pairs
from .kinds.profile import RULES
from .trained import Trained


@dataclass(frozen=True)
class NCF(Trained):
    """Neural collaborative filtering, NeuMF (He, Liao, Zhang, Nie, Hu, Chua, WWW 2017, eq. 12), for strangers, too.

    The score of a pair is a weighted sum of the products of two vectors entry by entry (GMF, `factors` wide) and of
    the last of `layers` layers over two other vectors (MLP, `hidden` wide, each layer half as wide as that before it).
    Learned by binary cross-entropy: each item met, by its weight, beside `negatives` drawn evenly from those not met.

    It differs from the paper in this: a customer has no row of their own. Their vectors are the sums of those that the
    items of the history have for it, by weight, over the total weight to the power `power`; without the item itself
    when that is what is learned. GMF and MLP are learned together from the start, by AdamW. A history is what its
    events weigh by `rule`, halved for every `half_life_days`.
    batch: items met that a step learns from, of whole customers.

    Memory of a fit: about 40 bytes * items met * (factors + hidden), and some megabytes for each 1,000 of a batch.
    """

    batch: int = setting(4096, low=8, high=65536, log=True)
    factors: int = setting(64, low=4, high=1024, log=True)
    hidden: int = setting(64, low=8, high=1024, log=True)
    layers: int = setting(3, low=1, high=5)
    negatives: int = setting(4, low=1, high=64, log=True)
    power: float = setting(0.5, low=0.0, high=1.0)
    rule: str = setting("binary", choices=RULES)
    half_life_days: float = setting(math.inf, low=1.0, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> Pairs:
        from .networks.ncf import learned

        return learned(self, data, run)
