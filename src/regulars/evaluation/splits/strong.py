"""Strong generalization: customers whom training never met, folded in from the first part of their history."""

from dataclasses import dataclass

import numpy as np

from regulars.core import Bools, Dataset, Settings, setting

from ..split import Split, asking, need_times, targets, wanted_by
from .last import cut_tails
from .ratio import mixing, random_share


@dataclass(frozen=True)
class StrongGeneralization(Settings):
    """Holds a share of the customers out of training entirely; asks them with the first `fold_in` of their history
    about the rest (Liang et al., Variational Autoencoders for Collaborative Filtering, WWW 2018, section 4.3).

    random: folds in a random part of each customer's items, as the paper does; needed where a log has no times.
    """

    customers: float = setting(0.1, low=0.001, high=0.9)
    fold_in: float = setting(0.8, low=0.01, high=0.99)
    kinds: tuple[str, ...] = ()
    random: bool = setting(False)
    seed: int = setting(0, low=0)

    def cut(self, data: Dataset) -> Split:
        """Raises BadTable when the events have no times and `random` is not chosen."""
        rng = np.random.default_rng(self.seed)
        active = np.flatnonzero(np.diff(data.starts))
        held = np.zeros(data.n_users, dtype=np.bool_)
        held[rng.choice(active, max(1, round(self.customers * len(active))), replace=False)] = True
        outside = data.where(held[data.user])
        part = self._random_part(outside, rng) if self.random else self._newest_part(outside)
        train = data.where(~held[data.user])
        name = f"{self.customers:.0%} of the customers unknown to training, {self.fold_in:.0%} of their history given"
        return Split(name, train, part.queries, part.wanted, leaks=part.leaks)

    def _newest_part(self, outside: Dataset) -> Split:
        need_times(outside, "StrongGeneralization")
        target = targets(outside, self.kinds)
        counts = np.bincount(outside.user[target], minlength=outside.n_users)
        withhold = np.where(counts > 0, np.maximum(1, np.rint(counts * (1 - self.fold_in))), 0).astype(np.int64)
        return cut_tails(outside, target, withhold, "StrongGeneralization")

    def _random_part(self, outside: Dataset, rng: np.random.Generator) -> Split:
        target = targets(outside, self.kinds)
        withheld: Bools = random_share(outside, target, 1 - self.fold_in, rng)
        known = outside.where(~withheld)
        users = np.unique(outside.user[withheld])
        queries = known.queries(users, int(outside.time.max()) + 1)
        wanted = wanted_by(outside, users, withheld, target)
        return asking(Split("StrongGeneralization", known, queries, wanted, leaks=mixing(outside)), strangers=False)
