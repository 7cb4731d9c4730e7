"""TIFU-kNN: how often, how lately and in which phase of their life as a customer you and those like you bought it."""

from dataclasses import dataclass

from regulars.core import QUIET, Dataset, Progress, Run, Settings, setting

from .kinds.basket_neighbors import BasketNeighbors, stored
from .kinds.basket_profile import BasketProfile


@dataclass(frozen=True)
class TIFUKNN(Settings):
    """Temporal-item-frequency-based user-kNN (Hu, He, Gao, Zhang, SIGIR 2020, section 3), for the next basket.

    A customer's vector: their baskets are cut into `groups` of equal size; a basket weighs `within` to the power of how
    many newer ones there are, and its group `between` to the power of how many newer groups; averaged in each group,
    then over the groups. (In the paper `within` starts anew in each group; the code of its authors, and that behind the
    published figures, does it so.) An item scores own * its weight in the customer's vector + (1 - own) * its mean
    weight in the `neighbors` vectors at the smallest Euclidean distance. A basket is what was bought at one moment.
    Answers strangers from their history. Holds the vectors of customers, without ids. Memory: 20 bytes for each pair of
    a customer and an item. The defaults are those published for the grocer Ta-Feng.
    """

    neighbors: int = setting(300, low=1, high=2_000, log=True)
    within: float = setting(0.9, low=0.1, high=1.0)
    between: float = setting(0.7, low=0.1, high=1.0)
    own: float = setting(0.7, low=0.0, high=1.0)
    groups: int = setting(7, low=1, high=50, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> BasketNeighbors:
        profile = BasketProfile(self.within, self.groups, self.between, mean=True)
        vectors = profile.of(data.histories(), data.n_items)
        starts, items, votes, likeness = stored(vectors, vectors)
        run.on_epoch(Progress("TIFU-kNN", 1, 1))
        return BasketNeighbors(
            "tifu_knn",
            data.n_items,
            self.neighbors,
            own=self.own,
            others=1 - self.own,
            power=0.0,
            tilt=0.0,
            shrinkage=0.0,
            starts=starts,
            items=items,
            votes=votes,
            likeness=likeness,
            habit=profile,
            compared=profile,
        )
