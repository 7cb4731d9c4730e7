"""UP-CF: what you bought in most of your latest baskets, and what those with your items did."""

from dataclasses import dataclass

from regulars.core import QUIET, Dataset, Progress, Run, Settings, setting

from .kinds.basket_neighbors import BasketNeighbors, stored
from .kinds.basket_profile import BasketProfile


@dataclass(frozen=True)
class UPCF(Settings):
    """Collaborative filtering of habits for the next basket: UP-CF@r (Faggioli, Polato, Aiolli, UMAP 2020).

    A customer's popularity of an item: the share of their `recency` latest baskets that held it. An item scores that,
    plus the same of the `neighbors` nearest others, each to the weight similarity ** locality. Similarity: asymmetric
    cosine of how many baskets held each item, |q| to the power of 2 * asymmetry and |v| to that of 2 * (1 - asymmetry),
    with `shrinkage` added to the divisor. A basket is what was bought at one moment. Answers strangers from their
    history. Holds histories of customers, without ids. Memory: 20 bytes for each pair of a customer and an item. The
    defaults are those published for the grocer Ta-Feng.
    """

    recency: int = setting(10, low=1, high=100, log=True)
    asymmetry: float = setting(0.75, low=0.0, high=1.0)
    locality: float = setting(10.0, low=0.1, high=100.0, log=True)
    neighbors: int = setting(100, low=1, high=5_000, log=True)
    shrinkage: float = setting(0.0, low=0.0, high=1_000.0)

    def fit(self, data: Dataset, run: Run = QUIET) -> BasketNeighbors:
        habit, counts = BasketProfile(newest=self.recency, mean=True), BasketProfile()
        history = data.histories()
        starts, items, votes, likeness = stored(counts.of(history, data.n_items), habit.of(history, data.n_items))
        run.on_epoch(Progress("UP-CF", 1, 1))
        return BasketNeighbors(
            "up_cf",
            data.n_items,
            self.neighbors,
            own=1.0,
            others=1.0,
            power=self.locality,
            tilt=self.asymmetry,
            shrinkage=self.shrinkage,
            starts=starts,
            items=items,
            votes=votes,
            likeness=likeness,
            habit=habit,
            compared=counts,
        )
