"""Cold items: how well are products recommended that nobody has met yet?"""

from dataclasses import dataclass

import numpy as np

from regulars.core import Allowed, Dataset, Settings, setting

from ..split import Split, asking, targets, wanted_by
from .ratio import mixing


@dataclass(frozen=True)
class ColdItems(Settings):
    """Withholds a random share of the items from training with all of their events; asks who wanted them.

    only_cold: the answers come from the cold items alone; otherwise they compete with the whole catalog. To see the
    items that really were new, cut in time and read the slice "new items".
    """

    share: float = setting(0.1, low=0.001, high=0.9)
    kinds: tuple[str, ...] = ()
    only_cold: bool = setting(True)
    seed: int = setting(0, low=0)

    def cut(self, data: Dataset) -> Split:
        """Raises EmptyData when nobody with a history wanted a cold item."""
        met = np.unique(data.item)
        cold = np.zeros(data.n_items, dtype=np.bool_)
        n = max(1, round(self.share * len(met)))
        cold[np.random.default_rng(self.seed).choice(met, n, replace=False)] = True
        withheld = cold[data.item]
        target = targets(data, self.kinds)
        users = np.unique(data.user[withheld & target])
        train = data.where(~withheld)
        queries = train.queries(users, int(data.time.max()) + 1)
        candidates = Allowed(cold[None, :]) if self.only_cold else Allowed()
        wanted = wanted_by(data, users, withheld, target)
        name = f"{n:,} cold items" + (" among themselves" if self.only_cold else " among all")
        return asking(Split(name, train, queries, wanted, candidates, mixing(data)), strangers=False)
